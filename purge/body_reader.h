#pragma once
// Reads the members of a JSON body of the REST API; the first mistake is kept, with what was
// expected in it. The body is the network's.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "purge/problem.h"

namespace brink::purge {

// `example`: what a body looks like, for the problem that it is none.
std::variant<boost::json::object, Problem> object_of(std::string_view body,
                                                     std::string_view example);
// A wrong value as a message shows it: its beginning.
std::string shown(std::string_view text);

class BodyReader {
 public:
  // `object` outlives it.
  explicit BodyReader(const boost::json::object& object) : object_(object) {}

  const boost::json::value* find(std::string_view name) const { return object_.if_contains(name); }
  bool has(std::string_view name) const { return find(name) != nullptr; }
  const std::optional<Problem>& mistake() const { return mistake_; }

  void refuse(std::string_view code, std::string detail);
  // Not what `name` may be. REQUIRES: has(name).
  void expected(std::string_view name, std::string_view what);
  void too_long(std::string_view name, std::size_t most, std::string_view unit);

  // Others are a mistake: a typing error must not change what is asked for.
  void only(std::span<const std::string_view> known);
  bool flag(std::string_view name);
  // Empty when it is not there; a text that is there has at least one character.
  std::string text(std::string_view name, std::size_t most);
  std::int64_t number(std::string_view name, std::int64_t least, std::int64_t most,
                      std::int64_t fallback);
  // REQUIRES: has(name).
  std::vector<std::string> texts(std::string_view name, std::size_t most, std::size_t each_bytes);

 private:
  const boost::json::object& object_;
  std::optional<Problem> mistake_;
};

}  // namespace brink::purge
