#include "tests/sim/sequence.h"

#include <algorithm>

namespace brink::sim {
namespace {

using rfc9111::Asked;
using rfc9111::DateForm;
using rfc9111::Lines;
using rfc9111::Reply;

std::string resolved(const std::string& value, TimePoint now, const Asked* asked) {
  if (!value.starts_with("@")) return value;
  if (value == "@tag") {
    const auto tag = asked ? rfc9111::only_value(asked->conditions, "if-none-match") : std::nullopt;
    // Of several that were offered, the last.
    const auto tags = rfc9111::entity_tags(tag.value_or("\"none\""));
    return tags.empty() ? *tag : tags.back();
  }
  const TimePoint base = value[1] == 'n' ? now : kSequenceStart;
  const long long offset = std::stoll(value.substr(2));
  const DateForm form = value.back() == '8'   ? DateForm::Rfc850
                        : value.back() == 'a' ? DateForm::Asctime
                                              : DateForm::ImfFixdate;
  return rfc9111::write_date(rfc9111::seconds_since_1970(base) + offset, form);
}

std::string lines_text(const Lines& fields, const std::string& indent) {
  std::string out;
  for (const auto& [name, value] : fields)
    out += indent + name + ": " + value + "\n";
  return out;
}

const char* kind_text(Reply::Kind kind) {
  switch (kind) {
    case Reply::Kind::Answer:
      return "";
    case Reply::Kind::Cut:
      return " and cuts the content";
    case Reply::Kind::Closed:
      return " closes";
    case Reply::Kind::TimedOut:
      return " is silent";
  }
  return "";
}

std::string describe(const OriginAnswer& answer, std::size_t index) {
  std::string out = "    answer " + std::to_string(index + 1);
  if (answer.delay.count() > 0) out += " after " + std::to_string(answer.delay.count()) + " ms";
  const bool head = answer.kind == Reply::Kind::Answer || answer.kind == Reply::Kind::Cut;
  out += head ? ": " + std::to_string(answer.status) + kind_text(answer.kind)
              : ": the origin" + std::string(kind_text(answer.kind));
  if (head && answer.chunked) out += ", chunked";
  if (head && answer.in_one_go) out += ", in one go";
  if (head && answer.head_length > 0)
    out += answer.head_length == 1 ? ", HEAD with length" : ", HEAD with another length";
  out += "\n";
  if (!head) return out;
  out += lines_text(answer.fields, "        ");
  if (answer.not_modified)
    out += "      or, to a condition: 304\n" + lines_text(answer.not_modified_fields, "        ");
  return out;
}

template <class Get>
void drop_each_line(const Sequence& sequence, Get&& get, std::vector<Sequence>& out) {
  Sequence copy = sequence;
  const std::size_t count = get(copy).size();
  for (std::size_t i = 0; i < count; ++i) {
    copy = sequence;
    Lines& lines = get(copy);
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(i));
    out.push_back(copy);
  }
}

template <class Change>
void changed(const Sequence& sequence, Change&& change, std::vector<Sequence>& out) {
  Sequence copy = sequence;
  if (change(copy)) out.push_back(std::move(copy));
}

// Sets `slot` to its plain value; false when it is plain already.
template <class T>
bool plain(T& slot, T value) {
  if (slot == value) return false;
  slot = value;
  return true;
}

void smaller_answer(const Sequence& sequence, std::size_t s, std::size_t a,
                    std::vector<Sequence>& out) {
  const auto at = [&](Sequence& copy) -> OriginAnswer& { return copy[s].answers[a]; };
  changed(
      sequence,
      [&](Sequence& copy) {
        if (a + 1 != copy[s].answers.size()) return false;
        copy[s].answers.pop_back();
        return true;
      },
      out);
  changed(
      sequence, [&](Sequence& copy) { return plain(at(copy).not_modified, false); }, out);
  changed(
      sequence, [&](Sequence& copy) { return plain(at(copy).delay, Millis{0}); }, out);
  changed(
      sequence, [&](Sequence& copy) { return plain(at(copy).chunked, false); }, out);
  changed(
      sequence, [&](Sequence& copy) { return plain(at(copy).in_one_go, false); }, out);
  changed(
      sequence, [&](Sequence& copy) { return plain(at(copy).head_length, 0); }, out);
  changed(
      sequence, [&](Sequence& copy) { return plain(at(copy).status, 200); }, out);
  changed(
      sequence, [&](Sequence& copy) { return plain(at(copy).kind, Reply::Kind::Answer); }, out);
  drop_each_line(
      sequence, [&](Sequence& copy) -> Lines& { return at(copy).fields; }, out);
  drop_each_line(
      sequence, [&](Sequence& copy) -> Lines& { return at(copy).not_modified_fields; }, out);
}

}  // namespace

