// Pictures of the shop that are drawn as SVG, and the handlers of all assets.
#include <fmt/format.h>

#include "origin/demo_http.h"
#include "origin/demo_state.h"
#include "origin/shop.h"

namespace brink::origin {
namespace {

constexpr std::string_view kIcon =
    R"svg(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="15" fill="#12324a"/>
<g fill="none" stroke="#f2c14e" stroke-width="5" stroke-linecap="round" stroke-linejoin="round"><circle cx="32" cy="15" r="5"/><path d="M32 20v33M23 28h18M13 38c1 10 9 15 19 15s18-5 19-15"/></g></svg>
)svg";

constexpr std::string_view kHero =
    R"svg(<svg class="scene" viewBox="0 0 1440 520" preserveAspectRatio="xMidYMax slice" aria-hidden="true">
<defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#16324a"/><stop offset=".5" stop-color="#3f6c84"/><stop offset=".8" stop-color="#e8a87c"/><stop offset="1" stop-color="#f6d9a8"/></linearGradient>
<linearGradient id="sea" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#2c6a82"/><stop offset="1" stop-color="#0d2b40"/></linearGradient>
<linearGradient id="beam" x1="0" x2="1"><stop offset="0" stop-color="#f7d98a" stop-opacity="0"/><stop offset="1" stop-color="#f7d98a" stop-opacity=".4"/></linearGradient></defs>
<path fill="url(#sky)" d="M0 0h1440v400H0z"/><circle cx="905" cy="330" r="150" fill="#ffe7b3" opacity=".18"/><circle cx="905" cy="330" r="92" fill="#ffe7b3" opacity=".3"/><circle cx="905" cy="330" r="54" fill="#fff1cf"/>
<g transform="translate(190 40)" fill="none" stroke="#f5ead2" stroke-width="3" stroke-linecap="round" opacity=".7"><path d="M640 150q12-12 20 0 8-12 20 0M700 190q9-9 15 0 6-9 15 0M590 205q8-8 13 0 5-8 13 0"/></g>
<path fill="#5d7f8f" d="M360 400c130-30 350-64 430-48s120 4 190-14 150-10 210 10 170 10 250-8v60H360z" opacity=".75"/>
<path fill="url(#beam)" d="M1186 150L620 66v120z"/>
<path fill="#1b3a4d" d="M1010 396c60-52 110-78 176-80s130 12 254 6v92h-430z"/>
<path fill="#f4ecdc" d="M1164 322l10-150h36l10 150z"/><path fill="#d1495b" d="M1171 218l2.500-34h37l2.500 34zM1167 286l2.400-34h45l2.600 34z"/><path fill="#12324a" d="M1166 172h52v-8h-52zM1178 164h28v-28h-28zM1172 136h40l-20-22z"/><path fill="#ffe08a" d="M1182 160h20v-20h-20z"/>
<g fill="#f4ecdc"><path d="M1270 322v-36h58v36z"/><path d="M1356 322v-28h40v28z"/></g><path fill="#c8553d" d="M1262 288l37-28 37 28zM1350 296l26-20 26 20z"/><path fill="#12324a" d="M1288 322v-20h12v20zM1308 298h10v10h-10z"/>
<path fill="url(#sea)" d="M0 386h1440v134H0z"/><g stroke="#ffe7b3" stroke-width="4" stroke-linecap="round" opacity=".55"><path d="M850 400h110M868 416h86M826 432h60M906 432h70M872 450h92M846 470h40M910 474h50"/></g>
<g class="bob"><path fill="#f4ecdc" d="M716 398l0-106 66 106zM708 398l0-84-44 84z"/><path fill="#c8553d" d="M650 404h150c-6 26-22 36-40 36h-74c-18 0-30-12-36-36z"/></g>
<path class="wave" fill="#1d5670" opacity=".75" d="M-80 450q40-20 80 0t80 0 80 0 80 0 80 0 80 0 80 0 80 0 80 0 80 0 80 0 80 0 80 0 80 0 80 0 80 0 80 0 80 0 80 0v90H-80z"/>
<path class="wave late" fill="#0f3348" opacity=".9" d="M-80 484q40-20 80 0t80 0 80 0 80 0 80 0 80 0 80 0 80 0 80 0 80 0 80 0 80 0 80 0 80 0 80 0 80 0 80 0 80 0 80 0v60H-80z"/></svg>)svg";

DemoReply asset(DemoBody body, std::string_view type, std::string_view tags) {
  DemoReply reply;
  reply.etag = demo_entity_tag(*body.text());
  reply.last_modified = kShopOpened;
  reply.body = std::move(body);
  reply.add("Content-Type", std::string(type));
  reply.add("Cache-Control",
            "public, max-age=3600, stale-while-revalidate=600, stale-if-error=86400");
  shop_tag(reply, tags);
  return reply;
}

}  // namespace

std::string_view shop_icon_svg() {
  return kIcon;
}
std::string shop_hero_svg() {
  return std::string(kHero);
}

std::string shop_product_svg(const ShopProduct& product) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 400 400\" role=\"img\">"
      "<title>{}</title><rect width=\"400\" height=\"400\" fill=\"{}\"/>"
      "<ellipse cx=\"200\" cy=\"326\" rx=\"136\" ry=\"17\" fill=\"#000\" "
      "opacity=\".13\"/>\n{}</svg>\n",
      demo_escape_html(product.name), product.ground,
      shop_motif_svg(product.motif, product.main, product.accent));
}

DemoReply shop_style(const DemoRequest&, DemoState&) {
  return asset(std::string(shop_style_css()), "text/css; charset=utf-8", "shop assets");
}

DemoReply shop_script(const DemoRequest&, DemoState&) {
  return asset(std::string(shop_script_js()), "text/javascript; charset=utf-8", "shop assets");
}

DemoReply shop_icon(const DemoRequest&, DemoState&) {
  return asset(std::string(kIcon), "image/svg+xml", "shop assets");
}

DemoReply shop_harbour(const DemoRequest&, DemoState&) {
  return asset(DemoBody(shop_harbour_png()), "image/png", "shop assets images");
}

DemoReply shop_product_image(const DemoRequest& request, DemoState&) {
  const ShopProduct* product = shop_product(request.captures.at(0));
  if (!product) return shop_error_page(404, "No such picture", "That one was never painted.");
  return asset(shop_product_svg(*product), "image/svg+xml",
               fmt::format("product-{} images shop", product->id));
}

}  // namespace brink::origin
