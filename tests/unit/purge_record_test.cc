// Records and reports as text, there and back; what is no record of ours.

#include <gtest/gtest.h>

#include <set>

#include "purge/record.h"
#include "purge/report.h"

namespace brink::purge {
namespace {

Record round_trip(const Record& record) {
  const auto parsed = parse_record(to_json(record), record.sequence);
  EXPECT_TRUE(parsed.has_value()) << to_json(record);
  return parsed.has_value() ? *parsed : Record{};
}

Record purge(Selector::Kind kind, std::vector<std::string> values) {
  Record out;
  out.sequence = 7;
  out.id = "p-1";
  out.issued_at = TimePoint{Millis{1'700'000'000'123}};
  out.selector.kind = kind;
  out.selector.values = std::move(values);
  return out;
}

TEST(PurgeRecord, EverySelectorComesBackAsItWas) {
  using Kind = Selector::Kind;
  for (const Record& record :
       {purge(Kind::Urls, {"https://a/1", "http://b/2?x=\"\\"}), purge(Kind::Tags, {"t"}),
        purge(Kind::Prefix, {"a/b"}), purge(Kind::Pattern, {"*/x?"}), purge(Kind::Regex, {"a+$"}),
        purge(Kind::Host, {"shop.example.com"}), purge(Kind::All, {})}) {
    EXPECT_EQ(round_trip(record), record);
  }
}

TEST(PurgeRecord, EveryMemberComesBackAsItWas) {
  Record record = purge(Selector::Kind::Tags, {"a", "b"});
  record.selector.match_all = true;
  record.selector.site = "shop";
  record.soft = record.warm = true;
  record.by = "ops";
  record.from = "192.0.2.1 at fra-1";
  record.reason = "price\nchange \u00fc";
  EXPECT_EQ(round_trip(record), record);
  EXPECT_EQ(to_json(record).find('\n'), std::string::npos);

  Record version;
  version.sequence = 3;
  version.kind = Record::Kind::Version;
  version.id = "p-2";
  version.selector.site = "shop";
  version.version = "2026-11-22.1";
  version.percent = 5;
  EXPECT_EQ(round_trip(version), version);

  Record join;
  join.sequence = 4;
  join.kind = Record::Kind::Join;
  join.id = "j-1";
  join.node = "fra-1";
  join.pop = "fra";
  join.role = "edge";
  join.instance = "x";
  EXPECT_EQ(round_trip(join), join);
  join.kind = Record::Kind::Leave;
  EXPECT_EQ(round_trip(join), join);
}

TEST(PurgeRecord, MembersOfLaterVersionsAreIgnored) {
  const auto parsed = parse_record(
      R"({"kind":"purge","id":"p-1","issued_at":1,"selector":{"all":true},"later":[1]})", 9);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->sequence, 9U);
}

TEST(PurgeRecord, WhatIsNoRecordIsRefused) {
  for (const char* text :
       {"", "[]", "{", R"({"kind":"purge"})", R"({"kind":"dance","id":"x"})",
        R"({"kind":"purge","id":"","selector":{"all":true}})",
        R"({"kind":"purge","id":"x","selector":{}})",
        R"({"kind":"purge","id":"x","selector":{"all":false}})",
        R"({"kind":"purge","id":"x","selector":{"all":true,"host":"h"}})",
        R"({"kind":"purge","id":"x","selector":{"prefix":""}})",
        R"({"kind":"purge","id":"x","selector":{"urls":[]}})",
        R"({"kind":"purge","id":"x","selector":{"urls":[1]}})",
        R"({"kind":"purge","id":"x","selector":{"all":true},"soft":1})",
        R"({"kind":"version","id":"x","version":"1"})",
        R"({"kind":"version","id":"x","site":"s","percent":0})", R"({"kind":"join","id":"x"})"}) {
    const auto parsed = parse_record(text, 1);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().side, Side::Store);
  }
}

TEST(PurgeRecord, IdsDiffer) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i)
    ids.insert(make_record_id());
  EXPECT_EQ(ids.size(), 1000U);
  EXPECT_EQ(ids.begin()->size(), 22U);
  EXPECT_TRUE(ids.begin()->starts_with("p-"));
}

TEST(PurgeReport, ComesBackAsItWas) {
  const Report report{"fra-1", "fra", "edge", "i1", 42, true, {{40, 3, 5, 1000}, {42, 0, {}, {}}}};
  const auto parsed = parse_report(to_json(report));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(*parsed, report);
  for (const char* text :
       {"", "{}", R"({"node":"a","applied":-1})", R"({"node":"a","applied":1,"receipts":[[1,2]]})",
        R"({"node":"a","applied":1,"receipts":[[1,-2,null,null]]})"}) {
    EXPECT_FALSE(parse_report(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace brink::purge