Lines resolve(const Lines& fields, TimePoint now, const Asked* asked) {
  Lines out = fields;
  for (auto& [name, value] : out)
    value = resolved(value, now, asked);
  return out;
}

const OriginAnswer& answer_of(const Step& step, std::size_t index) {
  static const OriginAnswer kNothingMore = [] {
    OriginAnswer out;
    out.fields = {{"Cache-Control", "no-store"}};
    out.name = "more";
    return out;
  }();
  return index < step.answers.size() ? step.answers[index] : kNothingMore;
}

Reply play(const OriginAnswer& answer, const Asked& asked, TimePoint now) {
  Reply reply{answer.kind, answer.status, {}, {}};
  if (reply.kind == Reply::Kind::Closed || reply.kind == Reply::Kind::TimedOut) return reply;
  const bool unchanged = answer.not_modified && !asked.conditions.empty();
  if (unchanged) reply.status = 304;
  reply.fields = resolve(unchanged ? answer.not_modified_fields : answer.fields, now, &asked);
  reply.fields.emplace_back("X-Answer", answer.name);
  const std::string content = "body " + answer.name;
  if (asked.method == "HEAD" && answer.head_length > 0) {
    reply.fields.emplace_back("Content-Length",
                              std::to_string(content.size() + (answer.head_length == 2 ? 1 : 0)));
  }
  const bool empty =
      asked.method == "HEAD" || reply.status == 204 || reply.status == 205 || reply.status == 304;
  if (empty) {
    reply.kind = Reply::Kind::Answer;  // there is nothing to cut
  } else {
    reply.body = content;
    if (!answer.chunked)
      reply.fields.emplace_back("Content-Length", std::to_string(content.size()));
  }
  return reply;
}

std::string describe(const Step& step) {
  std::string out;
  if (step.advance.count() > 0) out += "  " + std::to_string(step.advance.count()) + " ms later\n";
  out += "  " + step.request.method + " " + step.request.target + "\n" +
         lines_text(step.request.fields, "      ");
  for (std::size_t i = 0; i < step.answers.size(); ++i)
    out += describe(step.answers[i], i);
  return out;
}

std::vector<Sequence> smaller(const Sequence& sequence) {
  std::vector<Sequence> out;
  for (std::size_t s = sequence.size(); s-- > 0;) {
    changed(
        sequence,
        [&](Sequence& copy) {
          copy.erase(copy.begin() + static_cast<std::ptrdiff_t>(s));
          return true;
        },
        out);
  }
  for (std::size_t s = 0; s < sequence.size(); ++s) {
    changed(
        sequence, [&](Sequence& copy) { return plain(copy[s].advance, Millis{0}); }, out);
    changed(
        sequence, [&](Sequence& copy) { return plain(copy[s].request.method, std::string("GET")); },
        out);
    drop_each_line(
        sequence, [&](Sequence& copy) -> Lines& { return copy[s].request.fields; }, out);
    for (std::size_t a = 0; a < sequence[s].answers.size(); ++a)
      smaller_answer(sequence, s, a, out);
  }
  return out;
}

}  // namespace brink::sim
