#include "origin/demo_routes.h"

#include <algorithm>
#include <utility>

#include "config/runtime/fields.h"
#include "origin/demo_control.h"
#include "origin/demo_http.h"
#include "origin/demo_trials.h"

namespace brink::origin {
namespace {

using enum DemoGroup;

constexpr DemoRoute kRoutes[] = {
    {Shop, "GET", "/", shop_home, "", "The shop's front page"},
    {Shop, "GET", "/category/{slug}", shop_category_page, "/category/galley",
     "One of four shelves"},
    {Shop, "GET POST PUT", "/product/{id}", shop_product_page, "/product/7",
     "A product; POST or PUT ?price=12.50 changes it, with a new ETag"},
    {Shop, "GET", "/about", shop_about, "", "A story with a large picture"},
    {Shop, "GET", "/search", shop_search, "/search?q=wool", "Looks for q in names and texts"},
    {Shop, "GET POST", "/cart", shop_cart, "/cart", "Private, by cookie; POST ?add=7, ?remove=7"},
    {Shop, "GET POST", "/login", shop_login, "/login", "Private; POST ?name=Ada sets a cookie"},
    {Shop, "GET", "/assets/style.css", shop_style, "", "The style sheet"},
    {Shop, "GET", "/assets/shop.js", shop_script, "", "The script"},
    {Shop, "GET", "/images/product-{id}.svg", shop_product_image, "/images/product-7.svg",
     "A picture made in code"},
    {Shop, "GET", "/images/harbour.png", shop_harbour, "", "A raster image of about 0.9 MB"},
    {Shop, "GET", "/favicon.svg", shop_icon, "", "The shop's sign"},
    {Shop, "GET", "/favicon.ico", shop_icon, "", "The same, for those who ask for it here"},
    {Shop, "GET", "/robots.txt", shop_robots, "", "For crawlers"},
    {Shop, "GET", "/sitemap.xml", shop_sitemap, "", "Every page, for crawlers and for warming"},

    {Api, "GET", "/api/products", shop_api_products, "", "All products"},
    {Api, "GET POST PUT", "/api/products/{id}", shop_api_product, "/api/products/7",
     "One product; POST or PUT {\"price\":12.50} changes it"},
    {Api, "GET", "/api/stock/{id}", shop_api_stock, "/api/stock/7",
     "Another number each time; no-store"},

    {Cacheability, "GET", "/now", demo_now, "", "The time and a counter; fresh for 5 s"},
    {Cacheability, "GET", "/random", demo_random, "", "Sixteen random bytes; fresh for 10 s"},
    {Cacheability, "GET", "/bytes/{count}", demo_bytes, "/bytes/65536",
     "So many bytes (up to 4 GiB); byte i is the XOR of the eight bytes of i"},
    {Cacheability, "GET", "/vary/language", demo_vary_language, "",
     "Vary: Accept-Language (en de fr es it pt)"},
    {Cacheability, "GET", "/vary/encoding", demo_vary_encoding, "",
     "Vary: Accept-Encoding (gzip or as it is)"},
    {Cacheability, "GET", "/cookie", demo_cookie, "", "Set-Cookie on a cacheable response"},
    {Cacheability, "GET", "/private", demo_private, "", "Cache-Control: private"},
    {Cacheability, "GET", "/no-store", demo_no_store, "", "Cache-Control: no-store"},
    {Cacheability, "GET", "/redirect", demo_redirect, "/redirect?to=/about",
     "302 to a path of this site; fresh for 60 s"},
    {Cacheability, "GET", "/status/{code}", demo_status, "/status/404", "That status (200 to 599)"},
    {Cacheability, "GET", "/early-hints", demo_early_hints_page, "", "103 with a Link, then 200"},
    {Cacheability, "GET POST PUT", "/version", demo_version, "/version",
     "The version; POST ?set=2 changes it"},

    {Trouble, "GET", "/slow", demo_slow, "/slow?ms=300", "Answers after ms (up to 60000)"},
    {Trouble, "GET", "/drip", demo_drip, "/drip?bytes=1000&chunk=100&ms=50",
     "Chunked, so many bytes at a time, flushed; &length=1 with Content-Length"},
    {Trouble, "GET", "/fail", demo_fail, "/fail?every=3", "Every third answer is a 503 (&status=)"},
    {Trouble, "GET", "/reset", demo_reset, "", "Resets the connection before the head"},
    {Trouble, "GET", "/cut", demo_cut, "/cut?bytes=1000&of=2000",
     "Announces more than it sends; &chunked=1 without the last chunk"},
    {Trouble, "GET", "/garbage", demo_garbage, "/garbage",
     "No HTTP; ?kind= status, header, coding, lengths, or huge for HTTP that is wrong"},
    {Trouble, "GET", "/headers", demo_headers, "", "The request's head as JSON"},
    {Trouble, "POST PUT PATCH", "/echo", demo_echo, "/echo",
     "The request's body comes back while it arrives"},
    {Trouble, "GET", "/upgrade", demo_upgrade, "",
     "With Upgrade: echo, 101 and every byte comes back"},

    {Control, "GET", "/routes", demo_routes_page, "", "This list"},
    {Control, "GET DELETE", "/requests", demo_requests, "",
     "How often each URL was asked, as JSON; DELETE starts again"},
    {Control, "GET DELETE", "/_requests", demo_requests, "", "The same; also there with --root"},
    {Control, "GET", "/requests.html", demo_requests_page, "", "The same for people"},
};

bool takes_method(const DemoRoute& route, std::string_view method) {
  if (method == "HEAD") method = "GET";
  std::string_view rest = route.methods;
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    if (word == method) return true;
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  }
  return false;
}

std::string allow_of(std::string_view methods) {
  std::string allow;
  for (const char c : methods)
    allow += c == ' ' ? std::string(", ") : std::string(1, c);
  return allow + (methods.starts_with("GET") ? ", HEAD, OPTIONS" : ", OPTIONS");
}

const DemoRoute* find_route(std::string_view path, std::vector<std::string>& captures) {
  for (const DemoRoute& route : kRoutes) {
    captures.clear();
    if (demo_match(route.pattern, path, captures)) return &route;
  }
  return nullptr;
}

// ?cache= and ?tags= let a test say how any answer of these groups is to be cached.
void apply_overrides(const DemoRequest& request, DemoReply& reply) {
  const auto cache = demo_form_value(request.query, "cache");
  if (cache && demo_is_field_value(*cache)) reply.set("Cache-Control", *cache);
  const auto tags = demo_form_value(request.query, "tags");
  if (tags && demo_is_field_value(*tags)) reply.set("Surrogate-Key", *tags);
}

// One segment against "prefix{…}suffix".
bool match_segment(std::string_view pattern, std::string_view segment,
                   std::vector<std::string>& captures) {
  const std::size_t open = pattern.find('{');
  if (open == std::string_view::npos) return pattern == segment;
  const std::string_view prefix = pattern.substr(0, open);
  const std::string_view suffix = pattern.substr(pattern.find('}') + 1);
  if (segment.size() <= prefix.size() + suffix.size()) return false;
  if (!segment.starts_with(prefix) || !segment.ends_with(suffix)) return false;
  segment.remove_prefix(prefix.size());
  segment.remove_suffix(suffix.size());
  auto decoded = demo_percent_decode(segment);
  if (!decoded) return false;
  captures.push_back(std::move(*decoded));
  return true;
}

std::string_view take_segment(std::string_view& path) {
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

}  // namespace

std::string_view demo_group_title(DemoGroup group) {
  switch (group) {
    case Shop:
      return "The shop";
    case Api:
      return "Its API";
    case Cacheability:
      return "Kinds of cacheability";
    case Trouble:
      return "Trouble on request";
    case Control:
      return "What the origin saw";
  }
  return {};
}

std::span<const DemoRoute> demo_routes() {
  return kRoutes;
}

bool demo_match(std::string_view pattern, std::string_view path,
                std::vector<std::string>& captures) {
  while (pattern.starts_with('/') && path.starts_with('/')) {
    pattern.remove_prefix(1);
    path.remove_prefix(1);
    const std::string_view expected = take_segment(pattern);
    if (!match_segment(expected, take_segment(path), captures)) return false;
  }
  return pattern.empty() && path.empty();
}

Result<std::unique_ptr<DemoSite>> DemoSite::create(const std::string& root) {
  auto site = std::make_unique<DemoSite>();
  site->state_.random = Random{secure_random()};
  if (root.empty()) return site;
  auto folder = DemoFolder::open(root);
  if (!folder) return folder.error();
  site->folder_ = std::move(*folder);
  return site;
}

DemoReply DemoSite::answer(DemoRequest& request) {
  const bool about_counts = request.path == "/requests" || request.path == "/_requests" ||
                            request.path == "/requests.html";
  if (!about_counts) request.asked = state_.counts.add(request.target);
  return dispatch(request);
}

bool DemoSite::streams_body(const DemoRequest& request) const {
  return !folder_ && request.path == "/echo";
}

DemoReply DemoSite::dispatch(DemoRequest& request) {
  if (folder_ && request.path != "/_requests") return folder_->answer(request);
  return answer_from_table(request);
}

DemoReply DemoSite::answer_from_table(DemoRequest& request) {
  const DemoRoute* route = find_route(request.path, request.captures);
  if (!route && request.path != "*") {
    return shop_error_page(404, "No such page", "Nothing is moored at this address.");
  }
  if (request.method == "OPTIONS") {
    DemoReply reply;
    reply.status = 204;
    reply.set("Allow", allow_of(route ? route->methods : "GET POST PUT PATCH DELETE"));
    return reply;
  }
  if (!route || !takes_method(*route, request.method)) {
    DemoReply reply = shop_error_page(405, "Not this way", "This page does not take that method.");
    reply.set("Allow", allow_of(route ? route->methods : "OPTIONS"));
    return reply;
  }
  DemoReply reply = route->handler(request, state_);
  if (route->group == Cacheability || route->group == Trouble) apply_overrides(request, reply);
  return reply;
}

}  // namespace brink::origin
