#include "edge/cache/vary.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "edge/cache/storable.h"
#include "edge/cache/tokens.h"

namespace brink::edge::cache {
namespace {

constexpr std::string_view kAcceptLanguage = "accept-language";
constexpr int kFullWeight =
    1000;  // weights in thousandths: three decimals at most (RFC 9110 §12.4.2)

// The distinct names of a Vary value in alphabetical order, at most kMaxVaryFields.
struct VaryNames {
  std::array<std::string_view, kMaxVaryFields> names;
  std::size_t count = 0;
  bool too_many = false;

  explicit VaryNames(std::string_view vary) {
    for_each_list_element(vary, [this](std::string_view name) {
      const auto end = names.begin() + static_cast<std::ptrdiff_t>(count);
      const auto at = std::lower_bound(names.begin(), end, name, iless);
      if (at != end && iequals(*at, name)) return true;
      too_many = count == names.size();
      if (too_many) return false;
      std::move_backward(at, end, end + 1);
      *at = name;
      ++count;
      return true;
    });
  }
};

// "0", "0.5", "1.000" as thousandths; -1 when malformed.
int parse_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return -1;
  int weight = (text[0] - '0') * kFullWeight;
  if (text.size() == 1) return weight;
  if (text[1] != '.') return -1;
  int place = 100;
  for (const char c : text.substr(2)) {
    if (!is_digit(c)) return -1;
    weight += (c - '0') * place;
    place /= 10;
  }
  return weight <= kFullWeight ? weight : -1;
}

// A list member (without white space at its ends) with its weight: "de;q=0.5". Other parameters are
// skipped.
struct Weighted {
  std::string_view name;
  int weight = kFullWeight;  // -1 = malformed
};
Weighted parse_weighted(std::string_view element) {
  std::size_t semicolon = element.find(';');
  if (semicolon == std::string_view::npos) return {element};
  Weighted out{trim_ows(element.substr(0, semicolon))};
  while (semicolon != std::string_view::npos) {
    element.remove_prefix(semicolon + 1);
    semicolon = element.find(';');
    const std::string_view parameter = trim_ows(element.substr(0, semicolon));
    if (istarts_with(parameter, "q=")) out.weight = parse_weight(parameter.substr(2));
  }
  return out;
}

constexpr std::array<std::string_view, 3> kCodings = {"zstd", "br", "gzip"};
constexpr unsigned kZstd = 1U;
constexpr unsigned kBrotli = 2U;
constexpr unsigned kGzip = 4U;

// The bit of a coding that Brink can serve, or 0; by length first, since this runs for every hit
// that varies.
unsigned coding_bit(std::string_view name) {
  switch (name.size()) {
    case 2:
      return iequals(name, "br") ? kBrotli : 0;
    case 4:
      return iequals(name, "gzip") ? kGzip : iequals(name, "zstd") ? kZstd : 0;
    case 6:
      return iequals(name, "x-gzip") ? kGzip : 0;
    default:
      return 0;
  }
}

// One bit per coding of kCodings that the client accepts (RFC 9110 §12.5.3).
unsigned accepted_codings(Fields request) {
  unsigned named = 0;
  unsigned accepted = 0;
  bool star = false;
  for (const Field& field : request) {
    if (!iequals(field.name, "accept-encoding")) continue;
    for_each_list_element(field.value, [&](std::string_view element) {
      const Weighted coding = parse_weighted(element);
      if (coding.name == "*") star = coding.weight > 0;
      const unsigned bit = coding_bit(coding.name);
      named |= bit;
      if (coding.weight > 0) accepted |= bit;
      return true;
    });
  }
  return star ? accepted | ~named : accepted;
}

void append_codings(unsigned accepted, std::string& out) {
  bool any = false;
  for (std::size_t i = 0; i < kCodings.size(); ++i) {
    if ((accepted >> i & 1U) == 0) continue;
    if (any) out.push_back(',');
    out += kCodings[i];
    any = true;
  }
  if (!any) out += "identity";
}

// Accept-Language, parsed (RFC 9110 §12.5.4).
class Languages {
 public:
  explicit Languages(Fields request) {
    for (const Field& field : request) {
      if (!iequals(field.name, kAcceptLanguage)) continue;
      present_ = true;
      for_each_list_element(field.value, [this](std::string_view element) {
        const Weighted range = parse_weighted(element);
        usable_ = usable_ && count_ < ranges_.size() && range.weight >= 0;
        if (usable_) ranges_[count_++] = range;
        return usable_;
      });
    }
  }
  bool present() const { return present_; }
  // Well-formed and not too long: may be reordered and compared by weight.
  bool usable() const { return usable_; }

  void append_normalised(std::string& out) {
    std::sort(begin(), end(), [](const Weighted& a, const Weighted& b) {
      return a.weight != b.weight ? a.weight > b.weight : iless(a.name, b.name);
    });
    for (std::size_t i = 0; i < count_; ++i) {
      if (i > 0) out.push_back(',');
      append_lower(ranges_[i].name, out);
      if (ranges_[i].weight == kFullWeight) continue;
      char digits[8];
      const auto last = std::to_chars(digits, digits + sizeof digits, ranges_[i].weight);
      out.append(";q=").append(digits, last.ptr);
    }
  }

