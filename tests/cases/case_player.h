#pragma once
// Plays one case from its first line to its last, on nodes of its own.

#include <memory>
#include <string>
#include <vector>

#include "tests/cases/case_model.h"
#include "tests/cases/protocol.h"
#include "tests/cases/stage.h"
#include "tests/cases/testbed.h"
#include "tests/cases/upstream_server.h"
#include "tests/support/test_certificate.h"

namespace brink::tests::cases {

// Where cases are played: the words of `only:` and `when` that are true there.
struct Setting {
  bool tier = false;    // an edge in front of a regional node
  bool binary = false;  // separate processes
  Protocol protocol = Protocol::Http1;
  const TestCertificate* certificate = nullptr;  // outlives the cases; with TLS only
  bool is(const std::string& word) const;
};

// Should it be played there?
bool belongs(const CaseFile& file, const Setting& setting);

class CasePlayer {
 public:
  CasePlayer(const CaseFile& file, Testbed& testbed, const Setting& setting);
  // True when every expectation held.
  bool play();
  // After a failure: the first one, then who said what.
  std::string report() const;

 private:
  bool start_nodes();
  std::unique_ptr<RunningNode> start_node(const std::string& role);
  std::string config_of(const std::string& role, const std::vector<ConfigPart>& parts);
  void carry_out(const Action& action);
  void run_clients(const Action& action);
  void reload(const Action& action);
  void call(const Action& action);
  void check(const Check& check, bool patiently);
  std::string look(const Check& check);
  std::string look_at_metric(const Check& check);
  UpstreamServer* upstream(const std::string& name, int line);
  void stop_nodes();

  const CaseFile& file_;
  Testbed& testbed_;
  const Setting setting_;
  Stage stage_;
  std::vector<std::unique_ptr<UpstreamServer>> upstreams_;
  std::unique_ptr<RunningNode> regional_;
  std::unique_ptr<RunningNode> edge_;
  std::string logs_;
};

}  // namespace brink::tests::cases
