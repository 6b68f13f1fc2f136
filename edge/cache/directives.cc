#include "edge/cache/directives.h"

#include <algorithm>
#include <array>
#include <variant>

#include "edge/cache/structured_fields.h"
#include "edge/cache/tokens.h"

namespace brink::edge::cache {
namespace {

enum class Directive : std::uint8_t {
  MaxAge,
  SMaxage,
  StaleWhileRevalidate,
  StaleIfError,
  MaxStale,
  MinFresh,  // with delta-seconds
  NoCache,
  Private,  // with field names, perhaps
  NoStore,
  Public,
  MustRevalidate,
  ProxyRevalidate,
  MustUnderstand,
  NoTransform,
  Immutable,
  OnlyIfCached,
  Unknown,
};

struct KnownDirective {
  std::string_view name;
  Directive directive;
};
constexpr std::array kKnown = {
    KnownDirective{"max-age", Directive::MaxAge},
    KnownDirective{"s-maxage", Directive::SMaxage},
    KnownDirective{"public", Directive::Public},
    KnownDirective{"no-cache", Directive::NoCache},
    KnownDirective{"no-store", Directive::NoStore},
    KnownDirective{"private", Directive::Private},
    KnownDirective{"must-revalidate", Directive::MustRevalidate},
    KnownDirective{"proxy-revalidate", Directive::ProxyRevalidate},
    KnownDirective{"must-understand", Directive::MustUnderstand},
    KnownDirective{"no-transform", Directive::NoTransform},
    KnownDirective{"immutable", Directive::Immutable},
    KnownDirective{"stale-while-revalidate", Directive::StaleWhileRevalidate},
    KnownDirective{"stale-if-error", Directive::StaleIfError},
    KnownDirective{"max-stale", Directive::MaxStale},
    KnownDirective{"min-fresh", Directive::MinFresh},
    KnownDirective{"only-if-cached", Directive::OnlyIfCached},
};

Directive identify(std::string_view name) {
  for (const KnownDirective& known : kKnown) {
    if (iequals(known.name, name)) return known.directive;
  }
  return Directive::Unknown;
}

// One list element, taken apart.
struct Part {
  Directive directive = Directive::Unknown;
  bool has_argument = false;
  bool spaced = false;  // white space around '=': the argument is not valid (RFC 9111 §5.2)
  std::string_view argument;

