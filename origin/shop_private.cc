// The pages of Harbour Goods that are one visitor's alone: cart and sign-in. Never for a shared
// cache.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "origin/demo_http.h"
#include "origin/demo_state.h"
#include "origin/demo_trials.h"
#include "origin/shop.h"

namespace brink::origin {
namespace {

constexpr std::size_t kCartThings = 50;
constexpr std::size_t kNameBytes = 60;

std::string cookie(const DemoRequest& request, std::string_view name) {
  std::string cookies = request.joined_field("Cookie");
  std::string_view rest = cookies;
  while (!rest.empty()) {
    std::string_view pair = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    while (pair.starts_with(' '))
      pair.remove_prefix(1);
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) {
      return std::string(pair.substr(name.size() + 1));
    }
  }
  return {};
}

// "7.3.3": the ids in the order in which they were added.
std::vector<const ShopProduct*> things_in_cart(const DemoRequest& request) {
  std::vector<const ShopProduct*> things;
  const std::string ids = cookie(request, "cart");
  std::string_view rest = ids;
  while (!rest.empty() && things.size() < kCartThings) {
    const std::string_view id = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(rest.size(), id.size() + 1));
    if (const ShopProduct* product = shop_product(id)) things.push_back(product);
  }
  return things;
}

DemoReply make_private(DemoReply reply) {
  std::erase_if(reply.fields, [](const auto& f) { return f.first == "CDN-Cache-Control"; });
  reply.set("Cache-Control", "private, no-cache");
  reply.etag.clear();
  reply.last_modified.reset();
  return reply;
}

// 303 after a POST, so that reloading the page does not repeat it.
DemoReply see_other(std::string location, std::string set_cookie) {
  DemoReply reply = demo_text("Done.\n", "no-store");
  reply.status = 303;
  reply.add("Location", std::move(location));
  reply.add("Set-Cookie", std::move(set_cookie));
  return reply;
}

DemoReply change_cart(const DemoRequest& request) {
  auto things = things_in_cart(request);
  const ShopProduct* add = shop_product(request.parameter("add").value_or(""));
  const ShopProduct* remove = shop_product(request.parameter("remove").value_or(""));
  if (!add && !remove) return shop_error_page(400, "Nothing to do", "Say add=7 or remove=7.");
  if (add && things.size() < kCartThings) things.push_back(add);
  const auto found = std::find(things.begin(), things.end(), remove);
  if (remove && found != things.end()) things.erase(found);
  std::string ids;
  for (const ShopProduct* thing : things) {
    ids += fmt::format("{}{}", ids.empty() ? "" : ".", thing->id);
  }
  return see_other("/cart", fmt::format("cart={}; Path=/; SameSite=Lax", ids));
}

}  // namespace

DemoReply shop_cart(const DemoRequest& request, DemoState& state) {
  if (request.method == "POST") return change_cart(request);
  const auto things = things_in_cart(request);
  std::uint32_t total = 0;
  std::string content = "<h1>Your cart</h1>";
  if (things.empty()) {
    content +=
        "<p class=lead>Nothing in it yet. The tide brings things.</p><p><a class=button "
        "href=\"/\">Look around</a>";
  } else {
    content += "<div class=scroll><table><tbody>";
  }
  for (const ShopProduct* thing : things) {
    const std::uint32_t cents = state.shop.price_cents[static_cast<std::size_t>(thing->id)];
    total += cents;
    content += fmt::format(
        "<tr><td><a href=\"/product/{0}\">{1}</a><td class=number>{2}<td class=number><form "
        "method=post "
        "action=\"/cart?remove={0}\"><button class=plain>Put back</button></form>\n",
        thing->id, demo_escape_html(thing->name), shop_price(cents));
  }
  if (!things.empty()) {
    content += fmt::format(
        "<tr><th>Together<th class=number>{}<th></tbody></table></div>"
        "<p class=quiet>There is no till. It is a demo; keep your money.</p>",
        shop_price(total));
  }
  return make_private(shop_page(
      {.title = "Your cart", .content = std::move(content), .tags = "", .modified = kShopOpened}));
}

DemoReply shop_login(const DemoRequest& request, DemoState&) {
  if (request.method == "POST") {
    std::string name = request.parameter("name").value_or("");
    name.resize(std::min(name.size(), kNameBytes));
    return see_other("/login", fmt::format("sailor={}; Path=/; HttpOnly; SameSite=Lax",
                                           demo_percent_encode(name)));
  }
  const std::string name = demo_percent_decode(cookie(request, "sailor")).value_or("");
  std::string content =
      name.empty()
          ? "<h1>Sign in</h1><p class=lead>Any name will do. It goes into a cookie, so this "
            "page is yours and no cache may share it.</p>"
          : fmt::format(
                "<h1>Welcome aboard, {}</h1><p class=lead>This page was made for you "
                "alone.</p>",
                demo_escape_html(name));
  content +=
      "<form method=post action=\"/login\" class=row><input type=text name=name maxlength=40 "
      "placeholder=\"Your name\" aria-label=\"Your name\"><button>Sign in</button></form>";
  DemoReply reply = make_private(shop_page(
      {.title = "Sign in", .content = std::move(content), .tags = "", .modified = kShopOpened}));
  if (cookie(request, "session").empty()) {
    reply.add("Set-Cookie",
              fmt::format("session={:016x}; Path=/; HttpOnly; SameSite=Lax", secure_random()));
  }
  return reply;
}

}  // namespace brink::origin
