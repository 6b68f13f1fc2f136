// The pages of Harbour Goods that everybody sees alike, and the frame around all pages.
#include <fmt/format.h>

#include <algorithm>

#include "config/runtime/fields.h"
#include "origin/demo_control.h"
#include "origin/demo_http.h"
#include "origin/demo_state.h"
#include "origin/demo_trials.h"
#include "origin/shop.h"
#include "origin/shop_parts.h"

namespace brink::origin {
namespace {

constexpr std::size_t kSearchBytes = 100;

std::string asset_version(std::string_view content) {
  return demo_entity_tag(content).substr(1, 8);
}

std::string head_and_bar(std::string_view title) {
  static const std::string style = asset_version(shop_style_css());
  static const std::string script = asset_version(shop_script_js());
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{} · Harbour "
      "Goods</title>"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<link rel=\"icon\" href=\"/favicon.svg\" type=\"image/svg+xml\">"
      "<link rel=\"stylesheet\" href=\"/assets/style.css?v={}\">"
      "<script src=\"/assets/shop.js?v={}\" defer></script></head>\n<body><header "
      "class=\"bar\"><div>"
      "<a class=\"brand\" href=\"/\">{}Harbour Goods</a><nav aria-label=\"Shelves\">",
      demo_escape_html(title), style, script, shop_icon_svg());
  for (const ShopCategory& category : shop_categories()) {
    html += fmt::format("<a href=\"/category/{}\">{}</a>", category.slug,
                        demo_escape_html(category.name));
  }
  return html +
         "<a href=\"/about\">About</a></nav><form action=\"/search\"><input type=\"search\" "
         "name=\"q\" "
         "placeholder=\"Search\" aria-label=\"Search\"></form>"
         "<a class=\"cart\" href=\"/cart\">Cart <span class=\"count\" hidden>0</span></a>"
         "</div></header>\n";
}

constexpr std::string_view kFooter =
    "<footer><div><div><p><strong>Harbour Goods</strong> is made up. So are its prices, its sheep "
    "and its lighthouse; it is here so that a cache has something to hold.</p><p><a "
    "href=\"/routes\">"
    "Everything this origin answers</a> · <a href=\"/requests.html\">What it was asked</a> · "
    "<a href=\"/login\">Sign in</a> · <a href=\"/sitemap.xml\">Site map</a></p></div><div><p>How "
    "this "
    "page reached you <button class=\"plain\" id=\"again\" style=\"color:#f4ecdc\">look "
    "again</button>"
    "</p><p id=\"trip\">…</p></div></div></footer></body></html>\n";

DemoReply changed_price(const DemoRequest& request, DemoState& state, const ShopProduct& product) {
  if (!shop_change_price(request, state.shop, product)) {
    return shop_error_page(400, "No price", "A price is a number such as 12.50, below 100000.");
  }
  DemoReply reply = shop_page({
      .title = product.name,
      .content = "<p class=note>The price is changed. A cache that saw this request has forgotten "
                 "the pages with the old one.</p>" +
                 shop_product_html(state.shop, product),
      .tags = "",
      .modified = state.shop.changed[static_cast<std::size_t>(product.id)],
  });
  shop_mark_change(reply, product);
  return reply;
}

}  // namespace

void shop_tag(DemoReply& reply, std::string_view tags) {
  if (tags.empty()) return;
  reply.set("Surrogate-Key", std::string(tags));
  std::string groups;
  while (!tags.empty()) {
    const std::string_view tag = tags.substr(0, tags.find(' '));
    tags.remove_prefix(std::min(tags.size(), tag.size() + 1));
    groups += fmt::format("{}\"{}\"", groups.empty() ? "" : ", ", tag);
  }
  reply.set("Cache-Groups", std::move(groups));
}

