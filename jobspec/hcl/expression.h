// Expression: a parsed expression, opaque but for its place in the source.
//
// How one is evaluated is in evaluate.h; the node types are in ast.h and matter only inside this
// folder. Immutable; safe to share between threads.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "jobspec/hcl/source.h"
#include "jobspec/hcl/type.h"

namespace yurt::hcl {

struct Node;  // ast.h
using NodePtr = std::shared_ptr<const Node>;

class Expression {
 public:
  Expression() = default;
  explicit Expression(NodePtr node) : node_(std::move(node)) {}

  [[nodiscard]] bool valid() const { return node_ != nullptr; }
  [[nodiscard]] const Node& node() const { return *node_; }
  [[nodiscard]] const NodePtr& share() const { return node_; }
  [[nodiscard]] const Range& range() const;
  // The range of the part of the source that gives the element at `path`, as far as that can be
  // told from object and tuple constructors: for pointing at the one wrong element of a list.
  [[nodiscard]] Range range_of(const Path& path) const;
  // The identifier when the expression is just one (`any`, `cpu`), else nullopt.
  [[nodiscard]] std::optional<std::string> as_keyword() const;

 private:
  NodePtr node_;
};

}  // namespace yurt::hcl
