// PersistentMap: an ordered map whose copies are snapshots.
//
// A B+ tree with reference-counted nodes. Copying the map copies one pointer; a change clones only
// the nodes on its path that some snapshot still shares, and changes the rest in place. So the one
// writer pays little, and readers hold a consistent version for as long as they like, unlocked.
//
// Thread-safety: one writer at a time per map object; any number of threads may read, copy and
// destroy other copies meanwhile. Nothing may read the writer's own object while it is changed:
// publish a copy instead.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace yurt::server {

template <typename K, typename V>
class PersistentMap {
 public:
  // A map of `count` entries, key_of(i) and value_of(i) being the i-th: faster than inserting, and
  // more compact. REQUIRES: the keys ascend, without repeats
  template <typename KeyOf, typename ValueOf>
  [[nodiscard]] static PersistentMap from_sorted(std::size_t count, KeyOf key_of,
                                                 ValueOf value_of) {
    PersistentMap out;
    out.size_ = count;
    std::vector<Ref> level;
    for_each_run(count, [&](std::size_t begin, std::size_t end) {
      Ref leaf(new Node);
      leaf->keys.reserve(end - begin);
      leaf->values.reserve(end - begin);
      for (std::size_t i = begin; i < end; ++i) {
        leaf->keys.push_back(key_of(i));
        leaf->values.push_back(value_of(i));
      }
      level.push_back(std::move(leaf));
    });
    while (level.size() > 1) {
      std::vector<Ref> above;
      for_each_run(level.size(), [&](std::size_t begin, std::size_t end) {
        Ref inner(new Node);
        for (std::size_t i = begin; i < end; ++i) {
          inner->keys.push_back(level[i]->keys.front());
          inner->children.push_back(std::move(level[i]));
        }
        above.push_back(std::move(inner));
      });
      level = std::move(above);
    }
    if (!level.empty()) out.root_ = std::move(level.front());
    return out;
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  // The value at `key`, valid while this map object is unchanged; null when there is none.
  [[nodiscard]] const V* find(const K& key) const {
    const Node* node = root_.get();
    while (node != nullptr && !node->leaf()) node = node->children[node->child_for(key)].get();
    if (node == nullptr) return nullptr;
    const std::size_t at = node->lower_bound(key);
    return at < node->keys.size() && !(key < node->keys[at]) ? &node->values[at] : nullptr;
  }

  // Inserts or replaces.
  void set(const K& key, V value) {
    if (!root_) root_ = Ref(new Node);
    if (insert(root_, key, std::move(value))) ++size_;
    if (root_->width() > max_width) {
      Ref above(new Node);
      above->keys.push_back(root_->keys.front());
      above->children.push_back(std::move(root_));
      root_ = std::move(above);
      split_child(*root_, 0);
    }
  }

  // False when there was nothing at `key`.
  bool erase(const K& key) {
    if (find(key) == nullptr) return false;
    remove(root_, key);
    --size_;
    if (size_ == 0) {
      root_ = Ref();
    } else {
      while (!root_->leaf() && root_->children.size() == 1) {
        Ref only = root_->children.front();
        root_ = std::move(only);
      }
    }
    return true;
  }

  void clear() {
    root_ = Ref();
    size_ = 0;
  }

  // Calls visit(key, value) in ascending order from the first key that is not less than `from`,
  // until visit returns false.
  template <typename Visit>
  void scan(const K& from, Visit&& visit) const {
    if (root_) scan_node(*root_, &from, visit);
  }

  // Calls visit(key, value) for everything, in ascending order, until visit returns false.
  template <typename Visit>
  void each(Visit&& visit) const {
    if (root_) scan_node(*root_, nullptr, visit);
  }

  // Aborts unless the tree is well-formed: order, widths, depth. For tests.
  void check() const {
    std::size_t count = 0;
    const K* last = nullptr;
    each([&](const K& key, const V&) {
      YURT_ASSERT(last == nullptr || *last < key);
      last = &key;
      ++count;
      return true;
    });
    YURT_ASSERT(count == size_);
    if (root_) check_node(*root_, true);
  }

 private:
  static constexpr std::size_t max_width = 64;
  static constexpr std::size_t min_width = 16;
  // Of nodes made whole: some room, so that the first changes do not split every one.
  static constexpr std::size_t built_width = 56;

  // Cuts 0..count-1 into the fewest runs that are not too wide, all of about the same length.
  template <typename Take>
  static void for_each_run(std::size_t count, Take take) {
    const std::size_t runs = (count + built_width - 1) / built_width;
    for (std::size_t i = 0; i < runs; ++i) take(count * i / runs, count * (i + 1) / runs);
  }

  struct Node;

  // An owning pointer to a Node; the count is in the node.
  class Ref {
   public:
    Ref() = default;
    explicit Ref(Node* node) : node_(node) {}  // takes over the first reference
    Ref(const Ref& other) : node_(other.node_) {
      if (node_ != nullptr) node_->references.fetch_add(1, std::memory_order_relaxed);
    }
    Ref(Ref&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
    Ref& operator=(Ref other) noexcept {
      std::swap(node_, other.node_);
      return *this;
    }
    ~Ref() {
      if (node_ != nullptr && node_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        delete node_;
      }
    }
    [[nodiscard]] Node* get() const { return node_; }
    Node* operator->() const { return node_; }
    Node& operator*() const { return *node_; }
    explicit operator bool() const { return node_ != nullptr; }

    // Makes this the only reference, cloning the node when snapshots share it. The acquire pairs
    // with the release of the reader that let go last, so its reads happen before our writes.
    Node& own() {
      if (node_->references.load(std::memory_order_acquire) != 1) *this = Ref(new Node(*node_));
      return *node_;
    }

   private:
    Node* node_ = nullptr;
  };

  // A leaf has values beside its keys; an inner node has children, and keys[i] is not greater than
  // any key beneath children[i].
  struct Node {
    std::atomic<std::uint32_t> references{1};
    std::vector<K> keys;
    std::vector<V> values;
    std::vector<Ref> children;

    Node() = default;
    Node(const Node& other) : keys(other.keys), values(other.values), children(other.children) {}

    [[nodiscard]] bool leaf() const { return children.empty(); }
    [[nodiscard]] std::size_t width() const { return keys.size(); }
    [[nodiscard]] std::size_t lower_bound(const K& key) const {
      return static_cast<std::size_t>(std::lower_bound(keys.begin(), keys.end(), key) -
                                      keys.begin());
    }
    [[nodiscard]] std::size_t child_for(const K& key) const {
      const auto at = std::upper_bound(keys.begin(), keys.end(), key) - keys.begin();
      return at == 0 ? 0 : static_cast<std::size_t>(at - 1);
    }
  };

  // True when `key` is new. May leave *ref one too wide; the caller splits it.
  static bool insert(Ref& ref, const K& key, V&& value) {
    Node& node = ref.own();
    if (node.leaf()) {
      const std::size_t at = node.lower_bound(key);
      if (at < node.keys.size() && !(key < node.keys[at])) {
        node.values[at] = std::move(value);
        return false;
      }
      node.keys.insert(node.keys.begin() + static_cast<std::ptrdiff_t>(at), key);
      node.values.insert(node.values.begin() + static_cast<std::ptrdiff_t>(at), std::move(value));
      return true;
    }
    const std::size_t at = node.child_for(key);
    const bool added = insert(node.children[at], key, std::move(value));
    if (key < node.keys[at]) node.keys[at] = key;
    if (node.children[at]->width() > max_width) split_child(node, at);
    return added;
  }

  // REQUIRES: key is present
  static void remove(Ref& ref, const K& key) {
    Node& node = ref.own();
    if (node.leaf()) {
      const auto at = static_cast<std::ptrdiff_t>(node.lower_bound(key));
      node.keys.erase(node.keys.begin() + at);
      node.values.erase(node.values.begin() + at);
      return;
    }
    const std::size_t at = node.child_for(key);
    remove(node.children[at], key);
    if (node.children[at]->width() >= min_width || node.children.size() == 1) {
      if (node.children[at]->width() == 0) drop_child(node, at);
      return;
    }
    // Too narrow: join with a neighbour, and split again if that is too wide.
    const std::size_t left = at + 1 < node.children.size() ? at : at - 1;
    join_children(node, left);
    if (node.children[left]->width() > max_width) split_child(node, left);
  }

  static void drop_child(Node& node, std::size_t at) {
    node.keys.erase(node.keys.begin() + static_cast<std::ptrdiff_t>(at));
    node.children.erase(node.children.begin() + static_cast<std::ptrdiff_t>(at));
  }

  static void join_children(Node& node, std::size_t left) {
    Node& into = node.children[left].own();
    const Node& from = *node.children[left + 1];
    into.keys.insert(into.keys.end(), from.keys.begin(), from.keys.end());
    into.values.insert(into.values.end(), from.values.begin(), from.values.end());
    into.children.insert(into.children.end(), from.children.begin(), from.children.end());
    drop_child(node, left + 1);
  }

  // Moves the upper half of child `at` into a new right neighbour.
  static void split_child(Node& node, std::size_t at) {
    Node& low = node.children[at].own();
    const auto half = static_cast<std::ptrdiff_t>(low.width() / 2);
    Ref high(new Node);
    const auto move_upper = [half](auto& from, auto& to) {
      if (from.empty()) return;
      to.assign(std::make_move_iterator(from.begin() + half), std::make_move_iterator(from.end()));
      from.erase(from.begin() + half, from.end());
    };
    move_upper(low.keys, high->keys);
    move_upper(low.values, high->values);
    move_upper(low.children, high->children);
    const auto position = static_cast<std::ptrdiff_t>(at) + 1;
    node.keys.insert(node.keys.begin() + position, high->keys.front());
    node.children.insert(node.children.begin() + position, std::move(high));
  }

  template <typename Visit>
  static bool scan_node(const Node& node, const K* from, Visit& visit) {
    if (node.leaf()) {
      for (std::size_t i = from == nullptr ? 0 : node.lower_bound(*from); i < node.keys.size();
           ++i) {
        if (!visit(node.keys[i], node.values[i])) return false;
      }
      return true;
    }
    std::size_t i = from == nullptr ? 0 : node.child_for(*from);
    for (bool first = true; i < node.children.size(); ++i, first = false) {
      if (!scan_node(*node.children[i], first ? from : nullptr, visit)) return false;
    }
    return true;
  }

  static std::size_t check_node(const Node& node, bool is_root) {
    YURT_ASSERT(node.width() <= max_width && (is_root || node.width() > 0));
    if (node.leaf()) return 1;
    YURT_ASSERT(node.children.size() == node.keys.size());
    std::size_t depth = 0;
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      YURT_ASSERT(!(node.children[i]->keys.front() < node.keys[i]));
      const std::size_t beneath = check_node(*node.children[i], false);
      YURT_ASSERT(depth == 0 || depth == beneath);
      depth = beneath;
    }
    return depth + 1;
  }

  Ref root_;
  std::size_t size_ = 0;
};

}  // namespace yurt::server