// Browsers ask again each time (and mostly get a 304), a shared cache answers for five minutes.
// What only a CDN does with stale pages is said to CDNs (RFC 9213), since s-maxage forbids it to
// others.
DemoReply shop_page(ShopPage page) {
  DemoReply reply;
  std::string html = head_and_bar(page.title);
  const bool has_hero = page.content.starts_with("<section class=hero>");
  const std::size_t main_at = has_hero ? page.content.find("</section>") + 10 : 0;
  html += page.content.substr(0, main_at);
  html.append("<main>").append(page.content.substr(main_at)).append("</main>\n").append(kFooter);
  reply.etag = demo_entity_tag(html);
  reply.last_modified = page.modified;
  reply.body = DemoBody(std::move(html));
  reply.add("Content-Type", "text/html; charset=utf-8");
  reply.add("Cache-Control", "public, max-age=0, s-maxage=300");
  reply.add("CDN-Cache-Control", "max-age=300, stale-while-revalidate=60, stale-if-error=86400");
  shop_tag(reply, page.tags);
  return reply;
}

DemoReply shop_error_page(int status, std::string_view title, std::string_view text) {
  DemoReply reply =
      shop_page({.title = title,
                 .content = fmt::format("<h1>{}</h1><p class=lead>{}</p><p><a class=button "
                                        "href=\"/\">Back to the harbour</a>",
                                        demo_escape_html(title), demo_escape_html(text)),
                 .tags = "errors",
                 .modified = kShopOpened});
  reply.status = status;
  reply.etag.clear();
  reply.last_modified.reset();
  std::erase_if(reply.fields, [](const auto& f) { return f.first == "CDN-Cache-Control"; });
  reply.set("Cache-Control", status == 404 ? "public, max-age=5" : "no-store");
  return reply;
}

DemoReply shop_home(const DemoRequest&, DemoState& state) {
  std::string content =
      "<section class=hero>" + shop_hero_svg() +
      "<div><h1>Good things for people near water</h1><p>Mugs that forgive, rope that remembers, "
      "wool "
      "that argues with the wind. Twenty-four things, made slowly, sent promptly.</p>"
      "<a class=button href=\"/category/deck\">Come aboard</a></div></section>"
      "<h2 style=\"margin-top:.6rem\">The shelves</h2><ul class=\"grid shelves\">";
  for (const ShopCategory& category : shop_categories()) {
    content += fmt::format(
        "<li><a class=shelf href=\"/category/{}\"><img src=\"/images/product-{}.svg\" alt=\"\" "
        "width=84 height=84><div><h3>{}</h3><span>{}</span></div></a>",
        category.slug, category.id * 6 - 5, demo_escape_html(category.name), category.line);
  }
  content += "</ul><h2>Just unpacked</h2><ul class=grid>";
  std::string tags = "shop home";
  for (const ShopProduct& product : shop_products()) {
    if (product.id % 3 != 1) continue;
    content += shop_card_html(state.shop, product);
    tags += fmt::format(" product-{}", product.id);
  }
  content += "</ul>";
  return shop_page({.title = "Good things for people near water",
                    .content = std::move(content),
                    .tags = std::move(tags),
                    .modified = state.shop.changed[0]});
}

DemoReply shop_category_page(const DemoRequest& request, DemoState& state) {
  const ShopCategory* category = shop_category(request.captures.at(0));
  if (!category)
    return shop_error_page(404, "No such shelf", "We have four, and this is none of them.");
  std::string content = fmt::format("<h1>{}</h1><p class=lead>{}</p><ul class=grid>",
                                    demo_escape_html(category->name), category->line);
  std::string tags = fmt::format("shop category-{}", category->id);
  for (const ShopProduct& product : shop_products()) {
    if (product.category != category->id) continue;
    content += shop_card_html(state.shop, product);
    tags += fmt::format(" product-{}", product.id);
  }
  return shop_page({.title = category->name,
                    .content = content + "</ul>",
                    .tags = std::move(tags),
                    .modified = state.shop.changed[0]});
}

DemoReply shop_product_page(const DemoRequest& request, DemoState& state) {
  const ShopProduct* product = shop_product(request.captures.at(0));
  if (!product)
    return shop_error_page(404, "Not in stock", "We never sold anything of that number.");
  if (request.method == "POST" || request.method == "PUT") {
    return changed_price(request, state, *product);
  }
  return shop_page({.title = product->name,
                    .content = shop_product_html(state.shop, *product),
                    .tags = shop_product_tags(*product),
                    .modified = state.shop.changed[static_cast<std::size_t>(product->id)]});
}

