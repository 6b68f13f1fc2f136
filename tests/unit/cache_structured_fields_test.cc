// RFC 9651: parsing (§4.2) and canonical serialisation (§4.1).
#include "cache_support.h"
#include "edge/cache/structured_fields.h"

namespace brink::edge::cache::sf {
namespace {

using namespace std::string_view_literals;

struct Row {
  std::string_view input;
  std::string_view canonical;
};

std::string canonical_item(std::string_view input) {
  const auto item = parse_item(input);
  std::string out;
  return item && serialise_item(*item, out) ? out : "FAIL";
}
std::string canonical_list(std::string_view input) {
  const auto list = parse_list(input);
  std::string out;
  return list && serialise_list(*list, out) ? out : "FAIL";
}
std::string canonical_dictionary(std::string_view input) {
  const auto dictionary = parse_dictionary(input);
  std::string out;
  return dictionary && serialise_dictionary(*dictionary, out) ? out : "FAIL";
}

TEST(StructuredFields, Items) {
  const Row rows[] = {
      // integers (§3.3.1)
      {"0", "0"},
      {"42", "42"},
      {"-42", "-42"},
      {"-0", "0"},
      {"0042", "42"},
      {"  42  ", "42"},
      {"999999999999999", "999999999999999"},
      {"-999999999999999", "-999999999999999"},
      // decimals (§3.3.2)
      {"4.5", "4.5"},
      {"-0.5", "-0.5"},
      {"4.500", "4.5"},
      {"4.0", "4.0"},
      {"4.05", "4.05"},
      {"4.125", "4.125"},
      {"999999999999.999", "999999999999.999"},
      // strings (§3.3.3)
      {"\"\"", "\"\""},
      {"\"hello, world\"", "\"hello, world\""},
      {"\"a\\\"b\\\\c\"", "\"a\\\"b\\\\c\""},
      // tokens (§3.3.4)
      {"foo", "foo"},
      {"*foo123/456:x", "*foo123/456:x"},
      {"A!#$%&'*+-.^_`|~", "A!#$%&'*+-.^_`|~"},
      // byte sequences (§3.3.5)
      {":cHJldGVuZCB0aGlzIGlzIGJpbmFyeSBjb250ZW50Lg==:",
       ":cHJldGVuZCB0aGlzIGlzIGJpbmFyeSBjb250ZW50Lg==:"},
      {"::", "::"},
      {":YQ:", ":YQ==:"},
      {":YWI=:", ":YWI=:"},
      {":YWJj:", ":YWJj:"},
      // booleans (§3.3.6), dates (§3.3.7), display strings (§3.3.8)
      {"?1", "?1"},
      {"?0", "?0"},
      {"@1659578233", "@1659578233"},
      {"@-5", "@-5"},
      {"%\"This is intended for display to %c3%bcsers.\"",
       "%\"This is intended for display to %c3%bcsers.\""},
      {"%\"%22%25\"", "%\"%22%25\""},
      {"%\"%41\"", "%\"A\""},
      // parameters (§3.1.2)
      {"a;b", "a;b"},
      {"a;b=?1;c=?0", "a;b;c=?0"},
      {"a; b=1;  c=\"x\"", "a;b=1;c=\"x\""},
      {"a;b=1;c=2;b=3", "a;b=3;c=2"},
      {"a;*x_y-z.1=t", "a;*x_y-z.1=t"},
  };
  for (const Row& row : rows)
    EXPECT_EQ(canonical_item(row.input), row.canonical) << row.input;
}

TEST(StructuredFields, RefusedItems) {
  const std::string_view rows[] = {
      "", " ", "\t1", "1\t", "1 2", "1,2",
      // numbers
      "-", "--1", "+1", "1000000000000000", "1.", ".1", "1.1234", "1234567890123.1", "1e3", "- 1",
      "1.-1",
      // strings
      "\"", "\"a", "\"\\a\"", "\"\\", "\"a\x7f\"", "\"a\tb\"", "\"\xc3\xbc\"", "'a'", "\"a\nb\"",
      // tokens
      "&", "~a", "a,", "a@b", "f\xc3\xbc",
      // byte sequences
      ":", ":a:", ":YQ=:", ":YQ===:", ":YWJj", ":Y Q:", ":_-:", ":YQ==YQ==:", ":=:",
      // booleans, dates, display strings
      "?", "?2", "?t", "? 1", "@", "@1.5", "@a", "@ 1", "%", "%a", "%\"", "%\"a", "%\"%\"",
      "%\"%c\"", "%\"%C3%BC\"", "%\"%c3\"", "%\"%c0%80\"", "%\"%ed%a0%80\"", "%\"%f5%80%80%80\"",
      "%\"\xc3\xbc\"", "%\"%e0%80%80\"", "%\"%f0%80%80%80\"", "%\"%f4%90%80%80\"", "%\"%80\"",
      // parameters
      "a;", "a;B", "a;b=", "a;b= 1", "a ;b", "a;b =1", "a;1", "a;b=(1)", "a;;b", "a;b=1;",
      // inner list where an item belongs
      "(1)", "()"};
  for (const std::string_view row : rows)
    EXPECT_FALSE(parse_item(row)) << row;
}

TEST(StructuredFields, Lists) {
  const Row rows[] = {
      {"", ""},
      {"  ", ""},
      {"a", "a"},
      {"a,b", "a, b"},
      {"a \t,\t b", "a, b"},
      {"sugar, tea, rum  ", "sugar, tea, rum"},
      {"(\"foo\" \"bar\"), (\"baz\"), ()", "(\"foo\" \"bar\"), (\"baz\"), ()"},
      {"( a   b )", "(a b)"},
      {"(a;x=1 b;y);lvl=5", "(a;x=1 b;y);lvl=5"},
      {"a;q=1.0, b", "a;q=1.0, b"},
      {"1, ?0, :YQ==:, \"a,b\"", "1, ?0, :YQ==:, \"a,b\""},
  };
  for (const Row& row : rows)
    EXPECT_EQ(canonical_list(row.input), row.canonical) << row.input;
  for (const std::string_view row :
       {",", "a,", "a,,b", ",a", "a b", "(", "(a", "(a b", "(a,b)", "(a\tb)", "((a))", "(a)b",
        "a, (", "(a\"b\")", "\ta", "a;", "a, &"}) {
    EXPECT_FALSE(parse_list(row)) << row;
  }
}

TEST(StructuredFields, Dictionaries) {
  const Row rows[] = {
      {"", ""},
      {"a=1", "a=1"},
      {"a=1,b=2", "a=1, b=2"},
      {"a=1 ,\tb", "a=1, b"},
      {"a", "a"},
      {"a=?1", "a"},
      {"a=?0", "a=?0"},
      {"a;x=1, b=?1;y", "a;x=1, b;y"},
      {"a=(1 2);q", "a=(1 2);q"},
      {"*a=1, b_c-d.e*=2", "*a=1, b_c-d.e*=2"},
      // a repeated key keeps its place and takes the last value (§4.2.2)
      {"a=1, b=2, a=3", "a=3, b=2"},
      {"a=1, a;x", "a;x"},
  };
  for (const Row& row : rows)
    EXPECT_EQ(canonical_dictionary(row.input), row.canonical) << row.input;
  for (const std::string_view row :
       {",", "a=1,", "a=", "a= 1", "a =1", "A=1", "1=a", "=1", "a=1;", "a=1 b=2", "a=1,,b=2", "a=&",
        "a==1", "\"a\"=1", "a=1, &&&&&"}) {
    EXPECT_FALSE(parse_dictionary(row)) << row;
  }
}

TEST(StructuredFields, ManyKeysStayInOrder) {
  std::string input;
  std::string expected;
  for (int i = 0; i < 200; ++i)
    input += "k" + std::to_string(i % 100) + "=" + std::to_string(i) + ",";
  input += "z";
  for (int i = 0; i < 100; ++i)
    expected += "k" + std::to_string(i) + "=" + std::to_string(i + 100) + ", ";
  expected += "z";
  EXPECT_EQ(canonical_dictionary(input), expected);
}

TEST(StructuredFields, TypesSurvive) {
  const auto type = [](std::string_view input) { return parse_item(input).value().value; };
  EXPECT_EQ(type("5"), BareItem{std::int64_t{5}});
  EXPECT_EQ(type("5.0"), BareItem{Decimal{5000}});
  EXPECT_EQ(type("-1.05"), BareItem{Decimal{-1050}});
  EXPECT_EQ(type("\"5\""), BareItem{std::string{"5"}});
  EXPECT_EQ(type("a5"), BareItem{Token{"a5"}});
  EXPECT_EQ(type(":YWJj:"), BareItem{ByteSequence{"abc"}});
  EXPECT_EQ(type("?1"), BareItem{true});
  EXPECT_EQ(type("@5"), BareItem{Date{5}});
  EXPECT_EQ(type("%\"%c3%bc\""), BareItem{DisplayString{"\xc3\xbc"}});
  const auto item = parse_item("a;b=1;c");
  ASSERT_TRUE(item);
  EXPECT_EQ(*find_parameter(item->parameters, "b"), BareItem{std::int64_t{1}});
  EXPECT_EQ(*find_parameter(item->parameters, "c"), BareItem{true});
  EXPECT_EQ(find_parameter(item->parameters, "d"), nullptr);
}

TEST(StructuredFields, WhatCannotBeSerialisedLeavesNothingBehind) {
  const BareItem impossible[] = {
      BareItem{std::int64_t{1'000'000'000'000'000}},
      BareItem{std::int64_t{-1'000'000'000'000'000}},
      BareItem{Decimal{1'000'000'000'000'000}},
      BareItem{std::string{"\xc3\xbc"}},
      BareItem{std::string{"a\nb"}},
      BareItem{Token{""}},
      BareItem{Token{"1a"}},
      BareItem{Token{"a b"}},
      BareItem{Date{1'000'000'000'000'000}},
      BareItem{DisplayString{"\xff"}},
  };
  for (const BareItem& value : impossible) {
    std::string out = "before";
    EXPECT_FALSE(serialise_item({value, {}}, out));
    EXPECT_FALSE(serialise_list({Item{true, {}}, InnerList{{{value, {}}}, {}}}, out));
    EXPECT_FALSE(serialise_dictionary({{"a", Item{value, {}}}}, out));
    EXPECT_FALSE(serialise_item({true, {{"a", value}}}, out));
    EXPECT_EQ(out, "before");
  }
  std::string out;
  EXPECT_FALSE(serialise_item({true, {{"A", true}}}, out));
  EXPECT_FALSE(serialise_dictionary({{"", Item{true, {}}}}, out));
  EXPECT_EQ(out, "");
}

TEST(StructuredFields, Appending) {
  std::string out;
  append_integer(-7, out);
  append_integer(INT64_MAX, out);
  append_integer(INT64_MIN, out);
  EXPECT_EQ(out, "-7999999999999999-999999999999999");
  out.clear();
  append_string(
      "a\"b\\c\n\xff"
      "d",
      out);
  EXPECT_EQ(out, "\"a\\\"b\\\\c??d\"");
  out.clear();
  append_token("uri-miss", out);
  append_token("1st", out);
  EXPECT_EQ(out, "uri-miss\"1st\"");
}

TEST(StructuredFields, Base64HoldsEveryByte) {
  for (std::size_t size = 0; size < 300; ++size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i)
      bytes.push_back(static_cast<char>(i * 7 + size));
    const Item item{ByteSequence{bytes}, {}};
    std::string text;
    ASSERT_TRUE(serialise_item(item, text));
    EXPECT_EQ(parse_item(text), item) << size;
  }
}

TEST(StructuredFields, NulIsJustAnotherRefusal) {
  EXPECT_FALSE(parse_item("a\0"sv));
  EXPECT_FALSE(parse_item("\"\0\""sv));
  EXPECT_FALSE(parse_dictionary("a=1\0"sv));
}

}  // namespace
}  // namespace brink::edge::cache::sf
