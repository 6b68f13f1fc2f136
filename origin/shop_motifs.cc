// The sixteen things that Harbour Goods draws on its pictures, on a field of 400 × 400.
#include <string>

#include "origin/shop.h"

namespace brink::origin {
namespace {

// M stands for the main colour, A for the accent: "{M}" and "{A}" are replaced.
constexpr std::string_view kMotifs[] = {
    // Mug
    R"svg(<path d="M258 170h28c34 0 52 20 52 50s-20 52-56 52h-24v-24h22c20 0 32-10 32-28s-10-28-30-28h-24z" fill="{M}"/>
<path d="M118 132h146v128c0 26-20 46-46 46h-54c-26 0-46-20-46-46z" fill="{M}"/>
<path d="M118 132h146v16H118z" fill="#000" opacity=".28"/><path d="M118 214q18-14 36 0t36 0 36 0 38 0v22q-20 14-38 0t-36 0-36 0-36 0z" fill="{A}"/>
<path d="M136 160v96c0 12 4 20 10 26" stroke="#fff" stroke-width="8" stroke-linecap="round" fill="none" opacity=".35"/>
<path d="M160 108q-12-16 0-30t0-30M206 108q-12-16 0-30t0-30" stroke="{M}" stroke-width="6" stroke-linecap="round" fill="none" opacity=".35"/>)svg",
    // Kettle
    R"svg(<path d="M140 168c0-66 120-66 120 0" fill="none" stroke="{A}" stroke-width="14"/><circle cx="200" cy="150" r="13" fill="{A}"/>
<path d="M98 300c0-84 32-136 102-136s102 52 102 136z" fill="{M}"/><path d="M292 228c22-4 30-30 56-40l8 18c-20 10-26 52-58 60z" fill="{M}"/>
<path d="M88 296h224v16H88z" fill="{A}"/><path d="M126 276c4-42 18-70 42-84" stroke="#fff" stroke-width="10" stroke-linecap="round" fill="none" opacity=".4"/>)svg",
    // Bowl
    R"svg(<ellipse cx="200" cy="176" rx="124" ry="30" fill="{M}"/><ellipse cx="200" cy="178" rx="108" ry="21" fill="{A}"/>
<path d="M76 178c4 76 52 118 124 118s120-42 124-118c-30 34-218 34-248 0z" fill="{M}"/><path d="M156 290h88l8 22h-104z" fill="{M}"/><path d="M156 290h88l8 22h-104z" fill="#000" opacity=".2"/>
<g fill="#000" opacity=".22"><circle cx="130" cy="230" r="3"/><circle cx="164" cy="256" r="4"/><circle cx="226" cy="240" r="3"/><circle cx="262" cy="226" r="4"/><circle cx="200" cy="274" r="3"/><circle cx="286" cy="206" r="2.5"/><circle cx="108" cy="208" r="2.5"/></g>)svg",
    // Jar
    R"svg(<path d="M134 150h132c14 0 22 10 22 24v110c0 18-12 30-30 30H142c-18 0-30-12-30-30V174c0-14 8-24 22-24z" fill="{A}"/>
<path d="M112 208h176v74c0 20-12 32-30 32H142c-18 0-30-12-30-32z" fill="#fff" opacity=".55"/><rect x="122" y="112" width="156" height="44" rx="10" fill="{M}"/><circle cx="200" cy="98" r="17" fill="{M}"/>
<path d="M132 126h136M132 140h136" stroke="#000" stroke-width="3" opacity=".18"/><rect x="158" y="214" width="84" height="52" rx="6" fill="{M}"/><path d="M172 232h56M172 248h36" stroke="{A}" stroke-width="6" stroke-linecap="round"/>)svg",
    // Lantern
    R"svg(<circle cx="200" cy="222" r="130" fill="{A}" opacity=".16"/><circle cx="200" cy="222" r="90" fill="{A}" opacity=".22"/>
<path d="M150 128c0-70 100-70 100 0" fill="none" stroke="{M}" stroke-width="9"/><path d="M158 116h84l18 34H140z" fill="{M}"/><rect x="184" y="98" width="32" height="20" rx="4" fill="{M}"/>
<rect x="148" y="150" width="104" height="122" rx="26" fill="{A}" opacity=".85"/><path d="M200 256c-22 0-28-22-14-42 8-12 12-20 14-34 14 16 34 34 30 56-2 12-14 20-30 20z" fill="#f08a24"/><path d="M200 254c-10 0-14-10-8-22 4-8 8-12 8-20 10 10 18 18 16 30-2 8-8 12-16 12z" fill="#fff6d8"/>
<path d="M148 172h104M148 248h104" stroke="{M}" stroke-width="7"/><path d="M168 150v122M232 150v122" stroke="{M}" stroke-width="5"/><path d="M136 272h128l14 40H122z" fill="{M}"/>)svg",
    // Rope
    R"svg(<g fill="none" stroke="{M}" stroke-width="26"><ellipse cx="200" cy="208" rx="112" ry="84"/><ellipse cx="200" cy="204" rx="80" ry="58"/><ellipse cx="200" cy="200" rx="48" ry="32"/></g>
