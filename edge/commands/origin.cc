// `brink origin`: the demo origin on its own, to try Brink with and to test it against.

#include "edge/commands/commands.h"
#include "edge/commands/process.h"
#include "edge/commands/terminal.h"
#include "origin/demo_origin.h"

namespace brink::edge {

int run_origin(const OriginArguments& arguments) {
  Signals signals;
  raise_descriptor_limit();
  const auto origin =
      origin::DemoOrigin::create({.address = arguments.listen, .root = arguments.root});
  if (!origin) {
    announce("origin on " + arguments.listen + ": " + std::string(origin.error().what));
    return kFailed;
  }
  const std::string host = arguments.listen.substr(0, arguments.listen.rfind(':'));
  announce("origin on " + host + ":" + std::to_string((*origin)->port()));
  while (signals.wait() == Wanted::Reload) {
  }
  signals.exit_on_next();
  return kDone;
}

}  // namespace brink::edge
