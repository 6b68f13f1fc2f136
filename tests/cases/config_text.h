#pragma once
// The configuration of the nodes of a case: the least that serves, with the case's own pieces in
// their places.

#include <string>
#include <vector>

#include "tests/cases/case_model.h"

namespace brink::tests::cases {

struct ConfigInput {
  std::string role;                    // "edge" | "regional"
  std::vector<std::string> upstreams;  // http://127.0.0.1:port, in the order of the case
  std::string certificate;             // PEM files of a second listener, with TLS; empty = none
  std::string key;
  std::string regional;                // http://127.0.0.1:port of the regional node; empty = none
};

// `parts` of one section replace nothing: they are added, except "sites", which stands for the
// whole list.
// ${…} in them is left for Stage::expand().
std::string compose_config(const ConfigInput& input, const std::vector<ConfigPart>& parts);

}  // namespace brink::tests::cases
