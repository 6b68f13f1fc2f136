#pragma once
// "Did you mean": the word that somebody probably wanted to write.

#include <span>
#include <string_view>

namespace brink::config {

// The candidate that differs from `word` by the fewest slips (a letter wrong, missing, too many, or
// two swapped); letter case, '-' and '_' do not count. Empty when none is close: at most one slip
// for every three letters. The result views into `candidates`.
std::string_view closest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace brink::config
