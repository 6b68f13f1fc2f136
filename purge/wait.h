#pragma once

#include <cstdint>

namespace brink::purge {

// Whose receipts an answer waits for; this node's own is among each but None.
enum class Wait : std::uint8_t { None, Node, Pop, All };

}  // namespace brink::purge