DemoReply shop_about(const DemoRequest&, DemoState&) {
  return shop_page(
      {.title = "About",
       .content =
           "<h1>About the shop</h1><p class=lead>It began with a hat, a stall on the quay, and "
           "weather.</p>"
           "<figure><img src=\"/images/harbour.png\" width=1280 height=720 alt=\"A harbour at "
           "dusk: a "
           "lighthouse on the left, a small boat, the sun's path on the water\"><figcaption>The "
           "harbour, "
           "an evening in June. Nine hundred kilobytes, not one of them photographed.</figcaption>"
           "</figure><div class=prose><p>Harbour Goods sells twenty-four things. When a "
           "twenty-fifth "
           "comes, one has to go, and the discussion is long.</p><p>The shop lives on one small "
           "computer behind the chandler's. When the ferry is in and everybody looks at once, most "
           "of what you see never comes from that computer: it comes from a cache near you, which "
           "asks now and then whether anything changed. <a href=\"/routes\">Here is what it may "
           "ask.</a></p></div>",
       .tags = "shop about",
       .modified = kShopOpened});
}

DemoReply shop_search(const DemoRequest& request, DemoState& state) {
  std::string sought = request.parameter("q").value_or("");
  sought.resize(std::min(sought.size(), kSearchBytes));
  std::string cards;
  for (const ShopProduct& product : shop_products()) {
    const std::string text = fmt::format("{} {} {}", product.name, product.line, product.story);
    const auto found = std::search(text.begin(), text.end(), sought.begin(), sought.end(),
                                   [](char a, char b) { return ascii_lower(a) == ascii_lower(b); });
    if (found != text.end()) cards += shop_card_html(state.shop, product);
  }
  const std::string shown = demo_escape_html(sought);
  std::string content = fmt::format(
      "<h1>Search</h1><form class=row action=\"/search\" style=\"margin:1rem 0 2rem\"><input "
      "type=search "
      "name=q value=\"{}\" aria-label=\"Search for\"><button>Search</button></form>",
      shown);
  content += cards.empty() ? fmt::format("<p class=lead>Nothing here answers to “{}”.</p>", shown)
                           : "<ul class=grid>" + cards + "</ul>";
  DemoReply reply = shop_page({.title = "Search",
                               .content = std::move(content),
                               .tags = "shop search",
                               .modified = state.shop.changed[0]});
  reply.set("Cache-Control", "public, max-age=30");
  reply.set("CDN-Cache-Control", "max-age=30, stale-while-revalidate=30");
  return reply;
}

DemoReply shop_robots(const DemoRequest&, DemoState&) {
  DemoReply reply = demo_text(
      "User-agent: *\nDisallow: /cart\nDisallow: /login\nDisallow: /api/stock/\nSitemap: "
      "/sitemap.xml\n",
      "public, max-age=86400");
  reply.etag = demo_entity_tag(*reply.body.text());
  reply.last_modified = kShopOpened;
  shop_tag(reply, "shop");
  return reply;
}

// Addresses are made with the Host that was asked for, as the protocol wants absolute ones.
DemoReply shop_sitemap(const DemoRequest& request, DemoState& state) {
  const std::string_view asked = request.field("X-Forwarded-Proto");
  const std::string site = fmt::format("{}://{}", asked == "https" ? "https" : "http",
                                       demo_escape_html(request.field("Host")));
  std::string xml =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";
  const auto append = [&](const std::string& path) {
    xml += fmt::format("  <url><loc>{}{}</loc></url>\n", site, path);
  };
  append("/");
  append("/about");
  for (const ShopCategory& category : shop_categories())
    append(fmt::format("/category/{}", category.slug));
  for (const ShopProduct& product : shop_products())
    append(fmt::format("/product/{}", product.id));
  DemoReply reply = demo_text(xml + "</urlset>\n", "public, max-age=300");
  reply.set("Content-Type", "application/xml");
  reply.etag = demo_entity_tag(*reply.body.text());
  reply.last_modified = state.shop.changed[0];
  shop_tag(reply, "shop");
  return reply;
}

}  // namespace brink::origin
