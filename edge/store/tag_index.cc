#include "edge/store/tag_index.h"

#include <algorithm>
#include <new>

#include "config/runtime/error.h"
#include "edge/store/size_class.h"

namespace brink::edge::store {

// The text lies right behind.
struct TagIndex::Node {
  Node* next = nullptr;
  std::uint64_t hash = 0;
  std::int64_t bytes = 0;
  std::uint32_t holders = 0;
  std::int32_t responses = 0;
  std::uint16_t length = 0;
  bool is_group = false;

  static constexpr std::size_t text_offset() { return offsetof(Node, is_group) + 1; }
  static std::size_t size_for(std::size_t length) {
    return std::max(sizeof(Node), text_offset() + length);
  }
  // With its share of the buckets, which are at most doubled.
  static std::uint64_t charge_for(std::size_t length) {
    return allocation_bytes(size_for(length)) + 2 * sizeof(Node*);
  }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(this) + text_offset(), length};
  }
  static Node* create(const Tag& tag) {
    constexpr std::size_t kTextMax = UINT16_MAX;
    const std::string_view text = tag.text.substr(0, kTextMax);
    auto* node = new (::operator new(size_for(text.size()))) Node;
    node->hash = tag.hash;
    node->length = static_cast<std::uint16_t>(text.size());
    node->is_group = tag.is_group;
    std::copy(text.begin(), text.end(), reinterpret_cast<char*>(node) + text_offset());
    return node;
  }
  static std::uint64_t destroy(Node* node) noexcept {
    const std::uint64_t charge = charge_for(node->length);
    ::operator delete(node);
    return charge;
  }
};

TagIndex::~TagIndex() {
  for (const Stripe& stripe : stripes_) CHECK(stripe.nodes == 0);
}

TagIndex::Node** TagIndex::find(Stripe& stripe, std::uint64_t hash) noexcept {
  Node** at = &stripe.buckets[(hash / kStripes) % stripe.buckets.size()];
  while (*at != nullptr && (*at)->hash != hash) at = &(*at)->next;
  return at;
}

void TagIndex::grow(Stripe& stripe) {
  constexpr std::size_t kFirst = 16;
  std::vector<Node*> old(std::max(kFirst, stripe.buckets.size() * 2), nullptr);
  old.swap(stripe.buckets);
  for (Node* node : old) {
    while (node != nullptr) {
      Node* next = node->next;
      Node** at = &stripe.buckets[(node->hash / kStripes) % stripe.buckets.size()];
      node->next = *at;
      *at = node;
      node = next;
    }
  }
}

std::uint64_t TagIndex::cost_max(std::span<const Tag> tags) noexcept {
  std::uint64_t cost = 0;
  for (const Tag& tag : tags) cost += Node::charge_for(tag.text.size());
  return cost;
}

std::uint64_t TagIndex::add(std::span<const Tag> tags) {
  std::uint64_t taken = 0;
  for (const Tag& tag : tags) {
    Stripe& home = stripe(tag.hash);
    const std::lock_guard lock(home.mutex);
    if (home.nodes == home.buckets.size()) grow(home);
    Node** at = find(home, tag.hash);
    if (*at == nullptr) {
      *at = Node::create(tag);
      ++home.nodes;
      taken += Node::charge_for((*at)->length);
    }
    ++(*at)->holders;
  }
  return taken;
}

std::uint64_t TagIndex::release(TagHashes tags) noexcept {
  std::uint64_t given_back = 0;
  for (std::size_t i = 0; i < tags.size(); ++i) {
    Stripe& home = stripe(tags[i]);
    const std::lock_guard lock(home.mutex);
    Node** at = find(home, tags[i]);
    CHECK(*at != nullptr);
    if (--(*at)->holders > 0) continue;
    Node* node = *at;
    *at = node->next;
    --home.nodes;
    given_back += Node::destroy(node);
  }
  return given_back;
}

void TagIndex::count(TagHashes tags, std::int64_t responses, std::uint64_t bytes) noexcept {
  for (std::size_t i = 0; i < tags.size(); ++i) {
    Stripe& home = stripe(tags[i]);
    const std::lock_guard lock(home.mutex);
    Node** at = find(home, tags[i]);
    CHECK(*at != nullptr);
    (*at)->responses += static_cast<std::int32_t>(responses);
    (*at)->bytes += responses * static_cast<std::int64_t>(bytes);
  }
}

TagIndex::Totals TagIndex::totals(std::uint64_t hash) const {
  Stripe& home = const_cast<TagIndex*>(this)->stripe(hash);
  const std::lock_guard lock(home.mutex);
  if (home.nodes == 0) return {};
  const Node* node = *find(home, hash);
  if (node == nullptr) return {};
  return {static_cast<std::uint64_t>(std::max<std::int32_t>(0, node->responses)),
          static_cast<std::uint64_t>(std::max<std::int64_t>(0, node->bytes))};
}

bool TagIndex::text(std::uint64_t hash, std::string& out, bool& is_group) const {
  Stripe& home = const_cast<TagIndex*>(this)->stripe(hash);
  const std::lock_guard lock(home.mutex);
  if (home.nodes == 0) return false;
  const Node* node = *find(home, hash);
  if (node == nullptr) return false;
  out.append(node->text());
  is_group = node->is_group;
  return true;
}

std::size_t TagIndex::size() const {
  std::size_t total = 0;
  for (const Stripe& stripe : stripes_) {
    const std::lock_guard lock(stripe.mutex);
    total += stripe.nodes;
  }
  return total;
}

}  // namespace brink::edge::store
