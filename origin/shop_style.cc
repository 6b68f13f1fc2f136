// How Harbour Goods looks (CSS) and what little it does by itself (JavaScript).
#include "origin/shop.h"

namespace brink::origin {

std::string_view shop_style_css() {
  return R"text(:root{color-scheme:light dark;--paper:#faf6ee;--card:#fffdf8;--ink:#1c2f3c;--quiet:#5d6f7a;--line:#e3dac9;
--deep:#12324a;--sea:#1d6480;--coral:#c8452f;--gold:#f2c14e;--shade:0 1px 2px #12324a14,0 10px 30px -14px #12324a40}
@media (prefers-color-scheme:dark){:root{--paper:#0c1c28;--card:#132a3a;--ink:#e8e3d6;--quiet:#9fb2bd;--line:#24414f;
--deep:#091621;--sea:#7cc3d8;--coral:#ff8f73;--shade:0 1px 2px #0006,0 12px 30px -14px #000a}}
*{box-sizing:border-box}html{scroll-behavior:smooth}
body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;display:flex;flex-direction:column;min-height:100vh}
h1,h2,h3,.brand{font-family:"Iowan Old Style","Palatino Linotype",Palatino,Georgia,"DejaVu Serif",serif;line-height:1.15;font-weight:600;text-wrap:balance}
h1{font-size:clamp(2rem,4.5vw,3.1rem);margin:0 0 .5rem}h2{font-size:1.65rem;margin:2.8rem 0 1rem}h3{font-size:1.12rem;margin:0}
a{color:var(--sea);text-underline-offset:.18em}img,svg{display:block;max-width:100%;height:auto}
code{font:.88em ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace}
:focus-visible{outline:3px solid var(--gold);outline-offset:2px;border-radius:4px}
.bar{background:var(--deep);color:#f4ecdc}.bar a{color:inherit;text-decoration:none}
.bar>div,main,footer>div{width:min(1160px,100% - 2.5rem);margin-inline:auto}
.bar>div{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem 1.6rem;padding:.85rem 0}
.brand{display:flex;align-items:center;gap:.65rem;font-size:1.3rem;letter-spacing:.01em}.brand svg{width:36px}
.bar nav{display:flex;flex-wrap:wrap;gap:.2rem 1.25rem;font-size:.96rem}.bar nav a{padding:.25rem 0;border-bottom:2px solid transparent}
.bar nav a:hover{border-color:var(--gold)}.bar form{margin-left:auto}
.bar input{background:#ffffff1a;border:1px solid #ffffff30;color:inherit;border-radius:99px;padding:.42rem .95rem;font:inherit;font-size:.93rem;width:11rem}
.bar input::placeholder{color:#f4ecdca8}.cart{display:flex;gap:.45rem;align-items:center}
.count{background:var(--gold);color:#12324a;font-weight:700;font-size:.78rem;border-radius:99px;padding:.02rem .5rem}
main{flex:1;padding:2.2rem 0 4rem}
.hero{position:relative;overflow:hidden;background:#16324a;color:#fff;min-height:min(520px,64vh);display:flex;align-items:center}
.hero .scene{position:absolute;inset:0;width:100%;height:100%}
.hero::after{content:"";position:absolute;inset:0;background:linear-gradient(90deg,#0c2233d9,#0c223359 38%,transparent 56%)}
.hero div{position:relative;z-index:1;width:min(1160px,100% - 2.5rem);margin-inline:auto;padding:3.5rem 0 4.5rem}
.hero h1{font-size:clamp(2.3rem,6vw,4rem);max-width:11em}.hero p{font-size:1.16rem;max-width:27em;margin:.4rem 0 1.6rem;color:#f4ecdc}
.button,button{display:inline-block;border:0;cursor:pointer;background:var(--gold);color:#12324a;font:inherit;font-weight:650;text-decoration:none;padding:.62rem 1.35rem;border-radius:99px;transition:transform .15s,filter .15s}
.button:hover,button:hover{filter:brightness(1.06);transform:translateY(-1px)}button.plain{background:none;color:var(--sea);padding:.3rem .5rem;text-decoration:underline}
.lead{font-size:1.16rem;color:var(--quiet);max-width:42em;margin:.2rem 0 1.6rem}.quiet{color:var(--quiet)}
.grid{display:grid;gap:1.5rem;grid-template-columns:repeat(auto-fill,minmax(235px,1fr));padding:0;margin:0;list-style:none}
.card{background:var(--card);border:1px solid var(--line);border-radius:16px;overflow:hidden;box-shadow:var(--shade);transition:transform .2s;height:100%}
.card:hover{transform:translateY(-4px)}.card a{color:inherit;text-decoration:none;display:flex;flex-direction:column;height:100%}
.card img{aspect-ratio:1;width:100%}.card .text{padding:1rem 1.15rem 1.15rem;display:flex;flex-direction:column;gap:.3rem;flex:1}
.card p{margin:0;color:var(--quiet);font-size:.93rem;line-height:1.45}.price{font-weight:700;color:var(--coral);margin-top:auto;padding-top:.45rem;white-space:nowrap}
.shelves{grid-template-columns:repeat(auto-fill,minmax(245px,1fr))}.shelf{display:flex;gap:1rem;align-items:center;text-decoration:none;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:16px;padding:.9rem;height:100%}
.shelf:hover{border-color:var(--sea)}.shelf img{width:84px;border-radius:11px;flex:none}.shelf span{display:block;font-size:.9rem;line-height:1.4;color:var(--quiet)}
.product{display:grid;gap:2.8rem;grid-template-columns:1fr 1fr;align-items:start}.product>img{border-radius:20px;width:100%;box-shadow:var(--shade)}
.product .price{font-size:1.7rem;padding:0;margin:.4rem 0 1.1rem}.crumbs{font-size:.92rem;margin:0 0 1.3rem;color:var(--quiet)}
.stock{display:inline-flex;gap:.55rem;align-items:center;margin:1.1rem 0;color:var(--quiet)}.stock::before{content:"";width:.6rem;height:.6rem;border-radius:50%;background:#4aa37c}
details{border-top:1px solid var(--line);padding:.9rem 0;margin-top:1rem}summary{cursor:pointer;font-weight:600}
input[type=text],input[type=search],input[type=number]{font:inherit;padding:.55rem .85rem;border-radius:10px;border:1px solid var(--line);background:var(--card);color:inherit;max-width:100%}
.bar input[type=search]{border-radius:99px;border-color:#ffffff30;background:#ffffff1a}.row{display:flex;flex-wrap:wrap;gap:.7rem;align-items:center}
.note{border-left:4px solid var(--gold);background:var(--card);padding:.8rem 1.1rem;border-radius:0 12px 12px 0;margin:0 0 1.6rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;background:var(--card);border:1px solid var(--line);border-radius:12px;font-size:.93rem}
th,td{text-align:left;padding:.5rem .9rem;border-bottom:1px solid var(--line);vertical-align:top}td code{overflow-wrap:anywhere}.number{text-align:right;font-variant-numeric:tabular-nums}
.routes td:first-child{width:36%}.routes td:nth-child(2){width:13%;font-size:.82rem}
figure{margin:1.5rem 0}figure img{width:100%;height:auto;border-radius:18px;box-shadow:var(--shade)}figcaption{font-size:.9rem;color:var(--quiet);margin-top:.6rem}
.prose{max-width:40em}footer{background:var(--deep);color:#cfdbe0;font-size:.92rem}footer a{color:#f4ecdc}
footer>div{display:grid;grid-template-columns:1.2fr 1fr;gap:1.2rem 3rem;padding:2.2rem 0 2.6rem}footer p{margin:.3rem 0}
#trip{font:.84rem/1.7 ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}#trip b{color:var(--gold);font-weight:600}
.wave{animation:drift 9s ease-in-out infinite alternate}.late{animation-duration:6s;animation-direction:alternate-reverse}.bob{animation:bob 5s ease-in-out infinite alternate}
@keyframes drift{to{transform:translateX(60px)}}@keyframes bob{to{transform:translateY(9px)}}
@media (max-width:760px){.product,footer>div{grid-template-columns:1fr}.bar form,.bar nav{margin:0;width:100%;order:5}.bar form input{width:100%}.cart{margin-left:auto}
.grid{grid-template-columns:repeat(auto-fill,minmax(158px,1fr));gap:1rem}.shelves{grid-template-columns:1fr}.card .text{padding:.8rem}.hero::after{background:#0c2233a6}.routes td:nth-child(2){display:none}}
@media (prefers-reduced-motion:reduce){*{animation:none!important;transition:none!important}}
)text";
}

std::string_view shop_script_js() {
  return R"text((function () {
  "use strict";
  // Pages are the same for everybody, so that a cache may keep them; what is yours is added here.
  var cart = /(?:^|; )cart=([^;]*)/.exec(document.cookie);
  var things = cart && cart[1] ? cart[1].split(".").length : 0;
  document.querySelectorAll(".count").forEach(function (place) {
    place.textContent = things;
    place.hidden = things === 0;
  });

  // Stock is never cached: it comes from the origin on every look.
  document.querySelectorAll("[data-stock]").forEach(function (place) {
    fetch("/api/stock/" + place.dataset.stock).then(function (answer) { return answer.json(); })
      .then(function (stock) { place.textContent = stock.left + " left on the shelf"; })
      .catch(function () { place.textContent = "Ask us about stock"; });
  });

  // How this page travelled: asks for it once more and shows what the fields say.
  var trip = document.getElementById("trip");
  function show(answer) {
    var lines = [];
    ["Cache-Status", "Age", "Via", "X-Origin-Name", "X-Origin-Request", "ETag"].forEach(function (name) {
      if (answer.headers.get(name)) lines.push([name, answer.headers.get(name)]);
    });
    trip.textContent = "";
    lines.forEach(function (line) {
      var name = document.createElement("b");
      name.textContent = line[0] + ": ";
      trip.append(name, line[1], document.createElement("br"));
    });
  }
  function look() { fetch(location.href).then(show).catch(function () { trip.textContent = "No answer."; }); }
  if (trip) {
    document.getElementById("again").addEventListener("click", look);
    look();
  }
})();
)text";
}

}  // namespace brink::origin
