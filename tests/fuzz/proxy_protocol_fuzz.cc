// links: brink_flow
// The first bytes of a connection from a proxy. However they are cut, the verdict is the same, and
// nothing but an address comes out of them.
#include "edge/proxy_protocol.h"
#include "edge/rules.h"
#include "fuzz_input.h"

namespace {

using namespace brink::edge;
using State = ProxyHeader::State;

// A header that is whole says the same in whichever pieces it arrives; only what is a beginning
// asks for more.
void check_pieces(std::string_view bytes, const ProxyHeader& whole) {
  for (std::size_t size = 0; size < std::min<std::size_t>(bytes.size(), 256); ++size) {
    const ProxyHeader part = parse_proxy_header(bytes.substr(0, size));
    if (part.state == State::NeedMore) continue;
    CHECK(part.state == whole.state && part.fault == whole.fault);
    CHECK(part.bytes == whole.bytes && part.client == whole.client);
    return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = brink::fuzz::as_text(data, size);
  const ProxyHeader header = parse_proxy_header(bytes);
  CHECK((header.state == State::Malformed) == (header.fault != ProxyFault::None));
  if (header.state == State::NeedMore) CHECK(bytes.size() < kProxyHeaderBytes);
  if (header.state == State::Complete)
    CHECK(header.bytes > 0 && header.bytes <= std::min(bytes.size(), kProxyHeaderBytes));
  if (!header.client.empty()) {
    static const PeerList anywhere({"0.0.0.0/0", "::/0"});
    CHECK(anywhere.contains(header.client));
  }
  check_pieces(bytes, header);
  return 0;
}
