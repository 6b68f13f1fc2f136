#include "origin/shop_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "origin/demo_http.h"

namespace brink::origin {
namespace {

constexpr std::uint32_t kMostCents = 10'000'000;

// "12", "12.5", "12.50".
std::optional<std::uint32_t> parse_cents(std::string_view text) {
  const std::size_t point = text.find('.');
  const auto whole = demo_parse_number(text.substr(0, point), kMostCents / 100 - 1);
  if (!whole) return std::nullopt;
  std::uint64_t cents = *whole * 100;
  if (point != std::string_view::npos) {
    const std::string_view digits = text.substr(point + 1);
    const auto fraction = demo_parse_number(digits, 99);
    if (!fraction || digits.size() > 2) return std::nullopt;
    cents += digits.size() == 1 ? *fraction * 10 : *fraction;
  }
  return static_cast<std::uint32_t>(cents);
}

// The number after "price" in a small JSON object. Anything more than that is not for a demo.
std::optional<std::string> json_price(std::string_view json) {
  constexpr std::string_view kName = "\"price\"";
  const std::size_t name = json.find(kName);
  if (name == std::string_view::npos) return std::nullopt;
  const std::size_t begin = json.find_first_not_of(" \t\r\n:", name + kName.size());
  if (begin == std::string_view::npos) return std::string();
  const std::size_t end = json.find_first_of(" \t\r\n,}", begin);
  return std::string(json.substr(begin, end == std::string_view::npos ? end : end - begin));
}

}  // namespace

std::string shop_product_tags(const ShopProduct& product) {
  return fmt::format("product-{} category-{} shop", product.id, product.category);
}

std::string shop_card_html(const ShopState& shop, const ShopProduct& product) {
  return fmt::format(
      "<li><article class=card><a href=\"/product/{0}\"><img src=\"/images/product-{0}.svg\" "
      "alt=\"\" "
      "width=400 height=400 loading=lazy><div class=text><h3>{1}</h3><p>{2}</p><div class=price>{3}"
      "</div></div></a></article>\n",
      product.id, demo_escape_html(product.name), demo_escape_html(product.line),
      shop_price(shop.price_cents[static_cast<std::size_t>(product.id)]));
}

std::string shop_product_html(const ShopState& shop, const ShopProduct& product) {
  const ShopCategory& category = shop_categories()[static_cast<std::size_t>(product.category) - 1];
  const std::uint32_t cents = shop.price_cents[static_cast<std::size_t>(product.id)];
  std::string html = fmt::format(
      "<p class=crumbs><a href=\"/\">Harbour</a> / <a href=\"/category/{}\">{}</a></p>"
      "<div class=product><img src=\"/images/product-{}.svg\" alt=\"{}\" width=400 "
      "height=400><div>",
      category.slug, demo_escape_html(category.name), product.id, demo_escape_html(product.name));
  html += fmt::format(
      "<h1>{}</h1><p class=lead>{}</p><p class=price>{}</p><p>{}</p>"
      "<form method=post action=\"/cart?add={}\"><button>Put it in the cart</button></form>"
      "<p class=stock><span data-stock=\"{}\">Counting…</span></p>",
      demo_escape_html(product.name), demo_escape_html(product.line), shop_price(cents),
      demo_escape_html(product.story), product.id, product.id);
  html += fmt::format(
      "<details><summary>For the shopkeeper</summary><p class=quiet>A new price changes this page "
      "and "
      "every list that shows it. Sent through a cache it also invalidates them there; sent "
      "straight to "
      "the origin it waits for a purge of <code>product-{}</code>.</p><form method=post class=row "
      "action=\"/product/{}\"><input type=number name=price min=0 max=99999 step=0.01 "
      "value=\"{}.{:02}\" aria-label=\"Price\"><button>Change the price</button></form></details>"
      "</div></div>",
      product.id, product.id, cents / 100, cents % 100);
  html += fmt::format("<h2>From the same shelf</h2><ul class=grid>");
  for (const ShopProduct& other : shop_products()) {
    const int distance = (other.id - product.id + 6) % 6;
    const bool near = other.category == product.category && distance >= 1 && distance <= 4;
    if (near) html += shop_card_html(shop, other);
  }
  return html + "</ul>";
}

bool shop_change_price(const DemoRequest& request, ShopState& shop, const ShopProduct& product) {
  const auto id = static_cast<std::size_t>(product.id);
  auto named = request.parameter("price");
  if (!named) named = json_price(request.body);
  const auto cents = named ? parse_cents(*named) : std::optional(shop.price_cents[id] + 100);
  if (!cents || *cents >= kMostCents) return false;
  shop.price_cents[id] = *cents;
  shop.changed[id] = request.now;
  shop.changed[0] = std::max(shop.changed[0], request.now);
  return true;
}

void shop_mark_change(DemoReply& reply, const ShopProduct& product) {
  reply.set("Cache-Control", "no-store");
  std::erase_if(reply.fields, [](const auto& f) { return f.first == "CDN-Cache-Control"; });
  reply.set("Cache-Group-Invalidation", fmt::format("\"product-{}\"", product.id));
}

}  // namespace brink::origin
