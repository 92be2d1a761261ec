// Value: what an expression evaluates to. Null, bool, number, string, and the collections: list,
// set and map (elements of one type) and tuple and object (each element of its own type).
//
// Immutable and cheap to copy (shared), safe to share between threads. A map's and an object's
// members are ordered by key; a set's elements are ordered and distinct. Strings are UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "jobspec/hcl/number.h"

namespace yurt::hcl {

class Value {
 public:
  enum class Kind : std::uint8_t { null, boolean, number, string, list, set, tuple, map, object };
  using Elements = std::vector<Value>;
  using Members = std::map<std::string, Value, std::less<>>;

  Value() = default;  // null
  [[nodiscard]] static Value boolean(bool value);
  [[nodiscard]] static Value number(Number value);
  [[nodiscard]] static Value string(std::string value);
  [[nodiscard]] static Value list(Elements elements);
  // Sorts and drops duplicates.
  [[nodiscard]] static Value set(Elements elements);
  [[nodiscard]] static Value tuple(Elements elements);
  [[nodiscard]] static Value map(Members members);
  [[nodiscard]] static Value object(Members members);

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is_null() const { return kind_ == Kind::null; }
  [[nodiscard]] bool is_boolean() const { return kind_ == Kind::boolean; }
  [[nodiscard]] bool is_number() const { return kind_ == Kind::number; }
  [[nodiscard]] bool is_string() const { return kind_ == Kind::string; }
  // bool, number or string.
  [[nodiscard]] bool is_primitive() const;
  // list, set or tuple.
  [[nodiscard]] bool is_sequence() const;
  // map or object.
  [[nodiscard]] bool is_mapping() const;

  // REQUIRES for each: the kind it names.
  [[nodiscard]] bool as_boolean() const;
  [[nodiscard]] const Number& as_number() const;
  [[nodiscard]] const std::string& as_string() const;
  [[nodiscard]] const Elements& elements() const;  // list, set, tuple
  [[nodiscard]] const Members& members() const;    // map, object
  // The member named `key`, or nullptr. REQUIRES: is_mapping()
  [[nodiscard]] const Value* find(std::string_view key) const;

  // Elements or members; 0 for everything else.
  [[nodiscard]] std::size_t size() const;
  // Bytes this value would take as a tree (shared parts counted each time they occur), roughly and
  // saturating; what the evaluator's budget is counted in.
  [[nodiscard]] std::uint64_t weight() const;
  // Collections nested in each other; 0 for what is no collection.
  [[nodiscard]] std::uint32_t depth() const;

  // "string", "number", "bool", "list", "object", "null"…: for messages.
  [[nodiscard]] const char* kind_name() const;

  // Deep equality as == in HCL: list, tuple, set and so on differ from each other, never equal to
  // another kind.
  bool operator==(const Value& other) const { return compare(*this, other) == 0; }
  // A total order over all values (by kind first): what sets and distinct() sort by.
  [[nodiscard]] static int compare(const Value& a, const Value& b);

 private:
  struct Node;
  Value(Kind kind, std::shared_ptr<const Node> node) : kind_(kind), node_(std::move(node)) {}

  Kind kind_ = Kind::null;
  bool boolean_ = false;
  std::shared_ptr<const Node> node_;
};

// The value as one line of JSON, keys sorted, as jsonencode() gives it: no spaces, and <, > and &
// written as \u escapes. Sets and tuples are arrays.
[[nodiscard]] std::string to_json(const Value& value);

}  // namespace yurt::hcl
