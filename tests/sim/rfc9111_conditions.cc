#include "tests/sim/rfc9111_conditions.h"

#include <algorithm>
#include <set>

namespace brink::sim::rfc9111 {
namespace {

bool quoted(const std::string& text) {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"';
}
bool weak(const std::string& tag) {
  return tag.starts_with("W/") && quoted(tag.substr(2));
}
bool well_formed(const std::string& tag) {
  return quoted(tag) || weak(tag);
}
std::string opaque(const std::string& tag) {
  return weak(tag) ? tag.substr(2) : tag;
}

// RFC 9110 §8.8.3.2. HTTP-BEHAVIOUR §4.3: malformed tags match byte for byte only.
bool weak_equal(const std::string& a, const std::string& b) {
  return a == b || (well_formed(a) && well_formed(b) && opaque(a) == opaque(b));
}
bool strong_equal(const std::string& a, const std::string& b) {
  return a == b && !weak(a);
}

std::optional<Seconds64> date_in(const Lines& fields, const std::string& name, Seconds64 now) {
  const auto value = only_value(fields, name);
  return value ? http_date(*value, now) : std::nullopt;
}

// RFC 9110 §13.1.1, §13.1.2: true when one of the listed tags is that of the representation, or for
// "*".
template <class Equal>
bool lists(const Lines& request, const std::string& name, const Lines& stored, Equal&& equal) {
  const auto tag = only_value(stored, "ETag");
  for (const std::string& line : values(request, name)) {
    for (const std::string& wanted : entity_tags(line)) {
      if (wanted == "*" || (tag && equal(wanted, *tag))) return true;
    }
  }
  return false;
}

}  // namespace

int evaluate_conditions(const Lines& request, const Lines& stored, Seconds64 now) {
  const auto modified = date_in(stored, "Last-Modified", now);
  if (has(request, "If-Match")) {  // step 1
    if (!lists(request, "If-Match", stored, strong_equal)) return 412;
  } else if (const auto since = date_in(request, "If-Unmodified-Since", now)) {  // step 2
    if (modified && *modified > *since) return 412;
  }
  if (has(request, "If-None-Match")) {  // step 3, and then never step 4
    return lists(request, "If-None-Match", stored, weak_equal) ? 304 : 0;
  }
  const auto since = date_in(request, "If-Modified-Since", now);  // step 4
  // HTTP-BEHAVIOUR §4.3: without Last-Modified, with the stored Date (RFC 9111 §4.3.2 has the time
  // of receipt as the last resort).
  const auto changed = modified ? modified : date_in(stored, "Date", now);
  return since && changed && *changed <= *since ? 304 : 0;
}

Lines condition_lines(const Lines& fields) {
  static const std::set<std::string> kNames = {"if-match", "if-none-match", "if-modified-since",
                                               "if-unmodified-since", "if-range"};
  Lines out;
  for (const auto& [name, value] : fields) {
    if (kNames.contains(lower(name))) out.emplace_back(lower(name), value);
  }
  return out;
}

Lines validators(const Lines& stored) {
  Lines out;
  if (const auto tag = only_value(stored, "ETag")) out.emplace_back("if-none-match", *tag);
  const auto modified = only_value(stored, "Last-Modified");
  if (modified) out.emplace_back("if-modified-since", *modified);
  return out;
}

Lines one_of(const std::vector<std::string>& tags) {
  std::vector<std::string> listed;
  for (const std::string& tag : tags) {
    const bool again = std::find(listed.begin(), listed.end(), tag) != listed.end();
    if (!again && (well_formed(tag) || tags.size() == 1)) listed.push_back(tag);
  }
  std::string list;
  for (const std::string& tag : listed)
    list += (list.empty() ? "" : ", ") + tag;
  return list.empty() ? Lines{} : Lines{{"if-none-match", list}};
}

// §4.3.4 in its order: a strong validator must be equal, a weak one agree; without any, the one
// that was asked about is meant (the section wants it to lack validators too; origins do leave them
// out, and only one was asked about: validation.h).
bool selects(const Lines& not_modified, const Lines& stored, Seconds64 now) {
  if (const auto tag = only_value(not_modified, "ETag")) {
    const auto own = only_value(stored, "ETag");
    return own && (weak(*tag) ? weak_equal(*tag, *own) : strong_equal(*tag, *own));
  }
  const auto modified = only_value(not_modified, "Last-Modified");
  if (!modified) return true;
  const auto own = only_value(stored, "Last-Modified");
  if (own && *own == *modified) return true;
  const auto time = http_date(*modified, now);
  return time && time == date_in(stored, "Last-Modified", now);
}

// §4.3.5: "matching values for any received validator fields", and Content-Length where there is
// one.
bool describes(const Lines& head_answer, const Lines& stored, std::size_t stored_length,
               Seconds64 now) {
  const auto length = only_value(head_answer, "Content-Length");
  if (length && *length != std::to_string(stored_length)) return false;
  if (!selects(head_answer, stored, now)) return false;
  Lines dates = head_answer;
  remove_field(dates, "ETag");
  return selects(dates, stored, now);
}

// HTTP-BEHAVIOUR §3.2: what describes the stored content or the 304's own framing is not taken
// over.
Lines updated(const Lines& stored, const Lines& update, Seconds64 receipt) {
  static const std::set<std::string> kNotTaken = {"content-length", "content-encoding",
                                                  "content-type", "content-range"};
  Lines taken;
  for (const auto& line : end_to_end(update)) {
    if (!kNotTaken.contains(lower(line.first))) taken.push_back(line);
  }
  // RFC 9110 §6.6.1: a message without Date gets that of its receipt.
  if (!has(taken, "Date")) taken.emplace_back("Date", write_date(receipt, DateForm::ImfFixdate));
  Lines out = stored;
  for (const auto& line : taken)
    remove_field(out, line.first);
  out.insert(out.end(), taken.begin(), taken.end());
  return out;
}

}  // namespace brink::sim::rfc9111
