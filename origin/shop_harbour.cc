// The harbour at dusk: a raster image out of arithmetic, as a palette PNG without compression.
// A fifth of what it shows is mathematics that any schoolbook has; the rest is taste.
#include <algorithm>
#include <array>
#include <cmath>

#include "origin/demo_http.h"
#include "origin/shop.h"

namespace brink::origin {
namespace {

constexpr int kWidth = 1280;
constexpr int kHeight = 720;
constexpr int kHorizon = 440;
constexpr double kSunX = 830;
constexpr double kSunY = kHorizon - 62;

// Palette: 128 colours of sky, 96 of water, then single ones.
constexpr int kSky = 0, kSkyColours = 128;
constexpr int kWater = 128, kWaterColours = 96;
enum Colour : std::uint8_t { Far = 224, Near, Dark, Sun, Lamp, White, Red };

struct Rgb {
  double r, g, b;
};

Rgb blend(std::span<const Rgb> stops, double t) {
  const double at = std::clamp(t, 0.0, 1.0) * static_cast<double>(stops.size() - 1);
  const auto i = std::min(static_cast<std::size_t>(at), stops.size() - 2);
  const double f = at - static_cast<double>(i);
  const Rgb& a = stops[i];
  const Rgb& b = stops[i + 1];
  return {a.r + (b.r - a.r) * f, a.g + (b.g - a.g) * f, a.b + (b.b - a.b) * f};
}

std::string make_palette() {
  constexpr Rgb kSkyStops[] = {{20, 36, 66},   {58, 62, 104},   {140, 88, 118},
                               {232, 128, 98}, {250, 196, 128}, {255, 226, 172}};
  constexpr Rgb kWaterStops[] = {
      {10, 28, 46}, {32, 56, 84}, {96, 84, 110}, {226, 136, 100}, {255, 226, 160}};
  constexpr Rgb kSingles[] = {{92, 78, 108},   {40, 46, 72},    {16, 24, 40}, {255, 242, 205},
                              {255, 236, 160}, {226, 214, 204}, {168, 62, 74}};
  std::string palette;
  const auto append = [&](const Rgb& c) {
    for (const double v : {c.r, c.g, c.b})
      palette += static_cast<char>(static_cast<int>(v));
  };
  for (int i = 0; i < kSkyColours; ++i)
    append(blend(kSkyStops, i / double(kSkyColours - 1)));
  for (int i = 0; i < kWaterColours; ++i)
    append(blend(kWaterStops, i / double(kWaterColours - 1)));
  for (const Rgb& colour : kSingles)
    append(colour);
  return palette;
}

// Between two palette entries the eye mixes: a fixed 4 × 4 pattern decides which one it is here.
int dithered(double value, int colours, int x, int y) {
  constexpr int kPattern[4][4] = {{0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}};
  const double threshold = (kPattern[y & 3][x & 3] + 0.5) / 16.0;
  const double scaled = std::clamp(value, 0.0, 1.0) * (colours - 1);
  return std::min(static_cast<int>(scaled + threshold), colours - 1);
}

double ridge(int x, double base, double height, double phase) {
  return base - height * (0.5 + 0.3 * std::sin(x * 0.0061 + phase) +
                          0.14 * std::sin(x * 0.017 + 2 * phase) + 0.06 * std::sin(x * 0.051));
}

// The headland with its lighthouse on the left; 0 where there is none.
int headland(int x, int y) {
  constexpr int kTowerX = 236, kTop = 168, kFoot = 372;
  const int from_axis = std::abs(x - kTowerX);
  if (y >= kTop && y < kFoot && from_axis < 13 + (y - kTop) / 16) {
    return (y - kTop) / 34 % 2 == 0 ? White : Red;
  }
  if (y >= kTop - 8 && y < kTop && from_axis < 24) return Dark;
  if (y >= kTop - 40 && y < kTop - 8 && from_axis < 13) return from_axis < 9 ? Lamp : Dark;
  if (y >= kTop - 60 && y < kTop - 40 && from_axis < y - (kTop - 60)) return Dark;
  const double cliff = kHorizon + 6 - 92 * std::exp(-std::pow((x - 190) / 190.0, 4)) -
                       5 * std::sin(x * 0.07) - 3 * std::sin(x * 0.19);
  return y > cliff && y < kHorizon + 8 && x < 420 ? Dark : 0;
}

// A small boat under sail; 0 where there is none.
int sailing_boat(int x, int y) {
  const int dx = x - 610;
  const int dy = y - (kHorizon + 26);
  if (dy >= 0 && dy < 12 && std::abs(dx) < 40 - dy * 2) return Dark;
  if (dy < 0 && dy > -84 && dx > 2 && dx < (84 + dy) / 2) return White;
  if (dy < -6 && dy > -66 && dx < -2 && -dx < (66 + dy) / 3) return White;
  return 0;
}

int sky_at(int x, int y) {
  const double from_sun = std::hypot(x - kSunX, (y - kSunY) * 1.15);
  if (from_sun < 46) return Sun;
  double light = std::pow(y / double(kHorizon), 1.5) * 0.78;
  light += 0.42 * std::exp(-from_sun / 150) +
           0.05 * std::sin(x * 0.004 + y * 0.03) * std::sin(y * 0.021 + x * 0.0013);
  const double beam = (y - 144.0) - (x - 250.0) * 0.02;  // of the lighthouse
  if (x > 250 && std::abs(beam) < (x - 250) * 0.055) light += 0.09 * std::exp(-(x - 250) / 520.0);
  return kSky + dithered(light, kSkyColours, x, y);
}

int water_at(int x, int y) {
  const double depth = (y - kHorizon) / double(kHeight - kHorizon);
  const double ripple = std::sin(x * 0.02 / (0.18 + depth) + 3 * std::sin(y * 0.31) + y * 0.9) *
                        std::sin(x * 0.006 + y * 0.47);
  const double path = std::exp(-std::pow((x - kSunX) / (46 + 250 * depth), 2));
  const double light =
      0.36 * (1 - depth) * (1 - depth) + path * (0.34 + 0.42 * ripple) + 0.06 * ripple + 0.05;
  return kWater + dithered(light, kWaterColours, x, y);
}

int pixel(int x, int y) {
  if (const int near = headland(x, y)) return near;
  if (const int boat = sailing_boat(x, y)) return boat;
  if (y >= kHorizon) return water_at(x, y);
  if (y > ridge(x, kHorizon, 46, 4.0)) return Near;
  if (y > ridge(x, kHorizon, 96, 1.2)) return Far;
  return sky_at(x, y);
}

void append_big_endian(std::string& out, std::uint32_t value) {
  for (unsigned shift = 32; shift > 0; shift -= 8) {
    out += static_cast<char>((value >> (shift - 8)) & 0xffU);
  }
}

void append_chunk(std::string& png, std::string_view type, std::string_view data) {
  append_big_endian(png, static_cast<std::uint32_t>(data.size()));
  png.append(type).append(data);
  append_big_endian(png, demo_crc32(data, demo_crc32(type)));
}

std::uint32_t adler32(std::string_view bytes) {
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (const char c : bytes) {
    a = (a + static_cast<unsigned char>(c)) % 65'521;
    b = (b + a) % 65'521;
  }
  return b << 16U | a;
}

std::string make_png() {
  std::string pixels;
  pixels.reserve(static_cast<std::size_t>(kWidth + 1) * kHeight);
  for (int y = 0; y < kHeight; ++y) {
    pixels += '\0';  // this row is not filtered
    for (int x = 0; x < kWidth; ++x)
      pixels += static_cast<char>(pixel(x, y));
  }
  std::string header;
  append_big_endian(header, kWidth);
  append_big_endian(header, kHeight);
  header += std::string_view("\x08\x03\0\0\0", 5);  // 8 bits, palette, not interlaced
  std::string zlib = "\x78\x01" + demo_deflate_stored(pixels);
  append_big_endian(zlib, adler32(pixels));
  std::string png = "\x89PNG\r\n\x1a\n";
  append_chunk(png, "IHDR", header);
  append_chunk(png, "PLTE", make_palette());
  append_chunk(png, "IDAT", zlib);
  append_chunk(png, "IEND", "");
  return png;
}

}  // namespace

std::shared_ptr<const std::string> shop_harbour_png() {
  static const auto png = std::make_shared<const std::string>(make_png());
  return png;
}

}  // namespace brink::origin
