// `brink demo`: starts the story, tells it, waits.

#include "edge/demo.h"

#include "config/runtime/clock.h"
#include "edge/commands/commands.h"
#include "edge/commands/process.h"
#include "edge/commands/terminal.h"

namespace brink::edge {

int run_demo(const DemoArguments& arguments) {
  Signals signals;
  raise_descriptor_limit();
  const SystemClock clock;
  std::string message;
  const std::unique_ptr<Demo> demo = Demo::start(arguments.port_base, clock, message);
  if (demo == nullptr) {
    announce(message);
    return kFailed;
  }
  print(demo->story());
  announce("ready");
  while (signals.wait(arguments.exit_after_s) == Wanted::Reload) {
  }
  signals.exit_on_next();
  demo->stop();
  return kDone;
}

}  // namespace brink::edge
