#include "server/api/filter/expression.h"

namespace yurt::server::filter {
namespace {

using Scope = std::vector<Value>;

std::string text_of(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value.scalar)) return *text;
  if (const auto* flag = std::get_if<bool>(&value.scalar)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&value.scalar)) return std::to_string(*number);
  if (const auto* number = std::get_if<std::uint64_t>(&value.scalar)) {
    return std::to_string(*number);
  }
  return std::to_string(std::get<double>(value.scalar));
}

// A scalar against the literal: by its type where that is known, else (free-form) by number or
// text.
bool equals(const Value& value, const Node& node) {
  if (value.scalar.index() == node.value.index()) return value.scalar == node.value;
  if (const auto* number = std::get_if<double>(&value.scalar)) {
    char* end = nullptr;
    const double wanted = std::strtod(node.literal.c_str(), &end);
    return !node.literal.empty() && *end == '\0' && *number == wanted;
  }
  return text_of(value) == node.literal;
}

bool contains(const Value& value, const Node& node) {
  if (value.state != Value::State::present) return false;
  if (value.shape == Shape::scalar) {
    return text_of(value).find(node.literal) != std::string::npos;
  }
  if (value.shape == Shape::record) return false;
  const bool by_key = value.shape == Shape::map ||
                      (value.shape == Shape::free &&
                       value.message->GetDescriptor()->full_name() == "google.protobuf.Struct");
  for (const auto& [key, element] : elements(value)) {
    if (by_key ? text_of(key) == node.literal
               : element.state == Value::State::present && element.shape == Shape::scalar &&
                     equals(element, node)) {
      return true;
    }
  }
  return false;
}

bool is_empty(const Value& value) {
  if (value.state != Value::State::present) return true;
  if (value.shape == Shape::scalar) {
    const auto* text = std::get_if<std::string>(&value.scalar);
    return text != nullptr && text->empty();
  }
  return value.shape != Shape::record && size_of(value) == 0;
}

// Go's nil: an absent object, and a list or map without elements.
bool is_nil(const Value& value) {
  if (value.state != Value::State::present) return true;
  return (value.shape == Shape::list || value.shape == Shape::map) && size_of(value) == 0;
}

class Evaluation {
 public:
  explicit Evaluation(const Subject& subject) : subject_(subject) {}

  bool holds(const Node& node) {
    switch (node.kind) {
      case Node::Kind::both: return holds(*node.left) && holds(*node.right);
      case Node::Kind::either: return holds(*node.left) || holds(*node.right);
      case Node::Kind::negation: return !holds(*node.left);
      case Node::Kind::any: return quantified(node, true);
      case Node::Kind::all: return !quantified(node, false);
      default: break;
    }
    const Value value = find(node.selector);
    switch (node.kind) {
      case Node::Kind::equal:
        // An optional value that is absent counts as its zero, as Go's structs hold it.
        return value.state != Value::State::undefined && value.shape == Shape::scalar &&
               equals(value, node);
      case Node::Kind::contains: return contains(value, node);
      case Node::Kind::matches:
        return value.state != Value::State::undefined && value.shape == Shape::scalar &&
               RE2::PartialMatch(text_of(value), *node.pattern);
      case Node::Kind::empty: return is_empty(value);
      default: return is_nil(value);
    }
  }

 private:
  [[nodiscard]] Value find(const Selector& selector) const {
    const Value start = selector.variable < 0 ? value_of(subject_.message)
                                              : scope_[static_cast<std::size_t>(selector.variable)];
    return follow(subject_, start, selector.steps);
  }

  // Whether some element's outcome is `wanted`.
  bool quantified(const Node& node, bool wanted) {
    const Value collection = find(node.selector);
    if (collection.state != Value::State::present || collection.shape == Shape::scalar ||
        collection.shape == Shape::record) {
      return false;
    }
    const std::size_t outer = scope_.size();
    for (const auto& [key, element] : elements(collection)) {
      if (node.binds_key) scope_.push_back(key);
      if (node.binds_value) scope_.push_back(element);
      const bool outcome = holds(*node.left);
      scope_.resize(outer);
      if (outcome == wanted) return true;
    }
    return false;
  }

  const Subject& subject_;
  Scope scope_;
};

}  // namespace

bool Filter::matches(const Subject& subject) const { return Evaluation(subject).holds(*root_); }

}  // namespace yurt::server::filter
