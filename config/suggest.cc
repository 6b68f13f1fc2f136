#include "config/suggest.h"

#include <algorithm>
#include <string>
#include <vector>

#include "config/runtime/fields.h"

namespace brink::config {

namespace {

constexpr std::size_t kLongestWord = 64;  // longer ones are no key misspelt

std::string plain(std::string_view word) {
  std::string out;
  for (char c : word) {
    if (c != '-' && c != '_') out += ascii_lower(c);
  }
  return out;
}

// Optimal string alignment distance (Damerau-Levenshtein without moved substrings).
std::size_t slips(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i)
    d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j)
    d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, changed});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string_view closest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.size() > kLongestWord) return {};
  const std::string wanted = plain(word);
  std::string_view best;
  std::size_t best_slips = 0;
  for (std::string_view candidate : candidates) {
    const std::string known = plain(candidate);
    const std::size_t distance = slips(wanted, known);
    const std::size_t allowed = std::max<std::size_t>(1, std::min(wanted.size(), known.size()) / 3);
    if (distance > allowed || wanted.empty()) continue;
    if (best.empty() || distance < best_slips) {
      best = candidate;
      best_slips = distance;
    }
  }
  return best;
}

}  // namespace brink::config
