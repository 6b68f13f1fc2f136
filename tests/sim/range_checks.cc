// What a client of the large representations checks (range_client.h).

#include "tests/sim/range_client.h"

namespace brink::sim {
namespace {

bool names(std::string_view list, std::string_view tag) {
  const std::uint32_t version = version_of_tag(tag);
  return version != 0 && version_of_tag(list) == version;
}

}  // namespace

const OriginAnswer* RangeClient::answer() const {
  const std::uint64_t number = to_number(header("x-gen"));
  const auto& answers = world_.large->answers;
  return number > 0 && number < answers.size() ? &answers[number] : nullptr;
}

bool RangeClient::told(std::uint64_t complete_length) {
  return complete_length == world_.large->content(resource_, version_).size() ||
         resource_.told_lengths[version_].contains(complete_length);
}

void RangeClient::take_head() {
  check_status();
  if (head_.method == "POST") {
    if (status_ == 200) {
      const OriginAnswer* changed = answer();
      if (!changed) return fail("a changed resource without the origin's answer");
      resource_.invalidated = std::max(resource_.invalidated, changed->version);
    }
    return;
  }
  if (status_ == 200 || status_ == 206) check_provenance();
  if (status_ == 304) {
    const std::string_view tag = header("etag");
    if (!names(none_match_, tag)) return fail("a 304 that the client's condition does not ask for");
    check_version(version_of_tag(tag));
  }
  if (status_ == 416) check_unsatisfied();
}

void RangeClient::check_status() {
  switch (status_) {
    case 200:
      return;
    case 206:
      if (range_.empty() || head_.method != "GET") fail("a part that nobody asked for");
      return;
    case 304:
      if (none_match_.empty()) fail("a 304 without a condition");
      return;
    case 412:
      if (match_.empty()) fail("a 412 without a condition");
      return;
    case 416:
      if (range_.empty()) fail("a 416 without a range");
      return;
    case 504:
      if (cache_control_ == "only-if-cached") return;
      break;
    default:
      break;
  }
  const bool may_fail =
      world_.profile.faults && (status_ == 502 || status_ == 503 || status_ == 504);
  if (!may_fail) fail("an answer that nothing explains");
}

// Older than an invalidation that had been answered before the request was made?
void RangeClient::check_version(std::uint32_t version) {
  version_ = version;
  if (version == 0 || version > resource_.version) return fail("no version has this head");
  if (version < oldest_)
    fail("version " + std::to_string(version) + ", invalidated by " + std::to_string(oldest_));
}

void RangeClient::check_provenance() {
  const OriginAnswer* from = answer();
  if (!from) return fail("no answer of the origin has this X-Gen");
  check_version(static_cast<std::uint32_t>(to_number(header("x-version"))));
  if (from->version != version_) return fail("X-Gen and X-Version are of two versions");
  const std::string_view tag = header("etag");
  if (!tag.empty() && version_of_tag(tag) != version_)
    return fail("ETag and X-Version are of two versions");
  if (!tag.empty() && names(none_match_, tag)) return fail("If-None-Match names what is sent");
  if (from->no_store && from->client != id_ && header("x-for") != id_)
    return fail("a no-store answer was shared");
  check_age(*from);
}

void RangeClient::check_age(const OriginAnswer& from) {
  const std::string_view status = header("cache-status");
  const auto said = Seconds{to_number(header("age"))};
  const bool on_error = status.find("detail=stale-if-error") != std::string_view::npos ||
                        status.find("detail=stale-unreachable") != std::string_view::npos;
  if (!header("age").empty() &&
      (said > answered_at_ - from.at + Seconds{2} || said + Seconds{2} < began_at_ - from.at)) {
    return fail("Age is not the answer's");
  }
  const Seconds limit{resource_.max_age_s + resource_.swr_s + 1};
  const bool validated = status.find("/freshened") !=
                         std::string_view::npos;  // though there was no room for the new head
  if (!on_error && !validated && began_at_ - from.at > limit)
    return fail("stale, and nothing allows that");
  const bool hit = status.find("; hit") != std::string_view::npos;
  if (hit && said > Seconds{resource_.max_age_s}) return fail("a hit that was not fresh");
  const bool hits_a_part = hit && head_.method == "GET" && status_ == 200 && announced_ &&
                           if_range_.empty() && !range_.empty();
  if (hits_a_part && edge::cache::resolve_ranges(range_, *announced_).outcome !=
                         edge::cache::RangeOutcome::Whole) {
    fail("the whole from the store, where a part was asked for");
  }
}

void RangeClient::check(bool whole) {
  if (!world_.profile.faults && !whole) return fail("cut, and nothing was wrong");
  if (head_.method == "HEAD" || head_.method == "POST") {
    if (!body_.empty() && head_.method == "HEAD") fail("a HEAD with a body");
    if (head_.method == "HEAD" && status_ == 200 && announced_ && !told(*announced_))
      fail("a HEAD of another length");
    return;
  }
  if (whole && announced_ && status_ != 304 && body_.size() != *announced_)
    return fail("ended, but not complete");
  if (status_ == 200) check_whole(whole);
  if (status_ == 206) check_part(whole);
}

void RangeClient::check_whole(bool whole) {
  if (announced_ && !told(*announced_)) return fail("a length that the origin never named");
  const std::size_t length = world_.large->content(resource_, version_).size();
  if (whole && body_.size() != announced_.value_or(length)) return fail("ended, but not complete");
  check_bytes(body_, 0, "the whole");
}

void RangeClient::check_bytes(std::string_view bytes, std::uint64_t begin, std::string_view what) {
  const std::string& content = world_.large->content(resource_, version_);
  if (begin + bytes.size() > content.size())
    return fail(std::string(what) + ": bytes behind the end");
  if (std::string_view(content).substr(begin, bytes.size()) == bytes) return;
  std::size_t at = 0;
  while (bytes[at] == content[begin + at])
    ++at;
  fail(std::string(what) + ": byte " + std::to_string(begin + at) + " is not that of version " +
       std::to_string(version_) + " but " + world_.large->whose(resource_, bytes.substr(at)));
}

void RangeClient::check_part(bool whole) {
  const std::string_view said = header("content-range");
  const bool passed_on = !answer()->heeds_if_range && said == answer()->content_range;
  if (!passed_on && !if_range_.empty() && if_range_ != world_.large->tag(resource_, version_)) {
    return fail("a part, though If-Range names another version");
  }
  if (said.empty()) return whole ? check_parts() : void();
  const OriginAnswer& from = *answer();
  const bool as_origin_said = said == from.content_range;
  if (as_origin_said && from.lies && body_ == std::string_view(from.body).substr(0, body_.size()))
    return;
  const auto content = edge::cache::parse_content_range(said);
  if (!content || !content->complete_length) return fail("a Content-Range that says nothing");
  if (!told(*content->complete_length))
    return fail("a complete length that the origin never named");
  if (announced_ && *announced_ != content->range.size())
    return fail("Content-Range and length disagree");
  if (whole && body_.size() != content->range.size())
    return fail("Content-Range and what was sent disagree");
  const auto asked = edge::cache::resolve_ranges(range_, *content->complete_length);
  const bool as_asked = asked.count == 1 && asked.ranges[0] == content->range;
  if (!as_asked && !as_origin_said) return fail("another part than was asked for");
  check_bytes(body_, content->range.begin, "a part");
}

// multipart/byteranges (RFC 9110 §14.6), read by its own delimiter.
void RangeClient::check_parts() {
  const std::string_view type = header("content-type");
  const std::size_t named = type.find("boundary=");
  if (named == std::string_view::npos)
    return fail("a 206 without Content-Range, and not multipart");
  const std::string delimiter = "--" + std::string(type.substr(named + 9));
  std::string_view rest = body_;
  std::size_t count = 0;
  while (rest.starts_with(delimiter + "\r\n")) {
    const std::size_t head_end = rest.find("\r\n\r\n");
    const std::size_t field = rest.find("Content-Range: ");
    if (head_end == std::string_view::npos || field >= head_end)
      return fail("a part without Content-Range");
    const std::size_t value = field + 15;
    const auto part =
        edge::cache::parse_content_range(rest.substr(value, rest.find("\r\n", value) - value));
    if (!part || rest.size() < head_end + 4 + part->range.size() + 2)
      return fail("a part that is not complete");
    check_bytes(rest.substr(head_end + 4, part->range.size()), part->range.begin,
                "one of several parts");
    rest.remove_prefix(head_end + 4 + part->range.size() + 2);
    ++count;
  }
  if (rest != delimiter + "--\r\n") return fail("several parts without an end");
  const auto asked =
      edge::cache::resolve_ranges(range_, world_.large->content(resource_, version_).size());
  if (asked.count != count) fail("other parts than were asked for");
}

void RangeClient::check_unsatisfied() {
  const std::string_view said = header("content-range");
  if (!said.starts_with("bytes */")) return fail("a 416 that does not tell the length");
  const std::uint64_t length = to_number(said.substr(8));
  if (edge::cache::resolve_ranges(range_, length).outcome !=
      edge::cache::RangeOutcome::Unsatisfiable) {
    return fail("a 416 for a range that can be satisfied");
  }
  for (version_ = std::max(oldest_, 1U); version_ <= resource_.version; ++version_) {
    if (told(length)) return;
  }
  fail("a 416 with a length of no version that may be served");
}

}  // namespace brink::sim
