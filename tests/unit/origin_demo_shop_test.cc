// Harbour Goods: what a cache is told about its pages, and how they change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "origin/demo_origin.h"
#include "origin/shop.h"
#include "origin_demo_client.h"

namespace brink::origin::demo_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class DemoShopTest : public ::testing::Test {
 protected:
  DemoShopTest() : clock_(TimePoint{std::chrono::seconds{1'790'000'000}}) {
    origin_ = std::move(*DemoOrigin::create({.address = "127.0.0.1:0", .clock = &clock_}));
    client_ = std::make_unique<Client>(origin_->port());
  }
  VirtualClock clock_;
  std::unique_ptr<DemoOrigin> origin_;
  std::unique_ptr<Client> client_;
};

TEST_F(DemoShopTest, EveryPageAndAssetIsThereAndCanBeValidated) {
  std::vector<std::string> urls = {
      "/",           "/about",       "/search?q=wool",      "/assets/style.css", "/assets/shop.js",
      "/robots.txt", "/sitemap.xml", "/images/harbour.png", "/favicon.svg",      "/api/products"};
  for (const ShopCategory& category : shop_categories()) {
    urls.push_back("/category/" + std::string(category.slug));
  }
  for (const ShopProduct& product : shop_products()) {
    urls.push_back("/product/" + std::to_string(product.id));
    urls.push_back("/images/product-" + std::to_string(product.id) + ".svg");
    urls.push_back("/api/products/" + std::to_string(product.id));
  }
  for (const std::string& url : urls) {
    const Response whole = client_->get(url);
    EXPECT_EQ(whole.status, 200) << url;
    EXPECT_THAT(whole.field("Cache-Control"), StartsWith("public, max-age=")) << url;
    EXPECT_THAT(whole.field("Surrogate-Key"), HasSubstr("shop")) << url;
    EXPECT_EQ(whole.field("Last-Modified"), "Mon, 02 Jun 2025 09:00:00 GMT") << url;
    EXPECT_EQ(client_->get(url).field("ETag"), whole.field("ETag")) << url;
    const Response same = client_->get(url, "If-None-Match: " + whole.field("ETag") + "\r\n");
    EXPECT_EQ(same.status, 304) << url;
    EXPECT_EQ(same.field("Cache-Control"), whole.field("Cache-Control")) << url;
    const Response head = client_->get(url, "", "HEAD");
    EXPECT_EQ(head.field("Content-Length"), std::to_string(whole.body.size())) << url;
  }
}

TEST_F(DemoShopTest, TagsNameWhatAPageShows) {
  const Response product = client_->get("/product/7");
  EXPECT_EQ(product.field("Surrogate-Key"), "product-7 category-2 shop");
  EXPECT_EQ(product.field("Cache-Groups"), "\"product-7\", \"category-2\", \"shop\"");
  EXPECT_THAT(client_->get("/category/deck").field("Surrogate-Key"), HasSubstr("product-7"));
  EXPECT_EQ(client_->get("/product/25").status, 404);
  EXPECT_EQ(client_->get("/product/007").status, 404);
  EXPECT_EQ(client_->get("/product/0").status, 404);
}

TEST_F(DemoShopTest, ANewPriceIsANewRepresentation) {
  const Response before = client_->get("/product/7");
  EXPECT_THAT(before.body, HasSubstr("€ 89.00"));
  clock_.advance(Millis{5'000});
  const Response change = client_->post("/product/7?price=12.5", "");
  EXPECT_EQ(change.status, 200);
  EXPECT_EQ(change.field("Cache-Control"), "no-store");
  EXPECT_EQ(change.field("Cache-Group-Invalidation"), "\"product-7\"");
  const Response after =
      client_->get("/product/7", "If-None-Match: " + before.field("ETag") + "\r\n");
  EXPECT_EQ(after.status, 200);
  EXPECT_THAT(after.body, HasSubstr("€ 12.50"));
  EXPECT_NE(after.field("Last-Modified"), before.field("Last-Modified"));
  EXPECT_THAT(client_->get("/category/deck").body, HasSubstr("€ 12.50"));

  EXPECT_EQ(client_->post("/api/products/7", "{\"price\": 13.75}", "PUT").status, 200);
  EXPECT_THAT(client_->get("/api/products/7").body, HasSubstr("\"price\": 13.75"));
  EXPECT_EQ(client_->post("/product/7", "price=14").status, 200);
  EXPECT_THAT(client_->post("/product/7", "").body, HasSubstr("€ 15.00"));  // one more
  for (const char* price : {"-1", "1.234", "1e3", "x", "", "100000", "1."}) {
    EXPECT_EQ(client_->post("/product/7?price=" + std::string(price), "").status, 400) << price;
  }
}

TEST_F(DemoShopTest, WhatIsPrivateSaysSo) {
  const Response added = client_->post("/cart?add=7", "");
  EXPECT_EQ(added.status, 303);
  EXPECT_THAT(added.field("Set-Cookie"), StartsWith("cart=7;"));
  const Response cart = client_->get("/cart", "Cookie: a=b; cart=7.99.x.3\r\n");
  EXPECT_THAT(cart.body, HasSubstr("€ 111.00"));
  EXPECT_EQ(cart.field("Cache-Control"), "private, no-cache");
  EXPECT_EQ(cart.field("CDN-Cache-Control"), "");
  const Response login = client_->get("/login");
  EXPECT_THAT(login.field("Set-Cookie"), StartsWith("session="));
  EXPECT_EQ(login.field("Cache-Control"), "private, no-cache");
  const Response named = client_->post("/login", "name=%3Cb%3E;+x");
  EXPECT_THAT(named.field("Set-Cookie"), StartsWith("sailor=%3Cb%3E%3B%20x; "));
  EXPECT_THAT(client_->get("/login", "Cookie: sailor=%3Cb%3E\r\n").body, HasSubstr("&lt;b&gt;"));
}

TEST_F(DemoShopTest, SearchEscapesWhatItQuotes) {
  const Response found = client_->get("/search?q=LANTERN");
  EXPECT_THAT(found.body, HasSubstr("Breakwater Lantern"));
  const Response none = client_->get("/search?q=%22%3E%3Cscript%3E");
  EXPECT_THAT(none.body, Not(HasSubstr("\"><script>")));
  EXPECT_EQ(client_->get("/search?q=%ff%zz").status, 200);
}

TEST_F(DemoShopTest, WhatChangesOnEveryLookChanges) {
  EXPECT_NE(client_->get("/now").body, client_->get("/now").body);
  EXPECT_NE(client_->get("/random").body, client_->get("/random").body);
  const Response stock = client_->get("/api/stock/7");
  EXPECT_EQ(stock.field("Cache-Control"), "no-store");
  EXPECT_NE(stock.body, client_->get("/api/stock/7").body);
}

TEST_F(DemoShopTest, VersionSaysWhatItWasSetTo) {
  const Response one = client_->get("/version");
  EXPECT_EQ(one.body, "version 1\n");
  EXPECT_EQ(client_->post("/version?set=2", "").status, 200);
  EXPECT_EQ(client_->get("/version").body, "version 2\n");
  EXPECT_NE(client_->get("/version").field("ETag"), one.field("ETag"));
  EXPECT_EQ(client_->post("/version", "").status, 400);
}

struct LanguageRow {
  std::string_view accept;
  std::string_view language;
};

TEST_F(DemoShopTest, LanguageByWeight) {
  for (const LanguageRow& row : {LanguageRow{"", "en"},
                                 {"de", "de"},
                                 {"de-AT,en;q=0.5", "de"},
                                 {"en;q=0.2, fr;q=0.9", "fr"},
                                 {"xx", "en"},
                                 {"de;q=0", "en"},
                                 {"ES", "es"},
                                 {"it;q=0.001,xx", "it"}}) {
    const Response response =
        client_->get("/vary/language", "Accept-Language: " + std::string(row.accept) + "\r\n");
    EXPECT_EQ(response.field("Content-Language"), row.language) << row.accept;
    EXPECT_EQ(response.field("Vary"), "Accept-Language");
  }
}

TEST_F(DemoShopTest, EncodingByWhatIsAccepted) {
  EXPECT_EQ(client_->get("/vary/encoding").field("Content-Encoding"), "");
  EXPECT_EQ(
      client_->get("/vary/encoding", "Accept-Encoding: gzip;q=0\r\n").field("Content-Encoding"),
      "");
  const Response gzip = client_->get("/vary/encoding", "Accept-Encoding: br, gzip\r\n");
  EXPECT_EQ(gzip.field("Content-Encoding"), "gzip");
  EXPECT_THAT(gzip.body, StartsWith("\x1f\x8b"));
}

TEST_F(DemoShopTest, ThePictureIsAPng) {
  const std::string png = client_->get("/images/harbour.png").body;
  EXPECT_GT(png.size(), 500'000U);
  EXPECT_THAT(png, StartsWith("\x89PNG\r\n"));
}

}  // namespace
}  // namespace brink::origin::demo_test
