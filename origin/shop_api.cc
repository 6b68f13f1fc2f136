// The shop for programs.
#include <fmt/format.h>

#include "origin/demo_http.h"
#include "origin/demo_state.h"
#include "origin/demo_trials.h"
#include "origin/shop.h"
#include "origin/shop_parts.h"

namespace brink::origin {
namespace {

std::string product_json(const ShopState& shop, const ShopProduct& product) {
  const std::uint32_t cents = shop.price_cents[static_cast<std::size_t>(product.id)];
  return fmt::format(
      "{{\"id\": {}, \"name\": {}, \"category\": {}, \"price\": {}.{:02}, \"line\": {}, "
      "\"url\": \"/product/{}\", \"image\": \"/images/product-{}.svg\"}}",
      product.id, demo_json_string(product.name),
      demo_json_string(shop_categories()[static_cast<std::size_t>(product.category) - 1].slug),
      cents / 100, cents % 100, demo_json_string(product.line), product.id, product.id);
}

DemoReply json_reply(std::string json, std::string_view cache_control) {
  DemoReply reply = demo_text(std::move(json), cache_control);
  reply.set("Content-Type", "application/json");
  return reply;
}

DemoReply no_such_product() {
  DemoReply reply = json_reply("{\"error\": \"no such product\"}\n", "public, max-age=5");
  reply.status = 404;
  return reply;
}

}  // namespace

DemoReply shop_api_products(const DemoRequest&, DemoState& state) {
  std::string json = "{\"products\": [";
  std::string tags = "shop api";
  for (const ShopProduct& product : shop_products()) {
    json += fmt::format("{}\n  {}", product.id == 1 ? "" : ",", product_json(state.shop, product));
    tags += fmt::format(" product-{}", product.id);
  }
  DemoReply reply = json_reply(json + "\n]}\n", "public, max-age=10, s-maxage=60");
  reply.etag = demo_entity_tag(*reply.body.text());
  reply.last_modified = state.shop.changed[0];
  shop_tag(reply, tags);
  return reply;
}

DemoReply shop_api_product(const DemoRequest& request, DemoState& state) {
  const ShopProduct* product = shop_product(request.captures.at(0));
  if (!product) return no_such_product();
  const bool changes = request.method == "POST" || request.method == "PUT";
  if (changes && !shop_change_price(request, state.shop, *product)) {
    return demo_bad_request("A price is a number such as 12.50, below 100000.");
  }
  DemoReply reply =
      json_reply(product_json(state.shop, *product) + "\n",
                 "public, max-age=60, stale-while-revalidate=30, stale-if-error=86400");
  reply.etag = demo_entity_tag(*reply.body.text());
  reply.last_modified = state.shop.changed[static_cast<std::size_t>(product->id)];
  shop_tag(reply, shop_product_tags(*product) + " api");
  if (changes) shop_mark_change(reply, *product);
  return reply;
}

DemoReply shop_api_stock(const DemoRequest& request, DemoState& state) {
  const ShopProduct* product = shop_product(request.captures.at(0));
  if (!product) return no_such_product();
  const std::uint64_t left =
      1 + (++state.shop.stock_looks * 7 + static_cast<unsigned>(product->id)) % 90;
  return json_reply(fmt::format("{{\"id\": {}, \"left\": {}, \"look\": {}}}\n", product->id, left,
                                state.shop.stock_looks),
                    "no-store");
}

}  // namespace brink::origin
