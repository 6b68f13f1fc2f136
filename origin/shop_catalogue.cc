// What Harbour Goods sells.
#include <fmt/format.h>

#include "origin/demo_http.h"
#include "origin/shop.h"

namespace brink::origin {
namespace {

using enum ShopMotif;

constexpr ShopCategory kCategories[] = {
    {1, "galley", "Galley", "Enamel, oak and stoneware for small kitchens and long tables."},
    {2, "deck", "Deck", "Lanterns, rope and brass that have seen weather and want more of it."},
    {3, "wool", "Wool & Canvas", "Warm things for the watch, sturdy things for the walk home."},
    {4, "charts", "Charts & Logs", "Paper for people who like to know where they are."},
};

constexpr ShopProduct kProducts[] = {
    {1, 1, "Watchkeeper Mug", "Enamel, half a litre, forgives being dropped.",
     "Spun steel with two coats of enamel and a rolled rim. It sits flat on a warm engine and "
     "takes a "
     "full pot of tea for the middle watch.",
     1450, Mug, "#dfe9ec", "#1d4e6b", "#f2c14e"},
    {2, 1, "Slack Tide Kettle", "Broad in the base, so it stays where you put it.",
     "A kettle with the centre of gravity of a barge. The handle folds, the whistle is a low note "
     "that "
     "does not wake the bunk next door.",
     4900, Kettle, "#f3e6d8", "#c8553d", "#2b3a42"},
    {3, 1, "Pier Bowl", "Stoneware, speckled like the beach at low water.",
     "Thrown by hand in batches of forty and glazed with ash. Deep enough for soup, wide enough "
     "for "
     "everything else.",
     2200, Bowl, "#e6eadf", "#6b8f71", "#f4ead5"},
    {4, 1, "Salt Jar", "An oak lid that shuts with a good sound.",
     "Keeps sea salt dry in sea air, which is harder than it looks. The lid is turned from old "
     "fence "
     "posts and oiled twice.",
     2650, Jar, "#efe5dd", "#8d6a52", "#fbf3e4"},
    {5, 1, "Cook's Signal Mug", "The same mug in buoy red, so the cook finds hers.",
     "There is always one person whose mug must not be touched. This is that mug.", 1450, Mug,
     "#fbe9e3", "#d1495b", "#fff3e0"},
    {6, 1, "Regatta Bowl", "For fruit, keys, or the whole catch of the day.",
     "The big sister of the Pier Bowl, in a blue that took the glazer eleven attempts. We kept all "
     "eleven.",
     3800, Bowl, "#e2eef5", "#2a6f97", "#ffffff"},
    {7, 2, "Breakwater Lantern", "Brass and ribbed glass; burns a whole night.",
     "A storm lantern made the way it was made in 1911, from the same drawings. Comes with a wick, "
     "a "
     "spare, and instructions you will not need.",
     8900, Lantern, "#1f3b4d", "#d9a441", "#fff1c1"},
    {8, 2, "Mooring Rope, 10 m", "Three-strand hemp with an eye spliced at one end.",
     "Soft in the hand from the first day. The eye is spliced by Jonna, who also teaches it on "
     "Thursdays if you ask.",
     3400, Rope, "#e3edf0", "#c2a878", "#7a6240"},
    {9, 2, "Little Buoy", "Cedar, painted, floats upright, stops doors.",
     "Turned from one piece and weighted with lead-free shot. It floats as it should and stands as "
     "it "
     "should, so it works in harbours and hallways.",
     2900, Buoy, "#dff0ee", "#e4572e", "#ffffff"},
    {10, 2, "Kedge Anchor", "Two kilograms of galvanised calm.",
     "Folds flat, holds a dinghy, and makes a very decided paperweight.", 4200, Anchor, "#e9e4dc",
     "#33475b", "#b9c6d2"},
    {11, 2, "Pilot Lantern", "The small one, in green, for steps and tents.",
     "Half the size of the Breakwater and twice as often borrowed. Runs on a candle or on a small "
     "LED "
     "of your own.",
     5200, Lantern, "#12343b", "#6bb39a", "#f7ffe0"},
    {12, 2, "Signal Line, 25 m", "Thin, orange, easy to see and hard to lose.",
     "Braided so that it does not kink, dyed so that nobody trips over it twice.", 1900, Rope,
     "#f4f0e6", "#e07a3f", "#9c4a1a"},
    {13, 3, "Night Watch Jumper", "Five-gauge wool, close at the neck.",
     "Knitted in the round with no side seams, like the ones in the museum. Unlike those, it may "
     "be "
     "washed.",
     12900, Jumper, "#e8e3d6", "#22405c", "#e8d8b0"},
    {14, 3, "Harbour Beanie", "Merino, folded twice, warm in drizzle.",
     "The hat that started the shop. It was meant to be one winter's side business.", 3200, Beanie,
     "#dfe8e6", "#e0a030", "#8a5a12"},
    {15, 3, "Cabin Blanket", "Recycled wool, one stripe for each wind.",
     "Woven from mill ends, so that no two are the same, and heavy enough to argue with a draught.",
     9800, Blanket, "#efe8de", "#52796f", "#f2e2b6"},
    {16, 3, "Ferry Bag", "Waxed canvas with room for a loaf and a coat.",
     "Stands open by itself while you fill it. The strap is an old fire hose, which is why no two "
     "numbers on it are alike.",
     7400, Bag, "#eae6da", "#8a7f5c", "#c8553d"},
    {17, 3, "Fog Jumper", "The pale one. It hides nothing and goes with everything.",
     "Undyed wool from two named sheep and some four hundred others. Same cut as the Night Watch.",
     12900, Jumper, "#cfdde3", "#f1ece0", "#8fa3ad"},
    {18, 3, "Sailmaker's Tote", "Cut from a retired mainsail, stitched zigzag.",
     "Every bag has sailed. If it still carries a reef point, that is a feature.", 5600, Bag,
     "#dcecf2", "#f7f3e8", "#2a6f97"},
    {19, 4, "Chart of the Outer Skerries", "Five colours, folded or flat.",
     "Drawn from the survey of 1898 and corrected where the rocks have moved. Not to be used for "
     "navigation, though people do.",
     2800, Chart, "#e4ddcc", "#7fb0b5", "#d9b36c"},
    {20, 4, "Deck Log", "Two hundred numbered pages, lies flat, takes pencil.",
     "Ruled for time, wind, barometer and remarks. The remarks column is wider than the navy "
     "allows.",
     2400, Book, "#e7e9e4", "#1f4a5b", "#e9c46a"},
    {21, 4, "Pocket Compass", "Liquid-filled, in a tin that clicks.",
     "Finds north in under three seconds and then stays there. Engraving is free up to eleven "
     "letters.",
     6100, Compass, "#efe6d8", "#b08d4f", "#d1495b"},
    {22, 4, "Paper Boat Kit", "Twelve waxed sheets and one brave captain.",
     "Fold along the lines, launch in any puddle. The record stands at nine minutes and is held by "
     "a "
     "grandmother.",
     1200, Boat, "#d9edf2", "#ffffff", "#e4572e"},
    {23, 4, "Tide Notebook", "Pocket size, with the year's tides in the back.",
     "Forty-eight pages for whatever comes in, twelve for what goes out.", 950, Book, "#f0e9df",
     "#c8553d", "#f9f1dc"},
    {24, 4, "Night Chart", "The same skerries on dark blue, for red light.",
     "Prints of lights and sectors only. Pin it above the bunk and learn the coast in your sleep.",
     3100, Chart, "#16324a", "#27597a", "#f2c14e"},
};
static_assert(std::size(kProducts) == kShopProducts);
static_assert(std::size(kCategories) == kShopCategories);

}  // namespace

std::span<const ShopProduct> shop_products() {
  return kProducts;
}
std::span<const ShopCategory> shop_categories() {
  return kCategories;
}

const ShopProduct* shop_product(std::string_view id) {
  const auto number = demo_parse_number(id, kShopProducts);
  const bool exists = number && *number > 0 && id.front() != '0';
  return exists ? &kProducts[*number - 1] : nullptr;
}

const ShopCategory* shop_category(std::string_view slug) {
  for (const ShopCategory& category : kCategories) {
    if (category.slug == slug) return &category;
  }
  return nullptr;
}

ShopState::ShopState() : price_cents{}, changed{} {
  changed.fill(kShopOpened);
  for (const ShopProduct& product : kProducts) {
    price_cents[static_cast<std::size_t>(product.id)] = product.price_cents;
  }
}

std::string shop_price(std::uint32_t cents) {
  return fmt::format("€ {}.{:02}", cents / 100, cents % 100);
}

}  // namespace brink::origin