  std::optional<DeltaSeconds> seconds() const {
    return has_argument && !spaced ? parse_delta_seconds(argument) : std::nullopt;
  }
};

Part take_apart(std::string_view element) {
  const std::size_t equals = element.find('=');
  if (equals == std::string_view::npos) return {identify(element), false, false, {}};
  const std::string_view name = element.substr(0, equals);
  const std::string_view argument = element.substr(equals + 1);
  const bool spaced =
      (!name.empty() && is_ows(name.back())) || (!argument.empty() && is_ows(argument.front()));
  return {identify(trim_ows(name)), true, spaced, argument};
}

// Where a quoted string begins that never ends, or npos.
std::size_t unclosed_quote(std::string_view element) {
  std::size_t open = std::string_view::npos;
  for (std::size_t i = 0; i < element.size(); ++i) {
    if (open != std::string_view::npos && element[i] == '\\') {
      ++i;
    } else if (element[i] == '"') {
      open = open == std::string_view::npos ? i : std::string_view::npos;
    }
  }
  return open;
}

void take_smallest(std::optional<DeltaSeconds>& slot, std::optional<DeltaSeconds> value) {
  if (value) slot = slot ? std::min(*slot, *value) : *value;
}

void take_largest(std::optional<DeltaSeconds>& slot, std::optional<DeltaSeconds> value) {
  if (value) slot = slot ? std::max(*slot, *value) : *value;
}

void apply_request(const Part& part, RequestDirectives& out) {
  switch (part.directive) {
    case Directive::MaxAge:
      return take_smallest(out.max_age, part.seconds());
    case Directive::MinFresh:
      return take_largest(out.min_fresh, part.seconds());
    case Directive::MaxStale:
      return take_smallest(out.max_stale, part.has_argument ? part.seconds() : kMaxDelta);
    case Directive::StaleIfError:
      return take_smallest(out.stale_if_error, part.seconds());
    case Directive::NoCache:
      out.no_cache = true;
      return;
    case Directive::NoStore:
      out.no_store = true;
      return;
    case Directive::NoTransform:
      out.no_transform = true;
      return;
    case Directive::OnlyIfCached:
      out.only_if_cached = true;
      return;
    default:
      return;
  }
}

// Fields that a stored response cannot go without: a qualified directive that names one is taken as
// unqualified.
bool is_indispensable(std::string_view name) {
  constexpr std::array<std::string_view, 10> kNames = {"vary",
                                                       "cache-control",
                                                       "cdn-cache-control",
                                                       "brink-cache-control",
                                                       "surrogate-control",
                                                       "expires",
                                                       "date",
                                                       "age",
                                                       "location",
                                                       "transfer-encoding"};
  return name.starts_with("content-") ||
         std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

// `"a, b"` or `a` as lower-case names; false when it cannot be honoured as written.
bool append_field_names(std::string_view argument, std::vector<std::string>& out) {
  const bool quoted = argument.size() >= 2 && argument.front() == '"' && argument.back() == '"';
  if (quoted) argument = argument.substr(1, argument.size() - 2);
  const std::size_t before = out.size();
  bool usable = true;
  for_each_list_element(argument, [&](std::string_view name) {
    std::string lower;
    append_lower(name, lower);
    usable = is_token(name) && !is_indispensable(lower);
    if (usable) out.push_back(std::move(lower));
    return usable;
  });
  return usable && out.size() > before;
}

void apply_qualified(std::string_view argument, bool& unqualified,
                     std::vector<std::string>& names) {
  if (argument.empty() || !append_field_names(argument, names)) unqualified = true;
}

// A max-age or s-maxage that is there must be understood, or the response is stale (RFC 9111
// §4.2.1).
void apply_freshness(std::optional<DeltaSeconds> value, std::optional<DeltaSeconds>& slot,
                     ResponseDirectives& out) {
  if (!value) out.invalid_freshness = true;
  take_smallest(slot, value);
}

// The directives that only ever forbid; false when `directive` is none of them.
bool apply_restriction(Directive directive, ResponseDirectives& out) {
  switch (directive) {
    case Directive::NoStore:
      out.no_store = true;
      return true;
    case Directive::MustRevalidate:
      out.must_revalidate = true;
      return true;
    case Directive::ProxyRevalidate:
      out.proxy_revalidate = true;
      return true;
    case Directive::NoTransform:
      out.no_transform = true;
      return true;
    default:
      return false;
  }
}

void apply_response(const Part& part, ResponseDirectives& out) {
  if (apply_restriction(part.directive, out)) return;
  const std::string_view names = part.spaced ? std::string_view{} : part.argument;
  switch (part.directive) {
    case Directive::MaxAge:
      return apply_freshness(part.seconds(), out.max_age, out);
    case Directive::SMaxage:
      return apply_freshness(part.seconds(), out.s_maxage, out);
    case Directive::StaleWhileRevalidate:
      return take_smallest(out.stale_while_revalidate, part.seconds());
    case Directive::StaleIfError:
      return take_smallest(out.stale_if_error, part.seconds());
    case Directive::NoCache:
      return apply_qualified(names, out.no_cache, out.no_cache_fields);
    case Directive::Private:
      return apply_qualified(names, out.is_private, out.private_fields);
    case Directive::Public:
      out.is_public = true;
      return;
    case Directive::MustUnderstand:
      out.must_understand = true;
      return;
    case Directive::Immutable:
      out.immutable = true;
      return;
    default:
      return;
  }
}

// Behind an unclosed quote: only what restricts, and without arguments.
void apply_doubtful(Directive directive, ResponseDirectives& out) {
  if (apply_restriction(directive, out)) return;
  if (directive == Directive::NoCache) out.no_cache = true;
  if (directive == Directive::Private) out.is_private = true;
}

void apply_element(std::string_view element, ResponseDirectives& out) {
  const std::size_t quote = unclosed_quote(element);
  if (quote == std::string_view::npos) return apply_response(take_apart(element), out);
  std::size_t comma = element.find(',', quote);
  apply_response(take_apart(trim_ows(element.substr(0, comma))), out);
  while (comma != std::string_view::npos) {
    const std::size_t begin = comma + 1;
    comma = element.find(',', begin);
    const auto piece =
        trim_ows(element.substr(begin, comma == std::string_view::npos ? comma : comma - begin));
    apply_doubtful(take_apart(piece).directive, out);
  }
}

bool takes_seconds(Directive directive) {
  return directive <= Directive::MinFresh;
}
bool takes_field_names(Directive directive) {
  return directive == Directive::NoCache || directive == Directive::Private;
}

// One member of a targeted field (RFC 9213 §2.1); false when a known directive's value has the
// wrong type.
bool apply_member(std::string_view name, const sf::Member& member, ResponseDirectives& out) {
  // Keys are lower-case by syntax.
  const Directive directive = identify(name);
  if (directive == Directive::Unknown) return true;
  const auto* item = std::get_if<sf::Item>(&member);
  if (item == nullptr) return false;
  if (takes_seconds(directive)) {
    const auto* seconds = std::get_if<std::int64_t>(&item->value);
    if (seconds == nullptr) return false;
    std::optional<DeltaSeconds> value;
    if (*seconds >= 0)
      value = static_cast<DeltaSeconds>(std::min<std::int64_t>(*seconds, kMaxDelta));
    if (directive == Directive::MaxAge) apply_freshness(value, out.max_age, out);
    if (directive == Directive::SMaxage) apply_freshness(value, out.s_maxage, out);
    if (directive == Directive::StaleWhileRevalidate) out.stale_while_revalidate = value;
    if (directive == Directive::StaleIfError) out.stale_if_error = value;
    return true;
  }
  if (const auto* flag = std::get_if<bool>(&item->value)) {
    if (*flag) apply_response({directive, false, false, {}}, out);
    return true;
  }
  if (!takes_field_names(directive)) return false;
  const auto* text = std::get_if<std::string>(&item->value);
  const auto* token = std::get_if<sf::Token>(&item->value);
  if (text == nullptr && token == nullptr) return false;
  apply_response({directive, true, false, text != nullptr ? *text : token->text}, out);
  return true;
}

// The directives of a targeted field, or empty when it is absent, empty or invalid (RFC 9213 §2.2).
std::optional<ResponseDirectives> parse_targeted(Fields response, std::string_view name) {
  if (find_field(response, name) == nullptr) return std::nullopt;
  const auto dictionary = sf::parse_dictionary(joined_value(response, name));
  if (!dictionary || dictionary->empty()) return std::nullopt;
  ResponseDirectives out;
  out.targeted = true;
  for (const auto& [key, member] : *dictionary) {
    if (!apply_member(key, member, out)) return std::nullopt;
  }
  return out;
}

// The directives of Surrogate-Control, or empty when none of them is for us or known.
std::optional<ResponseDirectives> parse_surrogate(Fields response) {
  ResponseDirectives out;
  out.targeted = true;
  bool known = false;
  for (const Field& field : response) {
    if (!iequals(field.name, "surrogate-control")) continue;
    for_each_list_element(field.value, [&](std::string_view element) {
      if (element.find(';') != std::string_view::npos) return true;  // for a surrogate of that name
      Part part = take_apart(element);
      part.argument = part.argument.substr(0, part.argument.find('+'));
      known = known || part.directive != Directive::Unknown;
      apply_response(part, out);
      return true;
    });
  }
  if (!known || out.invalid_freshness) return std::nullopt;
  return out;
}

// What a request may hold that matters here, told apart by length and first letter: most fields
// cost two compares.
bool is_cache_control(std::string_view name) {
  return name.size() == 13 && ascii_lower(name[0]) == 'c' && iequals(name, "cache-control");
}
bool is_pragma(std::string_view name) {
  return name.size() == 6 && ascii_lower(name[0]) == 'p' && iequals(name, "pragma");
}

}  // namespace

std::optional<DeltaSeconds> parse_delta_seconds(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  const auto value = parse_digits(text, kMaxDelta);
  if (!value) return std::nullopt;
  return static_cast<DeltaSeconds>(*value);
}

RequestDirectives parse_request_directives(Fields request) {
  RequestDirectives out;
  bool has_cache_control = false;
  bool pragma_no_cache = false;
  for (const Field& field : request) {
    if (is_cache_control(field.name)) {
      has_cache_control = true;
      for_each_list_element(field.value, [&](std::string_view element) {
        apply_request(take_apart(element), out);
        return true;
      });
    } else if (is_pragma(field.name)) {
      for_each_list_element(field.value, [&](std::string_view element) {
        pragma_no_cache = pragma_no_cache || iequals(element, "no-cache");
        return true;
      });
    }
  }
  if (!has_cache_control && pragma_no_cache) out.no_cache = true;
  return out;
}

ResponseDirectives parse_response_directives(Fields response, bool surrogate_control) {
  if (auto targeted = parse_targeted(response, "brink-cache-control")) return std::move(*targeted);
  if (auto targeted = parse_targeted(response, "cdn-cache-control")) return std::move(*targeted);
  if (surrogate_control) {
    if (auto targeted = parse_surrogate(response)) return std::move(*targeted);
  }
  ResponseDirectives out;
  for (const Field& field : response) {
    if (!is_cache_control(field.name)) continue;
    for_each_list_element(field.value, [&](std::string_view element) {
      apply_element(element, out);
      return true;
    });
  }
  return out;
}

}  // namespace brink::edge::cache
