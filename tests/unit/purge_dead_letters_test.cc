// Dead letters: kept over a restart, bounded, and whole after a crash.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <future>

#include "purge/dead_letters.h"
#include "tests/unit/purge_log_support.h"

namespace brink::purge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr TimePoint kAt{Millis{1'700'000'000'123}};

DeadLetter letter(const std::string& key, const std::string& subscription = "a",
                  const std::string& event = R"({"id":1})") {
  return {kAt, subscription, "why", "SHOP 17", key, event};
}

class DeadLettersTest : public ::testing::Test {
 protected:
  std::unique_ptr<DeadLetters> open() const {
    std::string message;
    auto out = DeadLetters::open(options_, message);
    EXPECT_NE(out, nullptr) << message;
    return out;
  }
  static bool add(DeadLetters& letters, DeadLetter what) {
    std::promise<bool> kept;
    letters.add(std::move(what), [&](bool is_kept) { kept.set_value(is_kept); });
    return kept.get_future().get();
  }
  static std::vector<std::string> keys(const DeadLetters& letters, std::string_view name = "a") {
    std::vector<std::string> out;
    for (const std::string& line : letters.list(name, 1'000))
      out.emplace_back(boost::json::parse(line).at("key").as_string());
    return out;
  }

  const TestFolder folder_;
  config::DeadLetterOptions options_{.path = folder_.file("dead.jsonl"), .keep = 3};
};

TEST_F(DeadLettersTest, ALineSaysAll) {
  EXPECT_EQ(make_line(letter("k")).text,
            R"({"at":"2023-11-14T22:13:20.123Z","subscription":"a","reason":"why","source":)"
            R"("SHOP 17","key":"k","event":{"id":1}})");
  const auto event = [](const std::string& text) {
    return boost::json::parse(make_line(letter("k", "a", text)).text).at("event");
  };
  EXPECT_EQ(event("no \xff JSON\n").as_string(), "no \\xff JSON\\n");
  const std::string huge = R"({"a":")" + std::string(2 * DeadLetters::kEventBytes, 'x') + "\"}";
  EXPECT_THAT(std::string(event(huge).as_string()), HasSubstr("bytes)"));
  EXPECT_LT(event(huge).as_string().size(), DeadLetters::kEventBytes);
}

TEST_F(DeadLettersTest, AreKeptOverARestart) {
  {
    const auto letters = open();
    EXPECT_TRUE(add(*letters, letter("1")));
    EXPECT_TRUE(add(*letters, letter("2", "b")));
    EXPECT_THAT(keys(*letters), ElementsAre("1"));
  }
  const auto letters = open();
  EXPECT_THAT(keys(*letters), ElementsAre("1"));
  EXPECT_THAT(keys(*letters, "b"), ElementsAre("2"));
  EXPECT_EQ(letters->count("b"), 1U);
  EXPECT_EQ(letters->count("c"), 0U);
}

TEST_F(DeadLettersTest, TheSameEventIsKeptOnce) {
  const auto letters = open();
  EXPECT_TRUE(add(*letters, letter("1")));
  EXPECT_TRUE(add(*letters, letter("1")));
  EXPECT_THAT(keys(*letters), ElementsAre("1"));
  EXPECT_EQ(letters->dropped(), 0U);
}

TEST_F(DeadLettersTest, TheOldestGoAndAreCounted) {
  {
    const auto letters = open();
    for (const char* key : {"1", "2", "3", "4", "5"})
      EXPECT_TRUE(add(*letters, letter(key)));
    EXPECT_THAT(keys(*letters), ElementsAre("3", "4", "5"));
    EXPECT_EQ(letters->dropped(), 2U);
    EXPECT_EQ(letters->count("a"), 3U);
    EXPECT_EQ(letters->list("a", 2).size(), 2U);
    EXPECT_TRUE(add(*letters, letter("1")));  // it is not there any more, so it counts
    EXPECT_THAT(keys(*letters), ElementsAre("4", "5", "1"));
    letters->set_bounds(1, options_.bytes);
    EXPECT_THAT(keys(*letters), ElementsAre("1"));
  }
  EXPECT_THAT(keys(*open()), ElementsAre("4", "5", "1"))
      << "the file holds more until it is rewritten";
}

TEST_F(DeadLettersTest, BytesAreBoundedInMemoryAndOnDisk) {
  options_.keep = 100'000;
  options_.bytes = 1024 * 1024;
  const auto letters = open();
  const std::string event = R"({"a":")" + std::string(60'000, 'x') + "\"}";
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(add(*letters, letter(std::to_string(i), "a", event)));
  EXPECT_LT(letters->count("a"), 18U);
  EXPECT_EQ(letters->count("a") + letters->dropped(), 100U);
  EXPECT_EQ(keys(*letters).back(), "99");
  EXPECT_LT(read_file(options_.path).size(), 4U * 1024 * 1024);
}

TEST_F(DeadLettersTest, HalfALineIsCutOffAndOthersAreLeftOut) {
  const std::string good = make_line(letter("1")).text + "\n";
  write_file(options_.path, good + "rubbish\n{}\n" + good.substr(0, 30));
  {
    const auto letters = open();
    EXPECT_THAT(keys(*letters), ElementsAre("1"));
    EXPECT_TRUE(add(*letters, letter("2")));
  }
  EXPECT_EQ(read_file(options_.path), good + "rubbish\n{}\n" + make_line(letter("2")).text + "\n");
  EXPECT_THAT(keys(*open()), ElementsAre("1", "2"));
}

TEST_F(DeadLettersTest, AFileBelongsToOneProcess) {
  const auto letters = open();
  std::string message;
  EXPECT_EQ(DeadLetters::open(options_, message), nullptr);
  EXPECT_THAT(message, HasSubstr("purge.dead_letters.path"));
  options_.path = "/nowhere/dead.jsonl";
  EXPECT_EQ(DeadLetters::open(options_, message), nullptr);
  EXPECT_THAT(message, HasSubstr("/nowhere"));
}

TEST_F(DeadLettersTest, WithoutAPathTheyAreInMemory) {
  options_.path.clear();
  {
    const auto letters = open();
    EXPECT_TRUE(add(*letters, letter("1")));
    EXPECT_THAT(keys(*letters), ElementsAre("1"));
  }
  EXPECT_THAT(keys(*open()), IsEmpty());
}

// /dev/full takes nothing: the letter is not promised, and not in the list.
TEST_F(DeadLettersTest, WhatCannotBeWrittenIsSaid) {
  options_.path = "/dev/full";
  const auto letters = open();
  EXPECT_FALSE(add(*letters, letter("1")));
  EXPECT_THAT(keys(*letters), IsEmpty());
}

}  // namespace
}  // namespace brink::purge
