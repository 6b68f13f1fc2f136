// The schema holds each option once: it must agree with the structs, and the page with it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <set>

#include "config/reader.h"
#include "config/schema.h"
#include "config_support.h"

namespace brink::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using Visit = std::function<void(const Key&, const Section&, const std::string& path)>;

void visit_keys(const Section& section, const std::string& path, const Visit& visit) {
  for (const Key& key : section.keys) {
    const std::string here = path + "." + std::string(key.name);
    visit(key, section, here);
    if (key.section != nullptr) visit_keys(*key.section, here, visit);
  }
}

bool is_empty(const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return true;
  if (const auto* text = std::get_if<std::string>(&value)) return text->empty();
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) return list->empty();
  if (const auto* list = std::get_if<std::vector<std::uint64_t>>(&value)) return list->empty();
  return false;
}

TEST(ConfigSchema, DefaultsAreTheStructs) {
  int keys = 0;
  visit_keys(root_section(), "",
             [&](const Key& key, const Section& section, const std::string& path) {
               if (key.set == nullptr) return;
               ++keys;
               const auto untouched = section.fresh();
               if (key.fallback.empty()) {
                 EXPECT_TRUE(is_empty(key.get(untouched.get())))
                     << path << " has a default that the schema does not name";
                 return;
               }
               const YamlTree tree = parse_yaml(key.fallback);
               ASSERT_TRUE(tree.root) << path;
               const auto assigned = section.fresh();
               Places places;
               Findings findings;
               read_key(key, assigned.get(), *tree.root, path, places, findings);
               EXPECT_TRUE(findings.is_clean("")) << path << ": the default is not valid";
               EXPECT_EQ(key.get(assigned.get()), key.get(untouched.get())) << path;
             });
  EXPECT_GT(keys, 70);
}

TEST(ConfigSchema, EveryKeyHasAMeaning) {
  visit_keys(root_section(), "",
             [](const Key& key, const Section& section, const std::string& path) {
               if (key.type == Type::Merged) return;
               EXPECT_FALSE(key.text.empty()) << path;
               EXPECT_LE(key.text.size(), 220U) << path << ": one or two sentences";
               if (key.type != Type::NotBuilt) {
                 EXPECT_EQ(key.text.back(), '.') << path;
               }
               EXPECT_EQ(key.text.find('|'), std::string_view::npos) << path;
               EXPECT_LE(key.least, key.most) << path;
               if (key.type == Type::Choice) {
                 EXPECT_FALSE(key.choices.empty()) << path;
               }
               if (key.type == Type::Map || key.type == Type::Maps) {
                 EXPECT_TRUE(!key.example.empty() || !key.scalar_key.empty()) << path;
               }
               EXPECT_TRUE(section.fresh() != nullptr);
             });
}

TEST(ConfigSchema, NoMapNamesAKeyTwice) {
  std::set<std::string> paths;
  visit_keys(root_section(), "", [&](const Key& key, const Section&, const std::string& path) {
    if (key.type != Type::Merged) {
      EXPECT_TRUE(paths.insert(path).second) << path;
    }
  });
}

// Every range refuses what is just outside, and every example of a map can be read.
TEST(ConfigSchema, RangesHold) {
  visit_keys(root_section(), "",
             [](const Key& key, const Section& section, const std::string& path) {
               if (key.most <= 0 || key.type == Type::Ratio) return;
               const auto read = [&](double number) {
                 YamlNode node;
                 node.kind = YamlNode::Kind::Scalar;
                 node.text = std::to_string(static_cast<std::uint64_t>(number)) +
                             (key.type == Type::Duration ? "ms" : "");
                 Places places;
                 Findings findings;
                 const auto object = section.fresh();
                 read_key(key, object.get(), node, path, places, findings);
                 return findings.is_clean("");
               };
               EXPECT_TRUE(read(key.least)) << path;
               EXPECT_TRUE(read(key.most)) << path;
               EXPECT_FALSE(read(key.most + 1)) << path;
               if (key.least > 0) {
                 EXPECT_FALSE(read(key.least - 1)) << path;
               }
             });
}

// BRINK_UPDATE_DOCS=1 writes the page anew, as `brink check --explain --markdown` prints it.
TEST(ConfigReference, PageIsTheOneInDocs) {
  const std::string path = repository_path("docs/configuration.md");
  if (std::getenv("BRINK_UPDATE_DOCS") != nullptr)
    std::ofstream(path, std::ios::binary) << reference_page();
  EXPECT_EQ(read_text(path), reference_page()) << "docs/configuration.md is made from the schema: "
                                                  "run this test once with BRINK_UPDATE_DOCS=1";
}

TEST(ConfigReference, PageNamesEveryKey) {
  const std::string page = reference_page();
  for (const Key& key : root_section().keys) {
    EXPECT_NE(page.find("## " + std::string(key.name)), std::string::npos) << key.name;
    visit_keys(*key.section, "", [&](const Key& inner, const Section&, const std::string& path) {
      if (inner.type == Type::Merged) return;
      EXPECT_NE(page.find("| `" + std::string(inner.name) + "` |"), std::string::npos) << path;
    });
  }
  EXPECT_NE(page.find("## sites[].origin.health"), std::string::npos);
}

TEST(ConfigReference, ExplainsKeysByAnyPath) {
  EXPECT_THAT(explain_key("cache.memory"), HasSubstr("default 256MiB, 1MiB to 16TiB"));
  EXPECT_THAT(explain_key("cache.memory"), Not(HasSubstr("max_response")));
  EXPECT_EQ(explain_key("sites[3].origin.servers[0]"), explain_key("sites[].origin.servers"));
  EXPECT_EQ(explain_key("sites.origin.servers"), explain_key("sites[].origin.servers"));
  EXPECT_THAT(explain_key("sites[].origin"), HasSubstr("sites[].origin.health.interval"));
  EXPECT_THAT(explain_key("sites[].paths[].freshness"), HasSubstr("Freshness lifetime"));
  EXPECT_THAT(explain_key("tier.upstream.retries"), HasSubstr("Further attempts"));
  EXPECT_THAT(explain_key(""), HasSubstr("purge.nats.stream"));
  for (const char* unknown :
       {"x", "cache.x", "cache.memory.x", ".", "cache..memory", "tier.upstream.servers"}) {
    EXPECT_EQ(explain_key(unknown), "") << unknown;
  }
}

}  // namespace
}  // namespace brink::config
