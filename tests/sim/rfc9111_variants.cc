// The model's Vary (RFC 9111 §4.1): a request's fields in the form in which they are compared, one
// string per nominated field.

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <set>

#include "tests/sim/rfc9111_conditions.h"

namespace brink::sim::rfc9111 {
namespace {

struct Weighted {
  std::string name;
  int thousandths = 1000;
};

// RFC 9110 §12.4.2: "de;q=0.5". The tables hold well-formed weights only.
std::vector<Weighted> weighted(const Lines& request, const std::string& name) {
  std::vector<Weighted> out;
  for (const std::string& member : members(joined(request, name))) {
    Weighted item{lower(trim(member.substr(0, member.find(';'))))};
    const std::size_t q = lower(member).find("q=");
    if (q != std::string::npos)
      item.thousandths = static_cast<int>(std::atof(member.c_str() + q + 2) * 1000 + 0.5);
    out.push_back(item);
  }
  return out;
}

// RFC 9110 §12.5.3; HTTP-BEHAVIOUR §4.1: reduced to what Brink can serve. A missing field is as
// good as "identity".
std::string codings(const Lines& request) {
  std::string out;
  for (const char* coding : {"zstd", "br", "gzip"}) {
    int weight = -1;
    int star = -1;
    for (const Weighted& item : weighted(request, "Accept-Encoding")) {
      if (item.name == coding || item.name == "x-" + std::string(coding)) weight = item.thousandths;
      if (item.name == "*") star = item.thousandths;
    }
    if (weight > 0 || (weight < 0 && star > 0)) out += std::string(coding) + " ";
  }
  return out;
}

// RFC 9110 §12.5.4; HTTP-BEHAVIOUR §4.1: letter case, white space and the order of equal weights do
// not matter.
std::string languages(const Lines& request) {
  std::multiset<std::string> sorted;
  for (const Weighted& item : weighted(request, "Accept-Language")) {
    sorted.insert(std::to_string(item.thousandths) + " " + item.name);
  }
  std::string out;
  for (const std::string& item : sorted)
    out += item + "|";
  return out;
}

// §4.1: what a request has for each field that a Vary nominates; "absent" is a value of its own.
std::map<std::string, std::string> nominated(const std::string& vary, const Lines& request) {
  std::map<std::string, std::string> out;
  for (const std::string& member : members(vary)) {
    const std::string name = lower(member);
    if (name == "accept-encoding") {
      out[name] = codings(request);
    } else if (!has(request, name)) {
      out[name] = "absent";
    } else if (name == "accept-language") {
      out[name] = "present: " + languages(request);
    } else {
      out[name] = "present: ";
      for (const std::string& value : members(joined(request, name)))
        out[name] += value + ",";
    }
  }
  return out;
}

// RFC 4647 §3.3.1: does a language range match a tag?
bool matches(const std::string& range, const std::string& tag) {
  return range == "*" || range == tag || tag.starts_with(range + "-");
}

// The weight of a language when the request weights none higher: the longest matching range speaks
// for it.
int top_weight(const Lines& request, const std::string& tag) {
  int highest = 0;
  int own = 0;
  std::size_t longest = 0;
  for (const Weighted& range : weighted(request, "Accept-Language")) {
    highest = std::max(highest, range.thousandths);
    const std::size_t length = range.name == "*" ? 1 : range.name.size() + 1;
    if (!matches(range.name, lower(tag)) || length < longest) continue;
    own = length == longest ? std::max(own, range.thousandths) : range.thousandths;
    longest = length;
  }
  return own == highest ? own : 0;
}

}  // namespace

// A match of all nominated fields is the best; then, among languages, one that the client would not
// have less gladly; last one without Vary ("SHOULD choose the most recent stored response with a
// valid Vary field value", §4.1).
//
// A 304 may bring another Vary: what was stored under the old one is compared with what the new one
// asks of the request, and mostly does not fit any more. That costs a fetch and shows nobody a
// wrong variant.
int variant_fit(const Variant& variant, const Lines& stored, const Lines& request) {
  const std::string vary = joined(stored, "Vary");
  if (vary.empty()) return 1;
  auto a = nominated(variant.vary, variant.request);
  auto b = nominated(vary, request);
  if (a == b) return 1'000'000;
  const std::string language = joined(stored, "Content-Language");
  if (language.empty() || !a.contains("accept-language") || !b.contains("accept-language"))
    return 0;
  a.erase("accept-language");
  b.erase("accept-language");
  if (a != b) return 0;
  int best = 0;
  for (const std::string& tag : members(language))
    best = std::max(best, top_weight(request, tag));
  return best;
}

bool same_codings(const Variant& stored, const Lines& request) {
  for (const std::string& member : members(stored.vary)) {
    if (lower(member) == "accept-encoding") return codings(stored.request) == codings(request);
  }
  return true;
}

bool same_variant(const Variant& a, const Variant& b) {
  return nominated(a.vary, a.request) == nominated(b.vary, b.request);
}

}  // namespace brink::sim::rfc9111
