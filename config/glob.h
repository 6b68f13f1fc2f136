#pragma once

#include <string_view>

namespace brink {

// '*' matches any characters, '?' one. Linear in practice, quadratic at worst; no recursion.
bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace brink