<g fill="none" stroke="{A}" stroke-width="26" stroke-dasharray="5 17" opacity=".55"><ellipse cx="200" cy="208" rx="112" ry="84"/><ellipse cx="200" cy="204" rx="80" ry="58"/><ellipse cx="200" cy="200" rx="48" ry="32"/></g>
<path d="M290 254c38 6 50 40 30 60s-60 6-50-22" fill="none" stroke="{M}" stroke-width="22" stroke-linecap="round"/><path d="M290 254c38 6 50 40 30 60s-60 6-50-22" fill="none" stroke="{A}" stroke-width="22" stroke-dasharray="5 16" opacity=".55"/>)svg",
    // Buoy
    R"svg(<g transform="rotate(8 200 220)"><path d="M200 62v60" stroke="#33475b" stroke-width="9"/><circle cx="200" cy="60" r="13" fill="{M}"/><path d="M164 122h72l40 106c8 54-28 92-76 92s-84-38-76-92z" fill="{M}"/><path d="M148 164h104l18 46H130z" fill="{A}"/><path d="M124 240h152c2 20-2 34-10 46H134c-8-12-12-26-10-46z" fill="{A}"/></g>
<path d="M0 306q40-24 80 0t80 0 80 0 80 0 80 0v94H0z" fill="#2a6f97" opacity=".55"/><path d="M-40 330q40-20 80 0t80 0 80 0 80 0 80 0 80 0v70H-40z" fill="#1d4e6b" opacity=".6"/>)svg",
    // Anchor
    R"svg(<g fill="none" stroke="{M}" stroke-width="22" stroke-linecap="round" stroke-linejoin="round"><circle cx="200" cy="98" r="26"/><path d="M200 126v186M146 158h108M92 232c4 52 50 82 108 82s104-30 108-82"/><path d="M70 256l22-28 32 18M330 256l-22-28-32 18"/></g>
<path d="M186 140v150" stroke="{A}" stroke-width="6" stroke-linecap="round" opacity=".8"/>)svg",
    // Jumper
    R"svg(<path d="M152 98c20 18 76 18 96 0l52 26 44 138-50 18-24-74v110H130V206l-24 74-50-18 44-138z" fill="{M}"/><path d="M150 96c12-14 88-14 100 0 0 44-100 44-100 0z" fill="{A}"/><path d="M130 292h140v26H130z" fill="{A}"/><path d="M58 256l48 18-4 14-50-18zM342 256l-48 18 4 14 50-18z" fill="{A}"/>
<path d="M130 170h140M130 190h140" stroke="{A}" stroke-width="5" stroke-dasharray="9 7"/><path d="M144 206v78M164 206v78M184 206v78M204 206v78M224 206v78M244 206v78" stroke="#000" stroke-width="3" opacity=".12"/>)svg",
    // Beanie
    R"svg(<circle cx="200" cy="98" r="26" fill="{A}"/><path d="M96 262c0-96 38-150 104-150s104 54 104 150z" fill="{M}"/><path d="M130 254c2-64 14-104 36-130M166 254c0-64 6-104 20-134M234 254c0-64-6-104-20-134M270 254c-2-64-14-104-36-130" stroke="#000" stroke-width="5" fill="none" opacity=".14"/>
<rect x="82" y="244" width="236" height="62" rx="18" fill="{M}"/><rect x="82" y="244" width="236" height="62" rx="18" fill="#fff" opacity=".18"/><path d="M110 252v46M134 252v46M158 252v46M182 252v46M206 252v46M230 252v46M254 252v46M278 252v46M300 252v46" stroke="#000" stroke-width="4" opacity=".14"/><rect x="222" y="258" width="54" height="32" rx="4" fill="{A}"/>)svg",
    // Blanket
    R"svg(<path d="M92 150c0-22 14-36 36-36h164c-20 0-28 14-28 34v164H128c-22 0-36-14-36-36z" fill="{M}"/><path d="M264 148c0-46 62-46 62 0v22h-62z" fill="{M}"/><path d="M264 148c0-46 62-46 62 0v22h-62z" fill="#000" opacity=".22"/>
<path d="M92 176h172v16H92zM92 216h172v28H92zM92 264h172v10H92z" fill="{A}"/><path d="M112 312v20M132 312v20M152 312v20M172 312v20M192 312v20M212 312v20M232 312v20M252 312v20" stroke="{M}" stroke-width="6" stroke-linecap="round"/>)svg",
    // Bag
    R"svg(<path d="M146 166v-28c0-72 108-72 108 0v28" fill="none" stroke="{A}" stroke-width="13"/><path d="M94 158h212l18 150c2 12-6 20-18 20H94c-12 0-20-8-18-20z" fill="{M}"/><path d="M94 158h212l4 32H90z" fill="#000" opacity=".14"/>
