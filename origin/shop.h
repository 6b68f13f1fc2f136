#pragma once
// Harbour Goods, the made-up shop of the demo origin: what it sells and how it looks.
// Every function is pure except for the state that it is given.

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "config/runtime/clock.h"
#include "origin/demo_message.h"

namespace brink::origin {

struct DemoState;

inline constexpr int kShopProducts = 24;
inline constexpr int kShopCategories = 4;
// Last-Modified of everything that was never changed.
inline constexpr TimePoint kShopOpened{
    std::chrono::sys_days{std::chrono::year{2025} / std::chrono::June / 2} + std::chrono::hours{9}};

enum class ShopMotif : std::uint8_t {
  Mug,
  Kettle,
  Bowl,
  Jar,
  Lantern,
  Rope,
  Buoy,
  Anchor,
  Jumper,
  Beanie,
  Blanket,
  Bag,
  Chart,
  Book,
  Compass,
  Boat,
};

struct ShopProduct {
  int id;        // 1 … kShopProducts
  int category;  // 1 … kShopCategories
  std::string_view name;
  std::string_view line;   // one sentence for the lists
  std::string_view story;  // a paragraph for its page
  std::uint32_t price_cents;
  ShopMotif motif;
  std::string_view ground;  // colours of its picture
  std::string_view main;
  std::string_view accent;
};

struct ShopCategory {
  int id;
  std::string_view slug;
  std::string_view name;
  std::string_view line;
};

std::span<const ShopProduct> shop_products();
std::span<const ShopCategory> shop_categories();
// Null when there is none.
const ShopProduct* shop_product(std::string_view id);
const ShopCategory* shop_category(std::string_view slug);

// What changes in the shop: prices (POST, PUT) and stock (every look at it).
struct ShopState {
  ShopState();
  std::array<std::uint32_t, kShopProducts + 1> price_cents;  // by id
  std::array<TimePoint, kShopProducts + 1> changed;          // by id; [0] = the latest of all
  std::uint64_t stock_looks = 0;
};
std::string shop_price(std::uint32_t cents);  // "€ 24.50"

// Pictures (shop_assets.cc, shop_motifs.cc).
std::string shop_product_svg(const ShopProduct& product);
std::string shop_motif_svg(ShopMotif motif, std::string_view main, std::string_view accent);
std::string_view shop_icon_svg();
std::string shop_hero_svg();  // for use inside a page
// The harbour at dusk, 1280 × 720, made by arithmetic on first use: a raster image of about 0.9 MB.
std::shared_ptr<const std::string> shop_harbour_png();
std::string_view shop_style_css();
std::string_view shop_script_js();

// Handlers for the table in demo_routes.cc.
DemoReply shop_home(const DemoRequest&, DemoState&);
DemoReply shop_category_page(const DemoRequest&, DemoState&);
DemoReply shop_product_page(const DemoRequest&,
                            DemoState&);  // GET, HEAD; POST and PUT set the price
DemoReply shop_about(const DemoRequest&, DemoState&);
DemoReply shop_search(const DemoRequest&, DemoState&);
DemoReply shop_cart(const DemoRequest&, DemoState&);
DemoReply shop_login(const DemoRequest&, DemoState&);
DemoReply shop_style(const DemoRequest&, DemoState&);
DemoReply shop_script(const DemoRequest&, DemoState&);
DemoReply shop_icon(const DemoRequest&, DemoState&);
DemoReply shop_harbour(const DemoRequest&, DemoState&);
DemoReply shop_product_image(const DemoRequest&, DemoState&);
DemoReply shop_robots(const DemoRequest&, DemoState&);
DemoReply shop_sitemap(const DemoRequest&, DemoState&);
DemoReply shop_api_products(const DemoRequest&, DemoState&);
DemoReply shop_api_product(const DemoRequest&, DemoState&);
DemoReply shop_api_stock(const DemoRequest&, DemoState&);

// A page of the shop around `content` (HTML). Cacheable unless the caller changes that.
struct ShopPage {
  std::string_view title;
  std::string content;
  std::string tags;  // for shop_tag()
  TimePoint modified = kShopOpened;
};
DemoReply shop_page(ShopPage page);
DemoReply shop_error_page(int status, std::string_view title, std::string_view text);
// Names the reply's tags for purging: Surrogate-Key, and Cache-Groups (RFC 9875).
void shop_tag(DemoReply& reply, std::string_view tags);

}  // namespace brink::origin
