// links: brink_edge
// A request as a client sends it: head, body, whatever follows. What the gate lets through is
// framed in exactly one way.
#include <algorithm>
#include <memory>

#include "edge/framing.h"
#include "edge/request_parser.h"
#include "fuzz_input.h"

namespace {

using namespace brink;
using namespace brink::edge;

std::size_t count(Fields fields, std::string_view name) {
  return static_cast<std::size_t>(std::count_if(
      fields.begin(), fields.end(), [&](const Field& f) { return iequals(f.name, name); }));
}

// Views of an accepted head lie inside the block, and nothing in it can be read in two ways.
void check_head(std::string_view block, const RequestHead& head) {
  CHECK(check_head_block(block) == FramingFault::None);
  CHECK(count(head.fields, "host") <= 1);
  CHECK(count(head.fields, "content-length") + count(head.fields, "transfer-encoding") <= 1);
  for (const Field& field : head.fields) {
    CHECK(!field.name.empty());
    CHECK(field.name.data() >= block.data() && field.name.data() < block.data() + block.size());
    for (std::string_view text : {field.name, field.value}) {
      CHECK(text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    }
  }
  CHECK(head.target.find_first_of(" \r\n\t") == std::string_view::npos);
  if (head.content_length) CHECK(head.has_body == (*head.content_length > 0));
  CHECK(head.host.empty() || valid_host(head.host));
}

// The body never takes more than its framing says, however it is cut into reads.
void check_body(RequestParser& parser, RequestBody& body, const RequestHead& head,
                std::string_view rest, std::size_t step) {
  body.begin(1 << 20);
  body.discard();
  std::string pending;
  bool need_more = false;
  FramingFault fault = FramingFault::None;
  while (!parser.is_done() && fault == FramingFault::None && (!rest.empty() || !need_more)) {
    if (need_more || pending.empty()) {
      pending.append(rest.substr(0, step));
      rest.remove_prefix(std::min(step, rest.size()));
    }
    if (pending.empty()) break;
    const std::size_t used = parser.parse_body(pending, fault, need_more);
    CHECK(used <= pending.size());
    pending.erase(0, used);
  }
  if (head.content_length) CHECK(body.received() <= *head.content_length);
  if (head.content_length && parser.is_done()) CHECK(body.received() == *head.content_length);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = brink::fuzz::as_text(data, size);
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  const std::string block(text.substr(0, end + 4));
  static const brink::config::ClientLimits limits;
  static RequestBody body;
  std::vector<Field> fields;
  auto parser = std::make_unique<RequestParser>(fields, limits, body);
  RequestHead head;
  if (parser->parse_head(block, head).status != 0) return 0;
  check_head(block, head);
  if (head.has_body) check_body(*parser, body, head, text.substr(end + 4), 1 + size % 7);
  return 0;
}
