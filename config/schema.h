#pragma once
// The one table of options: each key's name, type, default, range and meaning, and the member it
// sets.
//
// The loader's checks, docs/configuration.md and `brink check --explain` all read this table; there
// is no second list. A section is the table of one map: the schema_*.cc hold them, root_section() is the file as a whole. Keys are read in the table's
// order, whatever the file's: a site's rules before its path rules, which inherit them.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace brink::config {

enum class Type : std::uint8_t {
  // one value; what is well-formed stands in units.h and names.h
  Boolean,
  Count,
  Ratio,
  Size,
  Duration,
  Choice,
  Name,
  SiteName,
  ListenAddress,
  AdminAddress,
  Cidr,
  ServerUrl,
  NatsUrl,
  HostPattern,
  Host,
  HostName,
  PathGlob,
  UrlPath,
  Variable,
  LogTarget,
  QueryName,
  NatsSubject,
  TagTemplate,
  UrlTemplate,
  EventField,
  EventValue,
  KeyPin,
  File,
  AbsoluteFile,
  // structure
  Map,       // one map: `section`
  Maps,      // a list of maps, each as `section`
  Merged,    // no key of its own: the keys of `section` stand beside the others
  NotBuilt,  // known, and an error: `text` says why
};

// What a key's text says, once read. Counts, sizes, milliseconds and choices (their index) are
// uint64.
using Value = std::variant<std::monostate, bool, std::uint64_t, double, std::string,
                           std::vector<std::string>, std::vector<std::uint64_t>>;

struct Section;

struct Key {
  std::string_view name;
  Type type = Type::Boolean;
  std::string_view fallback;  // the default as one would write it; empty = none
  std::string_view text;      // one or two plain sentences

  std::string_view also =
      {};  // other software's words for it, separated by spaces: for "did you mean"
  bool is_list = false;
  bool is_required = false;
  double least = 0;  // range, in the type's unit; of a list: of each element
  double most = 0;   // 0 = the type has no range
  std::span<const std::string_view> choices = {};
  std::string_view scalar_key = {};  // Map: a plain value stands for {scalar_key: value}
  std::string_view example = {};     // Map, Maps: what to write instead of a plain value
  const Section* section = nullptr;
  std::string_view same_as = {};  // the reference page lists `section` under that path

  void (*set)(void* object, const Value& value) = nullptr;
  Value (*get)(const void* object) = nullptr;
  void* (*descend)(void* object) = nullptr;  // where `section` is read into; Maps: a new element

 private:
  // Before its uses: clang 14 evaluates no constant expression with a template that comes later.
  template <class T>
  constexpr Key with(T Key::*member, std::type_identity_t<T> value) const {
    Key copy = *this;
    copy.*member = value;
    return copy;
  }

 public:
  constexpr Key also_called(std::string_view words) const { return with(&Key::also, words); }
  constexpr Key required() const { return with(&Key::is_required, true); }
  constexpr Key list() const { return with(&Key::is_list, true); }
  constexpr Key example_is(std::string_view e) const { return with(&Key::example, e); }
  constexpr Key listed_under(std::string_view path) const { return with(&Key::same_as, path); }
  constexpr Key or_scalar(std::string_view key) const { return with(&Key::scalar_key, key); }
  constexpr Key among(std::span<const std::string_view> words) const {
    return with(&Key::choices, words);
  }
  constexpr Key between(double low, double high) const {
    return with(&Key::least, low).with(&Key::most, high);
  }
};

struct Section {
  std::span<const Key> keys;
  std::shared_ptr<void> (*fresh)();  // the struct with its defaults
};

extern const Section kNodeSection;  // schema_node.cc
extern const Section kListenSection;
extern const Section kTlsSection;  // schema_tls.cc
extern const Section kLimitsSection;
extern const Section kAdminSection;
extern const Section kOriginSection;  // schema_sites.cc
extern const Section kTierUpstreamSection;
extern const Section kSiteSection;
extern const Section kCacheSection;  // schema_cache.cc
extern const Section kTierSection;
extern const Section kAccessLogSection;
extern const Section kPurgeSection;  // schema_purge.cc
extern const Section kNatsServerSection;
extern const Section kEventSection;  // schema_events.cc
extern const Section kDeadLetterSection;

// The file as a whole: reads into Options.
const Section& root_section();

// The key that `path` names, list indices left out or given ("sites[].origin.servers",
// "sites[0].paths[1].freshness"). Null when there is none, or for an empty path.
const Key* find_key(std::string_view path);

// "a size from 1MiB to 16TiB (such as 256MiB)", "true or false", "one of edge, regional".
std::string expectation(const Key& key);

}  // namespace brink::config
