#include "origin/demo_control.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "origin/demo_http.h"
#include "origin/demo_routes.h"
#include "origin/demo_trials.h"

namespace brink::origin {

std::uint64_t DemoCounts::add(const std::string& url) {
  const std::lock_guard lock(mutex_);
  const bool known = counts_.contains(url);
  const bool fits = url.size() <= kDemoCountedUrlBytes && counts_.size() < kDemoCountedUrls;
  return ++counts_[known || fits ? url : kDemoOtherUrls];
}

std::map<std::string, std::uint64_t> DemoCounts::snapshot() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void DemoCounts::reset() {
  const std::lock_guard lock(mutex_);
  counts_.clear();
}

DemoReply demo_requests(const DemoRequest& request, DemoState& state) {
  if (request.method == "DELETE") {
    state.counts.reset();
    DemoReply reply;
    reply.status = 204;
    return reply;
  }
  std::uint64_t total = 0;
  std::string urls;
  for (const auto& [url, count] : state.counts.snapshot()) {
    urls += fmt::format("{}\n    {}: {}", urls.empty() ? "" : ",", demo_json_string(url), count);
    total += count;
  }
  DemoReply reply = demo_text(
      fmt::format("{{\n  \"total\": {},\n  \"urls\": {{{}\n  }}\n}}\n", total, urls), "no-store");
  reply.set("Content-Type", "application/json");
  return reply;
}

DemoReply demo_requests_page(const DemoRequest&, DemoState& state) {
  constexpr std::size_t kMostRows = 500;
  const auto counts = state.counts.snapshot();
  std::vector<std::pair<std::string, std::uint64_t>> rows(counts.begin(), counts.end());
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (rows.size() > kMostRows) rows.resize(kMostRows);
  std::uint64_t total = 0;
  for (const auto& [url, count] : counts)
    total += count;
  std::string content = fmt::format(
      "<h1>What the origin was asked</h1><p class=lead>{} requests for {} URLs. What a cache "
      "answers "
      "never comes here, so this is the origin's side of the hit ratio.</p>"
      "<div class=scroll><table><thead><tr><th>URL<th class=number>Requests</thead><tbody>",
      total, counts.size());
  for (const auto& [url, count] : rows) {
    const std::string shown = demo_escape_html(url);
    content += fmt::format("<tr><td><code>{}</code><td class=number>{}\n", shown, count);
  }
  content +=
      "</tbody></table></div><p class=quiet><code>GET /requests</code> says the same as JSON, "
      "<code>DELETE /requests</code> starts again.</p>";
  DemoReply reply = shop_page({.title = "What the origin was asked",
                               .content = std::move(content),
                               .tags = "",
                               .modified = kShopOpened});
  reply.etag.clear();
  reply.last_modified.reset();
  std::erase_if(reply.fields, [](const auto& field) { return field.first == "CDN-Cache-Control"; });
  reply.set("Cache-Control", "no-store");
  return reply;
}

std::string demo_routes_html() {
  std::string html;
  const DemoGroup* open = nullptr;
  for (const DemoRoute& route : demo_routes()) {
    if (!open || *open != route.group) {
      if (open) html += "</tbody></table></div>";
      open = &route.group;
      html += fmt::format("<h2>{}</h2><div class=scroll><table class=routes><tbody>",
                          demo_escape_html(demo_group_title(route.group)));
    }
    const std::string_view url = route.example.empty() ? route.pattern : route.example;
    const std::string shown = demo_escape_html(url);
    html += route.methods.starts_with("GET")
                ? fmt::format("<tr><td><a href=\"{0}\"><code>{0}</code></a>", shown)
                : fmt::format("<tr><td><code>{}</code>", shown);
    html +=
        fmt::format("<td class=quiet>{}<td>{}\n", route.methods, demo_escape_html(route.summary));
  }
  return html + "</tbody></table></div>";
}

DemoReply demo_routes_page(const DemoRequest&, DemoState&) {
  return shop_page(
      {.title = "Everything this origin answers",
       .content = "<h1>Everything this origin answers</h1><p class=lead>A shop to look "
                  "at, and routes to try a cache with. Every response says in "
                  "<code>X-Origin-Request</code> how often the origin was asked for its "
                  "URL.</p><p class=quiet>For the kinds of cacheability and for trouble, "
                  "<code>?cache=max-age=5</code> and <code>?tags=a+b</code> set Cache-Control and "
                  "Surrogate-Key.</p>" +
                  demo_routes_html(),
       .tags = "routes",
       .modified = kShopOpened});
}

}  // namespace brink::origin
