#include "jobspec/hcl/value.h"

#include <algorithm>
#include <limits>
#include <variant>

#include "base/assert.h"

namespace yurt::hcl {
namespace {

// What a value takes beside its text: handle, node and allocation.
constexpr std::uint64_t base_weight = 64;

std::uint64_t add_saturating(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::uint64_t>::max() : sum;
}

int sign_of(bool less, bool greater) { return less ? -1 : (greater ? 1 : 0); }

}  // namespace

struct Value::Node {
  std::variant<Number, std::string, Elements, Members> content;
  std::uint64_t weight = base_weight;
  std::uint32_t depth = 0;

  explicit Node(Number number) : content(std::move(number)) {}
  explicit Node(std::string text) : content(std::move(text)) {
    weight += std::get<std::string>(content).size();
  }
  explicit Node(Elements elements) : content(std::move(elements)) {
    for (const Value& element : std::get<Elements>(content)) include(element);
    ++depth;
  }
  explicit Node(Members members) : content(std::move(members)) {
    for (const auto& [key, member] : std::get<Members>(content)) {
      include(member);
      weight = add_saturating(weight, base_weight + key.size());
    }
    ++depth;
  }

 private:
  void include(const Value& part) {
    weight = add_saturating(weight, part.weight());
    depth = std::max(depth, part.depth());
  }
};

Value Value::boolean(bool value) {
  Value result(Kind::boolean, nullptr);
  result.boolean_ = value;
  return result;
}
Value Value::number(Number value) {
  return {Kind::number, std::make_shared<const Node>(std::move(value))};
}
Value Value::string(std::string value) {
  return {Kind::string, std::make_shared<const Node>(std::move(value))};
}
Value Value::list(Elements elements) {
  return {Kind::list, std::make_shared<const Node>(std::move(elements))};
}
Value Value::set(Elements elements) {
  std::sort(elements.begin(), elements.end(),
            [](const Value& a, const Value& b) { return compare(a, b) < 0; });
  elements.erase(std::unique(elements.begin(), elements.end()), elements.end());
  return {Kind::set, std::make_shared<const Node>(std::move(elements))};
}
Value Value::tuple(Elements elements) {
  return {Kind::tuple, std::make_shared<const Node>(std::move(elements))};
}
Value Value::map(Members members) {
  return {Kind::map, std::make_shared<const Node>(std::move(members))};
}
Value Value::object(Members members) {
  return {Kind::object, std::make_shared<const Node>(std::move(members))};
}

bool Value::is_primitive() const {
  return kind_ == Kind::boolean || kind_ == Kind::number || kind_ == Kind::string;
}
bool Value::is_sequence() const {
  return kind_ == Kind::list || kind_ == Kind::set || kind_ == Kind::tuple;
}
bool Value::is_mapping() const { return kind_ == Kind::map || kind_ == Kind::object; }

bool Value::as_boolean() const {
  YURT_ASSERT(is_boolean());
  return boolean_;
}
const Number& Value::as_number() const {
  YURT_ASSERT(is_number());
  return std::get<Number>(node_->content);
}
const std::string& Value::as_string() const {
  YURT_ASSERT(is_string());
  return std::get<std::string>(node_->content);
}
const Value::Elements& Value::elements() const {
  YURT_ASSERT(is_sequence());
  return std::get<Elements>(node_->content);
}
const Value::Members& Value::members() const {
  YURT_ASSERT(is_mapping());
  return std::get<Members>(node_->content);
}
const Value* Value::find(std::string_view key) const {
  const auto member = members().find(key);
  return member == members().end() ? nullptr : &member->second;
}

std::size_t Value::size() const {
  if (is_sequence()) return elements().size();
  return is_mapping() ? members().size() : 0;
}
std::uint64_t Value::weight() const { return node_ ? node_->weight : base_weight / 2; }
std::uint32_t Value::depth() const { return node_ ? node_->depth : 0; }

const char* Value::kind_name() const {
  switch (kind_) {
    case Kind::null: return "null";
    case Kind::boolean: return "bool";
    case Kind::number: return "number";
    case Kind::string: return "string";
    case Kind::list: return "list";
    case Kind::set: return "set";
    case Kind::tuple: return "tuple";
    case Kind::map: return "map";
    case Kind::object: return "object";
  }
  return "value";
}

int Value::compare(const Value& a, const Value& b) {
  if (a.kind_ != b.kind_) return sign_of(a.kind_ < b.kind_, true);
  if (a.node_ == b.node_) return sign_of(a.boolean_<b.boolean_, a.boolean_> b.boolean_);
  switch (a.kind_) {
    case Kind::null:
    case Kind::boolean: return 0;
    case Kind::number: return a.as_number().compare(b.as_number());
    case Kind::string: return a.as_string().compare(b.as_string());
    case Kind::list:
    case Kind::set:
    case Kind::tuple: {
      const Elements &x = a.elements(), &y = b.elements();
      for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
        if (const int order = compare(x[i], y[i]); order != 0) return order;
      }
      return sign_of(x.size() < y.size(), x.size() > y.size());
    }
    case Kind::map:
    case Kind::object: {
      auto x = a.members().begin(), y = b.members().begin();
      for (; x != a.members().end() && y != b.members().end(); ++x, ++y) {
        if (const int order = x->first.compare(y->first); order != 0) return order;
        if (const int order = compare(x->second, y->second); order != 0) return order;
      }
      return sign_of(y != b.members().end(), x != a.members().end());
    }
  }
  return 0;
}

}  // namespace yurt::hcl
