#pragma once
// JSON strings from untrusted bytes (RFC 8259 §7): the one place where the edge escapes them.

#include <string>
#include <string_view>

namespace brink::edge {

// Appends `text` with its quotes. Control characters (C0, DEL, C1) become \u00xx; each byte that is
// not part of well-formed UTF-8 (RFC 3629) becomes \ufffd.
void append_json_string(std::string& out, std::string_view text);

}  // namespace brink::edge
