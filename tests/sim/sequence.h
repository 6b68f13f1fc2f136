#pragma once
// A sequence for the differential test: what a client asks, step by step, and what the origin would
// say to each question. Made from a seed, weighted toward what is interesting; readable as a
// transcript; can be made smaller while it still fails.
//
// Values may be templates, resolved when they are sent: "@n-10 i" is ten seconds before now, "@s-10
// i" before the sequence's start, as IMF-fixdate (i), RFC 850 (8) or asctime (a); "@tag" is the
// entity tag that the question carries.

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/rfc9111_model.h"

namespace brink::sim {

inline constexpr TimePoint kSequenceStart{Seconds{1'795'000'000}};

struct OriginAnswer {
  rfc9111::Reply::Kind kind = rfc9111::Reply::Kind::Answer;
  int status = 200;
  rfc9111::Lines fields;
  bool not_modified = false;  // says 304 to a question with conditions, with these fields:
  rfc9111::Lines not_modified_fields;
  Millis delay{0};         // before the head
  int head_length = 0;     // to HEAD: 0 = without Content-Length, 1 = the content's, 2 = another
  bool chunked = false;    // the content's length is not announced
  bool in_one_go = false;  // head, content and end come in one turn
  std::string name;        // "3.1": the second answer of step 3; its content and X-Answer
};

struct Step {
  Millis advance{0};
  rfc9111::ClientRequest request;
  std::vector<OriginAnswer> answers;  // to the first, second … question of this step
};
using Sequence = std::vector<Step>;

Sequence generate(std::uint64_t seed);

// sequence.cc
rfc9111::Lines resolve(const rfc9111::Lines& fields, TimePoint now, const rfc9111::Asked* asked);
// What the origin says when it is asked this question as number `index` of the step.
const OriginAnswer& answer_of(const Step& step, std::size_t index);
rfc9111::Reply play(const OriginAnswer& answer, const rfc9111::Asked& asked, TimePoint now);
std::string describe(const Step& step);
// The same sequence without something, in many ways; for shrinking.
std::vector<Sequence> smaller(const Sequence& sequence);

}  // namespace brink::sim
