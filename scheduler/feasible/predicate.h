// Predicate: a constraint's or an affinity's condition "left operator right", compiled once and
// then asked for many nodes.
//
// Patterns and version lists are compiled when first met and remembered, so a predicate is not
// thread-safe. An operator that doesn't exist, a pattern or a version
// list that can't be read never holds.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "scheduler/feasible/target.h"

namespace yurt::scheduler {

class Predicate {
 public:
  Predicate(const std::string& left, const std::string& op, const std::string& right);
  ~Predicate();
  Predicate(Predicate&&) noexcept;
  Predicate& operator=(Predicate&&) noexcept;

  [[nodiscard]] bool holds_for(const model::Node& node) const;
  [[nodiscard]] bool holds_for(const model::NodeDevice& device) const;
  // True when the answer may differ between nodes of one computed class.
  [[nodiscard]] bool is_unique() const { return left_.is_unique() || right_.is_unique(); }

 private:
  struct Compiled;
  using Value = std::optional<std::string>;
  [[nodiscard]] bool holds(const Value& left, const Value& right) const;

  Target left_, right_;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace yurt::scheduler
