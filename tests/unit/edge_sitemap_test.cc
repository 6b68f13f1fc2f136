// Sitemaps, also those that were made to do harm.

#include <gtest/gtest.h>
#include <zlib.h>

#include "edge/sitemap.h"

namespace brink::edge {
namespace {

using Texts = std::vector<std::string>;

constexpr SitemapLimits kLimits{.bytes = 1 << 20, .locations = 100, .text_bytes = 10'000};

Sitemap read(std::string_view text, const SitemapLimits& limits = kLimits,
             std::size_t piece = 100'000) {
  SitemapReader reader(limits);
  while (!text.empty() && reader.take(text.substr(0, piece)))
    text.remove_prefix(std::min(piece, text.size()));
  return reader.end();
}

std::string gzip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

constexpr std::string_view kPlain = R"(<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
  <!-- <url><loc>http://a.test/comment</loc></url> -->
  <url><loc>
    http://a.test/?a=1&amp;b=&#50;  </loc><lastmod>2026-01-01</lastmod>
    <image:image><image:loc>http://a.test/image.png</image:loc></image:image></url>
  <url><lastmod>2026</lastmod><loc><![CDATA[http://a.test/<c>]]></loc></url>
  <other><loc>http://a.test/other</loc></other>
  <loc>http://a.test/stray</loc>
  <url><loc/></url>
</urlset>)";

TEST(Sitemap, SaysItsLocations) {
  for (const std::size_t piece : {1UL, 7UL, 100'000UL}) {
    const Sitemap sitemap = read(kPlain, kLimits, piece);
    EXPECT_EQ(sitemap.error, "");
    EXPECT_FALSE(sitemap.is_index);
    EXPECT_EQ(sitemap.locations, (Texts{"http://a.test/?a=1&b=2", "http://a.test/<c>"}));
    EXPECT_EQ(sitemap.skipped, 1U);
    EXPECT_EQ(sitemap.bytes, kPlain.size());
  }
}

TEST(Sitemap, AnIndexAndPrefixesAreRead) {
  const Sitemap index = read(
      "<s:sitemapindex xmlns:s='x'><s:sitemap><s:loc>http://a.test/1</s:loc></s:sitemap>"
      "<s:url><s:loc>http://a.test/2</s:loc></s:url></s:sitemapindex>");
  EXPECT_TRUE(index.is_index);
  EXPECT_EQ(index.locations, Texts{"http://a.test/1"});
}

TEST(Sitemap, GzipIsRecognised) {
  for (const std::size_t piece : {1UL, 100'000UL}) {
    EXPECT_EQ(read(gzip(kPlain), kLimits, piece).locations, read(kPlain).locations);
    const std::string members = gzip(kPlain.substr(0, 300)) + gzip(kPlain.substr(300));
    EXPECT_EQ(read(members, kLimits, piece).locations, read(kPlain).locations);
  }
  const std::string whole = gzip(kPlain);
  EXPECT_NE(read(std::string_view(whole).substr(0, whole.size() - 9)).error, "");
  std::string damaged = whole;
  damaged[whole.size() / 2] = static_cast<char>(~damaged[whole.size() / 2]);
  EXPECT_NE(read(damaged).error, "");
  EXPECT_NE(read("\x1f\x8bnonsense").error, "");
}

TEST(Sitemap, WhatIsNoneIsRefused) {
  EXPECT_EQ(read("").error, "it is empty");
  for (const std::string_view text : {
           "nonsense",
           "<html><loc>http://a.test/</loc></html>",
           "<urlset><url><loc>http://a.test/</loc></url>",
           "<urlset><url></loc></urlset>",
           "<urlset>&unknown;</urlset>",
           "<urlset></urlset><urlset></urlset>",
           "<?xml version='1.0' encoding='klingon'?><urlset></urlset>",
           "<urlset>\xff\xfe</urlset>",
           "<!DOCTYPE urlset><urlset></urlset>",
           "<!DOCTYPE urlset [<!ENTITY a 'aaaa'><!ENTITY b "
           "'&a;&a;&a;'>]><urlset><url><loc>&b;</loc></url></urlset>",
           "<!DOCTYPE u [<!ENTITY x SYSTEM "
           "'file:///etc/passwd'>]><urlset><url><loc>&x;</loc></url></urlset>",
       }) {
    const Sitemap sitemap = read(text);
    EXPECT_NE(sitemap.error, "") << text;
  }
  EXPECT_NE(read("<!DOCTYPE urlset><urlset></urlset>").error.find("document type"),
            std::string::npos);
}

TEST(Sitemap, EverythingIsBounded) {
  std::string deep = "<urlset>";
  for (int i = 0; i < 100; ++i)
    deep += "<url>";
  EXPECT_NE(read(deep).error.find("too deeply"), std::string::npos);

  const std::string long_location = "<urlset><url><loc>http://a.test/" + std::string(5'000, 'x') +
                                    "</loc></url>" +
                                    "<url><loc>http://a.test/short</loc></url></urlset>";
  EXPECT_EQ(read(long_location).locations, Texts{"http://a.test/short"});
  EXPECT_EQ(read(long_location).skipped, 1U);

  std::string many = "<urlset>";
  for (int i = 0; i < 200; ++i)
    many += "<url><loc>http://a.test/" + std::to_string(i) + "</loc></url>";
  many += "</urlset>";
  EXPECT_EQ(read(many).locations.size(), 100U);
  EXPECT_TRUE(read(many).truncated);
  EXPECT_EQ(read(many).error, "");
  EXPECT_EQ(read(many, {.bytes = 1 << 20, .locations = 1'000, .text_bytes = 160}).locations.size(),
            10U);

  EXPECT_NE(read(many, {.bytes = 1'000, .locations = 1'000, .text_bytes = 10'000})
                .error.find("sitemap_bytes"),
            std::string::npos);
  const std::string bomb = gzip("<urlset>" + std::string(10'000'000, ' '));
  const Sitemap blown = read(bomb);
  EXPECT_NE(blown.error.find("sitemap_bytes"), std::string::npos);
  EXPECT_LE(blown.bytes, kLimits.bytes + 64 * 1024);

  const std::string tag = "<urlset a='" + std::string(600'000, 'x') + "'></urlset>";
  EXPECT_NE(read(tag, kLimits, 1'000).error.find("256 KiB"), std::string::npos);
}

}  // namespace
}  // namespace brink::edge