<path d="M82 262h236l6 46c2 12-6 20-18 20H94c-12 0-20-8-18-20z" fill="{A}"/><path d="M136 158v26M264 158v26" stroke="{A}" stroke-width="15"/><rect x="164" y="206" width="72" height="40" rx="5" fill="none" stroke="{A}" stroke-width="5" stroke-dasharray="7 5"/>)svg",
    // Chart
    R"svg(<g transform="rotate(-4 200 208)"><path d="M70 118l86-26 88 26 86-26v206l-86 26-88-26-86 26z" fill="#f7efdc"/><path d="M70 118l86-26v206l-86 26zM244 118l86-26v206l-86 26z" fill="{M}" opacity=".55"/><path d="M156 92l88 26v206l-88-26z" fill="{M}" opacity=".8"/>
<path d="M96 236c30-42 54-12 74-40s52-24 62 2 44 12 72-24" fill="none" stroke="{A}" stroke-width="7" stroke-dasharray="3 14" stroke-linecap="round"/><path d="M104 160c18-16 44-4 38 14s-50 20-38-14zM262 236c14-18 48-10 44 10s-60 18-44-10zM188 244c10-10 30-6 26 8s-38 6-26-8z" fill="{A}"/><path d="M292 132l18 16M310 132l-18 16" stroke="#d1495b" stroke-width="7" stroke-linecap="round"/></g>)svg",
    // Book
    R"svg(<g transform="rotate(-6 200 204)"><path d="M126 92h150c12 0 20 8 20 20v196c0 12-8 20-20 20H126z" fill="#000" opacity=".16"/><path d="M112 84h154c12 0 20 8 20 20v196c0 12-8 20-20 20H112z" fill="{M}"/><path d="M112 84h26v236h-26z" fill="#000" opacity=".25"/><rect x="164" y="124" width="94" height="62" rx="5" fill="{A}"/><path d="M178 146h66M178 164h40" stroke="{M}" stroke-width="7" stroke-linecap="round"/><path d="M270 84v236" stroke="{A}" stroke-width="7"/><path d="M196 318v30l10-10 10 10v-30z" fill="{A}"/></g>)svg",
    // Compass
    R"svg(<circle cx="200" cy="212" r="118" fill="{M}"/><rect x="182" y="70" width="36" height="30" rx="8" fill="{M}"/><circle cx="200" cy="66" r="16" fill="none" stroke="{M}" stroke-width="9"/><circle cx="200" cy="212" r="94" fill="#fffaf0"/>
<g stroke="#33475b" stroke-width="5" stroke-linecap="round"><path d="M200 130v12M200 282v12M118 212h12M270 212h12"/><path d="M142 154l7 7M258 154l-7 7M142 270l7-7M258 270l-7-7" stroke-width="3"/></g><g transform="rotate(28 200 212)"><path d="M200 142l18 70h-36z" fill="{A}"/><path d="M200 282l18-70h-36z" fill="#33475b"/></g><circle cx="200" cy="212" r="9" fill="{M}"/>)svg",
    // Boat
    R"svg(<path d="M200 96l74 120H126z" fill="{M}"/><path d="M200 96v120h74z" fill="#000" opacity=".12"/><path d="M66 206l70 10h128l70-10-58 92H124z" fill="{M}"/><path d="M66 206l70 10 64 82h-76z" fill="#000" opacity=".08"/><path d="M200 96V66l44 16-44 16" fill="{A}"/>
<path d="M0 300q40-22 80 0t80 0 80 0 80 0 80 0v100H0z" fill="#2a6f97" opacity=".6"/><path d="M-40 326q40-20 80 0t80 0 80 0 80 0 80 0 80 0v74H-40z" fill="#1d4e6b" opacity=".6"/>)svg",
};

std::string with_colours(std::string_view drawing, std::string_view main, std::string_view accent) {
  std::string svg;
  svg.reserve(drawing.size() + 128);
  for (std::size_t i = 0; i < drawing.size(); ++i) {
    const std::string_view three = drawing.substr(i, 3);
    if (three == "{M}" || three == "{A}") {
      svg += three == "{M}" ? main : accent;
      i += 2;
    } else {
      svg += drawing[i];
    }
  }
  return svg;
}

}  // namespace

std::string shop_motif_svg(ShopMotif motif, std::string_view main, std::string_view accent) {
  static_assert(std::size(kMotifs) == static_cast<std::size_t>(ShopMotif::Boat) + 1);
  return with_colours(kMotifs[static_cast<std::size_t>(motif)], main, accent);
}

}  // namespace brink::origin
