// differential FIRST_SEED COUNT [--verbose]: plays sequences of requests and origin answers on a
// node's real request flow and on the model of RFC 9111 beside it, and prints the first that they
// see differently, made as small as it gets. Exit status 0 = none.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/sim/one_client_node.h"
#include "tests/sim/rfc9111_model.h"
#include "tests/sim/sequence.h"

namespace brink::sim {
namespace {

using rfc9111::Asked;
using rfc9111::Outcome;

std::string text(const Asked& asked) {
  std::string out = asked.method + " " + asked.target;
  for (const auto& [name, value] : asked.conditions)
    out += " [" + name + ": " + value + "]";
  return out + (asked.background ? " in the background" : "");
}

std::string text(const Outcome& outcome) {
  std::string out;
  for (const Asked& asked : outcome.asked)
    out += "      asks " + text(asked) + "\n";
  if (outcome.asked.empty()) out += "      asks nothing\n";
  out += "      " + std::to_string(outcome.status) + (outcome.from_us ? " of the node's own" : "") +
         (outcome.cut ? " cut" : "") + " \"" + outcome.body + "\" " + outcome.disposition;
  if (outcome.ttl) out += " ttl=" + std::to_string(*outcome.ttl);
  out += std::string(outcome.stored ? " stored" : "") + "\n";
  for (const auto& [name, value] : outcome.fields) {
    if (!outcome.from_us) out += "        " + name + ": " + value + "\n";
  }
  if (!outcome.rule.empty()) out += "      " + outcome.rule + "\n";
  return out;
}

// What is not the same, in a word or two; empty = all is.
std::string difference(const Outcome& a, const Outcome& b) {
  if (a.asked != b.asked) return "what the origin is asked";
  if (a.status != b.status) return "the status";
  if (a.from_us != b.from_us) return "whose response it is";
  if (a.disposition != b.disposition) return "Cache-Status";
  if (a.ttl != b.ttl) return "the ttl in Cache-Status";
  if (a.stored != b.stored) return "whether it is stored";
  if (a.from_us) return "";
  if (a.cut != b.cut) return "whether it is cut";
  if (a.body != b.body) return "the content";
  return a.fields == b.fields ? "" : "the fields";
}

struct Run {
  std::string difference;  // empty = none
  std::string transcript;
};

Run play(NodeParts& parts, const Sequence& sequence, bool verbose) {
  VirtualClock node_clock{kSequenceStart};
  VirtualClock model_clock{kSequenceStart};
  OneClientNode node(parts, node_clock);
  const Step* step = nullptr;
  std::size_t asked_so_far = 0;
  rfc9111::Model model(model_clock, [&](const Asked& asked) {
    const OriginAnswer& answer = answer_of(*step, asked_so_far++);
    model_clock.advance(answer.delay);
    return play(answer, asked, model_clock.now());
  });
  Run run;
  for (const Step& next : sequence) {
    step = &next;
    asked_so_far = 0;
    node_clock.advance(next.advance);
    model_clock.advance(next.advance);
    rfc9111::ClientRequest request = next.request;
    request.fields = resolve(request.fields, model_clock.now(), nullptr);
    const Outcome expected = model.request(request);
    const Outcome seen = node.play_step(next, request);
    run.difference = difference(expected, seen);
    if (verbose) run.transcript += describe(next) + "    expected\n" + text(expected);
    if (run.difference.empty()) continue;
    if (verbose) run.transcript += "    but Brink\n" + text(seen);
    return run;
  }
  return run;
}

// Drops one thing after another as long as the difference stays.
Sequence shrink(NodeParts& parts, Sequence sequence, const std::string& what) {
  for (bool smaller_found = true; smaller_found;) {
    smaller_found = false;
    for (Sequence& candidate : smaller(sequence)) {
      if (play(parts, candidate, false).difference != what) continue;
      sequence = std::move(candidate);
      smaller_found = true;
      break;
    }
  }
  return sequence;
}

int run(std::uint64_t first, std::uint64_t count, bool verbose) {
  NodeParts parts;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const Sequence sequence = generate(seed);
    const Run whole = play(parts, sequence, verbose);
    if (verbose)
      std::printf("seed %llu\n%s", static_cast<unsigned long long>(seed), whole.transcript.c_str());
    if (whole.difference.empty()) continue;
    const Run small = play(parts, shrink(parts, sequence, whole.difference), true);
    std::printf("seed %llu: they differ in %s. The smallest sequence found:\n%s",
                static_cast<unsigned long long>(seed), small.difference.c_str(),
                small.transcript.c_str());
    std::printf("%llu passed, 1 failed\n", static_cast<unsigned long long>(seed - first));
    return 1;
  }
  std::printf("%llu passed, 0 failed\n", static_cast<unsigned long long>(count));
  return 0;
}

}  // namespace
}  // namespace brink::sim

int main(int argc, char** argv) {
  const std::uint64_t first = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  const std::uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1000;
  const bool verbose = argc > 3 && std::strcmp(argv[3], "--verbose") == 0;
  return brink::sim::run(first, count, verbose);
}
