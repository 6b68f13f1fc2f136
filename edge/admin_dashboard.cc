#include "edge/admin_routes.h"

namespace brink::edge {

namespace {

// Text is set with textContent only: what comes from the network cannot become markup.
constexpr std::string_view kPage = R"page(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Brink</title>
<link rel="icon" href="data:,">
<style>
  :root { --bg:#f6f7f9; --card:#fff; --ink:#1c2430; --dim:#667085; --line:#e4e7ec; --hit:#12805c;
    --stale:#7ab648; --miss:#d97706; --bad:#c0362c; --other:#64748b; }
  @media (prefers-color-scheme: dark) { :root { --bg:#11151b; --card:#1a2029; --ink:#e6eaf0; --dim:#93a0b4;
    --line:#2a3340; --hit:#34b88a; --stale:#9ccc65; --miss:#f0a33c; --bad:#ef6a5f; --other:#8796ad; } }
  * { box-sizing:border-box }
  body { margin:0; background:var(--bg); color:var(--ink); font:15px/1.45 system-ui,sans-serif }
  main { max-width:1000px; margin:0 auto; padding:28px 20px }
  header { display:flex; align-items:baseline; gap:12px; margin-bottom:20px; flex-wrap:wrap }
  h1 { font-size:22px; margin:0 } h2 { font-size:13px; margin:0 0 12px; color:var(--dim); font-weight:600 }
  header span { color:var(--dim) } #state { margin-left:auto }
  .grid { display:grid; gap:14px; grid-template-columns:repeat(auto-fit,minmax(210px,1fr)); margin-bottom:14px }
  section { background:var(--card); border:1px solid var(--line); border-radius:10px; padding:16px 18px }
  .big { font-size:32px; font-weight:650; font-variant-numeric:tabular-nums; line-height:1.1 }
  .dim { color:var(--dim); font-size:13px }
  .bar { display:flex; height:10px; border-radius:5px; overflow:hidden; background:var(--line); margin:10px 0 12px }
  table { width:100%; border-collapse:collapse; font-variant-numeric:tabular-nums }
  td { padding:4px 0; border-top:1px solid var(--line) } tr:first-child td { border-top:0 }
  td { overflow-wrap:anywhere } td:last-child { text-align:right; white-space:nowrap; padding-left:12px }
  .wide { grid-template-columns:repeat(auto-fit,minmax(330px,1fr)) }
  i { display:inline-block; width:9px; height:9px; border-radius:2px; margin-right:8px }
  form { display:none; gap:8px } input { flex:1; padding:8px; font:inherit } button { padding:8px 14px; font:inherit }
</style>
</head>
<body>
<main>
<header><h1>Brink</h1><span id="node"></span><span id="state">connecting</span></header>
<section id="login" hidden><h2>This node asks for a token with the right "read"</h2>
<form id="form"><input id="token" type="password" autocomplete="off" aria-label="Token"><button>Show</button></form></section>
<div id="all">
<div class="grid">
<section><h2>Hit ratio</h2><div class="big" id="ratio">–</div><div class="dim" id="recent"></div></section>
<section><h2>Requests a second</h2><div class="big" id="rate">–</div><div class="dim" id="total"></div></section>
<section><h2>Sent a second</h2><div class="big" id="sent">–</div><div class="dim" id="conns"></div></section>
<section><h2>Fetches a second</h2><div class="big" id="fetches">–</div><div class="dim" id="collapsed"></div></section>
</div>
<div class="grid wide">
<section><h2>Requests by result</h2><div class="bar" id="mix"></div><table id="results"></table></section>
<section><h2>Store</h2><div class="big" id="bytes">–</div><div class="bar" id="fill"></div><table id="store"></table></section>
<section><h2>Upstreams</h2><table id="upstreams"></table></section>
<section><h2>Limits reached</h2><table id="limits"></table></section>
</div>
</div>
</main>
<script>
"use strict";
const $ = id => document.getElementById(id), say = (id, text) => { $(id).textContent = text; };
const colours = { hit:"hit", stale:"stale", validated:"stale", miss:"miss", "vary-miss":"miss", expired:"miss",
  collapsed:"miss", refused:"bad" };
const colour = name => `var(--${colours[name] || "other"})`;
const number = n => n.toLocaleString("en-US"), percent = x => x === null ? "–" : (100 * x).toFixed(1) + " %";
function size(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"]; let i = 0;
  while (n >= 1024 && i < units.length - 1) { n /= 1024; ++i; }
  return n.toFixed(i && n < 100 ? 1 : 0) + " " + units[i];
}
function rows(id, list, empty) {
  const table = $(id); table.replaceChildren();
  if (!list.length) list = [[empty, ""]];
  for (const [name, value, tone] of list) {
    const row = table.insertRow(), left = row.insertCell(), right = row.insertCell();
    if (tone) { const dot = document.createElement("i"); dot.style.background = tone; left.append(dot); }
    left.append(name); right.textContent = value;
  }
}
function bar(id, parts) {
  $(id).replaceChildren(...parts.map(([share, tone]) => {
    const part = document.createElement("div");
    part.style.width = 100 * share + "%"; part.style.background = tone; return part;
  }));
}
let last = null;
function show(s, at) {
  const seconds = last ? (at - last.at) / 1000 : 0;
  const rate = (now, before) => seconds > 0 ? Math.max(0, now - before) / seconds : 0;
  const answered = r => r.total - r.by_result.refused, hits = r => r.by_result.hit + r.by_result.stale;
  say("node", `${s.node.name} · ${s.node.role} · ${s.node.pop} · up ${number(s.node.uptime_s)} s`);
  say("state", s.node.ready ? "ready" : "draining");
  document.title = `${s.node.name} · Brink`;
  say("ratio", percent(s.requests.hit_ratio));
  say("total", number(s.requests.total) + " in all");
  say("conns", number(s.connections.open) + " connections open");
  say("collapsed", `${number(s.fetches.collapsed)} requests shared a fetch, ${number(s.fetches.active)} fetches under way`);
  if (last) {
    const p = last.s, asked = answered(s.requests) - answered(p.requests);
    say("recent", asked > 0 ? "now " + percent((hits(s.requests) - hits(p.requests)) / asked) : "no requests just now");
    say("rate", number(Math.round(rate(s.requests.total, p.requests.total))));
    say("sent", size(rate(s.bytes.sent, p.bytes.sent)));
    say("fetches", number(Math.round(rate(s.fetches.total, p.fetches.total))));
  }
  const mix = Object.entries(s.requests.by_result).filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
  bar("mix", mix.map(([name, n]) => [n / s.requests.total, colour(name)]));
  rows("results", mix.map(([name, n]) => [name, number(n), colour(name)]), "no requests yet");
  say("bytes", size(s.store.bytes));
  bar("fill", [[s.store.ceiling_bytes ? s.store.bytes / s.store.ceiling_bytes : 0, "var(--hit)"]]);
  rows("store", [["ceiling", size(s.store.ceiling_bytes)], ["responses", number(s.store.responses)],
    ["stored so far", number(s.store.stored)], ["evicted", number(s.store.evicted)]]);
  rows("upstreams", s.upstreams.flatMap(g => g.servers.map(u => [`${g.group}: ${u.url}`,
    u.ejected ? "ejected" : u.healthy ? `well, ${u.outstanding} under way` : "unhealthy",
    u.ejected || !u.healthy ? "var(--bad)" : "var(--hit)"])), "none");
  rows("limits", Object.entries(s.limits).map(([name, n]) => [name, number(n), "var(--bad)"]), "none");
  last = { s, at };
}
async function tick() {
  try {
    const token = sessionStorage.getItem("token");
    const reply = await fetch("/v1/stats", { headers: token ? { Authorization: "Bearer " + token } : {} });
    const locked = reply.status === 401 || reply.status === 403;
    $("login").hidden = !locked; $("form").style.display = locked ? "flex" : "none"; $("all").hidden = locked;
    if (reply.ok) show(await reply.json(), performance.now()); else say("state", "HTTP " + reply.status);
  } catch { say("state", "not reachable"); last = null; }
}
$("form").addEventListener("submit", e => {
  e.preventDefault(); sessionStorage.setItem("token", $("token").value); tick();
});
tick(); setInterval(tick, 2000);
</script>
</body>
</html>
)page";

}  // namespace

std::string_view dashboard_page() {
  return kPage;
}

}  // namespace brink::edge