  // The weight of a language tag if none is weighted higher, else 0. The longest matching range
  // counts (RFC 4647 §3.3.1).
  int top_weight(std::string_view tag) const {
    int highest = 0;
    int weight = 0;
    std::size_t longest = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      const Weighted& range = ranges_[i];
      highest = std::max(highest, range.weight);
      const bool star = range.name == "*";
      const bool matches =
          star || (istarts_with(tag, range.name) &&
                   (tag.size() == range.name.size() || tag[range.name.size()] == '-'));
      const std::size_t length = star ? 1 : range.name.size() + 1;
      if (!matches || length < longest) continue;
      weight = length == longest ? std::max(weight, range.weight) : range.weight;
      longest = length;
    }
    return weight == highest ? weight : 0;
  }

 private:
  Weighted* begin() { return ranges_.data(); }
  Weighted* end() { return ranges_.data() + count_; }

  std::array<Weighted, 32> ranges_;
  std::size_t count_ = 0;
  bool present_ = false;
  bool usable_ = true;
};

// Without white space around commas; quoted strings stay as they are. `value` has none at its ends.
void append_compact(std::string_view value, bool lower, std::string& out) {
  if (value.find(',') == std::string_view::npos) {
    lower ? append_lower(value, out) : static_cast<void>(out.append(value));
    return;
  }
  bool quoted = false;
  std::size_t kept = out.size();  // end of what is not trailing white space
  bool after_comma = true;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (!quoted && is_ows(c) && after_comma) continue;
    if (!quoted && c == ',') out.resize(kept);
    out.push_back(lower ? ascii_lower(c) : c);
    if (c == '"') quoted = !quoted;
    if (quoted && c == '\\' && i + 1 < value.size()) out.push_back(value[++i]);
    after_comma = !quoted && c == ',';
    if (quoted || !is_ows(c)) kept = out.size();
  }
  out.resize(kept);
}

void append_generic(std::string_view name, Fields request, bool lower, std::string& out) {
  bool any = false;
  for (const Field& field : request) {
    if (!iequals(field.name, name)) continue;
    out.push_back(any ? ',' : '+');
    append_compact(trim_ows(field.value), lower, out);
    any = true;
  }
  if (!any) out.push_back('-');
}

void append_language(Fields request, std::string& out) {
  Languages languages{request};
  if (!languages.present()) {
    out.push_back('-');
  } else if (languages.usable()) {
    out.push_back('+');
    languages.append_normalised(out);
  } else {
    out.push_back('~');  // as written: never the same as a normalised value
    append_generic(kAcceptLanguage, request, true, out);
  }
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// Do two variant keys of the same Vary agree in everything but Accept-Language?
bool agree_but_for_language(std::string_view a, std::string_view b) {
  bool differed = false;
  while (!a.empty() && !b.empty()) {
    const std::string_view x = take_line(a);
    const std::string_view y = take_line(b);
    if (x == y) continue;
    const bool language = x.starts_with("accept-language:") && y.starts_with("accept-language:");
    if (!language) return false;
    differed = true;
  }
  return differed && a.empty() && b.empty();
}

}  // namespace

bool vary_value_is_star(std::string_view vary) {
  bool star = false;
  for_each_list_element(vary, [&](std::string_view name) {
    star = name == "*";
    return !star;
  });
  return star;
}

bool vary_is_star(Fields response) {
  return std::any_of(response.begin(), response.end(), [](const Field& field) {
    return iequals(field.name, "vary") && vary_value_is_star(field.value);
  });
}

bool vary_is_too_long(std::string_view vary) {
  return VaryNames{vary}.too_many;
}

void append_variant_key(std::string_view vary, Fields request, std::string& out) {
  if (vary.empty()) return;
  const VaryNames vary_names{vary};
  for (std::size_t i = 0; i < vary_names.count; ++i) {
    const std::string_view name = vary_names.names[i];
    append_lower(name, out);
    out.push_back(':');
    if (iequals(name, "accept-encoding")) {
      out.push_back('+');
      append_codings(accepted_codings(request), out);
    } else if (iequals(name, kAcceptLanguage)) {
      append_language(request, out);
    } else {
      append_generic(name, request, false, out);
    }
    out.push_back('\n');
  }
}

int VariantMatcher::score(std::string_view vary, std::string_view stored_variant_key,
                          std::string_view content_language) {
  if (vary.empty()) return stored_variant_key.empty() ? kExact : 0;
  if (!has_key_ || vary_ != vary) {
    key_->clear();
    append_variant_key(vary, request_, *key_);
    vary_ = vary;
    has_key_ = true;
  }
  if (*key_ == stored_variant_key) return kExact;
  if (content_language.empty() || !agree_but_for_language(*key_, stored_variant_key)) return 0;
  const Languages languages{request_};
  int best = 0;
  if (languages.usable()) {
    for_each_list_element(content_language, [&](std::string_view tag) {
      best = std::max(best, languages.top_weight(tag));
      return true;
    });
  }
  return best;
}

int variant_score(std::string_view vary, std::string_view stored_variant_key,
                  std::string_view stored_head, Fields request, std::string& scratch) {
  std::string_view language;
  for_each_stored_field(stored_head, [&](const Field& field) {
    if (iequals(field.name, "content-language")) language = field.value;
    return language.empty();
  });
  return VariantMatcher{request, scratch}.score(vary, stored_variant_key, language);
}

bool same_codings(std::string_view stored_variant_key, Fields request, std::string& scratch) {
  constexpr std::string_view kName = "accept-encoding:+";
  while (!stored_variant_key.empty()) {
    const std::string_view line = take_line(stored_variant_key);
    if (!line.starts_with(kName)) continue;
    normalise_accept_encoding(request, scratch);
    return line.substr(kName.size()) == scratch;
  }
  return true;  // it does not vary by them
}

void normalise_accept_encoding(Fields request, std::string& out) {
  out.clear();
  append_codings(accepted_codings(request), out);
}

}  // namespace brink::edge::cache
