#pragma once
// A request as the flow sees it, whatever protocol it came in.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/runtime/fields.h"

namespace brink::edge {

// Views into the connection's read buffer; valid until the transaction is over.
struct RequestHead {
  std::string_view method;
  std::string_view target;          // origin-form ("/a?b"), or "*" for OPTIONS
  std::string_view scheme = "http";  // as the client used it (a peer's X-Forwarded-Proto counts)
  std::string_view host;            // with port, as written
  Fields fields;                    // all of them, hop-by-hop included
  std::string_view client_address;  // textual, without port
  std::optional<std::uint64_t> content_length;
  bool has_body = false;
  bool upgrade = false;
  bool address_is_proxys = false;   // see ClientAddress: nothing may be allowed for it
  bool from_peer = false;           // one of node.peers: its forwarding fields are believed
  bool tls = false;
  bool warm = false;                // nobody's: the node asks by itself, ahead of its clients (warm_session.h)
  std::uint8_t http_minor = 1;      // HTTP/1.x; 20 = HTTP/2
};

// Fields that outlive the connection they came from: one block, views into it. Movable, not copyable.
class OwnedFields {
 public:
  OwnedFields() = default;
  explicit OwnedFields(Fields fields) {
    std::size_t size = 0;
    for (const Field& f : fields) size += f.name.size() + f.value.size();
    block_ = std::make_unique_for_overwrite<char[]>(size);
    fields_.reserve(fields.size());
    char* at = block_.get();
    for (const Field& f : fields) {
      const std::string_view name{at, f.name.copy(at, f.name.size())};
      at += name.size();
      const std::string_view value{at, f.value.copy(at, f.value.size())};
      at += value.size();
      fields_.push_back({name, value});
    }
  }
  Fields view() const { return fields_; }

 private:
  std::unique_ptr<char[]> block_;
  std::vector<Field> fields_;
};

}  // namespace brink::edge
