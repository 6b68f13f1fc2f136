// Damaged files: whatever happens to a configuration on its way, the answer is diagnostics, never a
// crash.

#include <gtest/gtest.h>

#include <array>

#include "config/runtime/log_format.h"
#include "config/runtime/random.h"
#include "config_support.h"

namespace brink::config {
namespace {

constexpr std::array<std::string_view, 26> kPieces = {
    "*",     "&a ",   "*a",   "[",    "]",         "{",   "}",    ": ", "- ",
    "\n",    "\t",    "\"",   "'",    "#",         "|\n", ">-\n", "!!", "? ",
    "---\n", "...\n", "<<: ", "${X}", "%YAML 9\n", "\0",  "\xff", "~"};

// Changes one to six places of `text`.
std::string damaged(std::string text, Random& random) {
  for (std::uint64_t n = 1 + random.below(6); n > 0 && !text.empty(); --n) {
    const std::size_t at = random.below(text.size());
    switch (random.below(5)) {
      case 0:
        text[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        text.erase(at, 1 + random.below(40));
        break;
      case 2:
        text.insert(at, kPieces[random.below(kPieces.size())]);
        break;
      case 3: {  // a stretch moves elsewhere
        const std::string stretch = text.substr(at, 1 + random.below(120));
        text.insert(random.below(text.size()), stretch);
        break;
      }
      default:
        text.resize(at);
    }
  }
  return text;
}

void expect_sane(const LoadResult& result) {
  for (const Diagnostic& diagnostic : result.diagnostics) {
    ASSERT_FALSE(diagnostic.message.empty());
    for (char c : diagnostic.message) {
      ASSERT_FALSE(static_cast<unsigned char>(c) < 0x20 || c == '\x7f')
          << escape_log_text(diagnostic.message);
    }
  }
  ASSERT_FALSE(result.ok() && result.options.sites.empty());
}

TEST(ConfigMutation, ExamplesSurviveDamage) {
  for (const char* name : {"minimal.yaml", "edge.yaml", "regional.yaml"}) {
    const std::string text = read_text(repository_path(std::string("config/examples/") + name));
    ASSERT_FALSE(text.empty());
    for (std::uint64_t seed = 0; seed < 1'500; ++seed) {
      Random random(seed);
      SCOPED_TRACE(std::string(name) + ", seed " + std::to_string(seed));
      expect_sane(load_text(damaged(text, random), "f.yaml"));
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(ConfigMutation, NoiseIsRefused) {
  for (std::uint64_t seed = 0; seed < 1'500; ++seed) {
    Random random(seed);
    std::string text;
    for (std::uint64_t n = random.below(60); n > 0; --n)
      text += kPieces[random.below(kPieces.size())];
    SCOPED_TRACE("seed " + std::to_string(seed));
    const LoadResult result = load_text(text, "f.yaml");
    expect_sane(result);
    EXPECT_FALSE(result.ok());
  }
}

}  // namespace
}  // namespace brink::config
