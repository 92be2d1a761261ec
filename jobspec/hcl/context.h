// EvalContext: the names an expression may use, the functions it may call, and how much work it may
// do.
//
// Contexts form a chain: a child adds names (an iterator, a for-expression's variables) to its
// parent's. All contexts of a chain draw on one budget, so that no input, however small, can make
// the evaluator run for long or fill the memory. Not thread-safe: one chain, one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "jobspec/hcl/function.h"
#include "jobspec/hcl/value.h"

namespace yurt::hcl {

class EvalContext;
using ContextPtr = std::shared_ptr<const EvalContext>;

struct EvalLimits {
  // Roughly bytes of values made, and steps taken at 32 a step, over the whole chain's life.
  std::uint64_t work = 128ULL << 20;
};

// What a reference to a root name that no context knows gives.
enum class UnknownRoots {
  keep_as_text,  // "${…}" as written, for the runtime to fill in
  error,
};

class EvalContext {
 public:
  using Variables = std::map<std::string, Value, std::less<>>;

  // A chain's root.
  [[nodiscard]] static ContextPtr create(Variables variables,
                                         std::shared_ptr<const FunctionTable> functions,
                                         UnknownRoots unknown_roots = UnknownRoots::keep_as_text,
                                         EvalLimits limits = {});
  // `parent` and these names, which hide the parent's of the same name.
  [[nodiscard]] static ContextPtr child(ContextPtr parent, Variables variables);
  // As child(), for one that its parent outlives.
  EvalContext(const EvalContext& parent, Variables variables);

  // The value of a root name in this context or the nearest parent that has it, or nullptr.
  [[nodiscard]] const Value* find(std::string_view root) const;
  [[nodiscard]] const FunctionTable& functions() const;
  [[nodiscard]] UnknownRoots unknown_roots() const;
  // Notes that root.name has no value because of an error that was reported; a reference to it then
  // fails without a further one. For the whole chain.
  void mark_unresolved(const std::string& root, const std::string& name) const;
  [[nodiscard]] bool is_unresolved(const std::string& root, const std::string& name) const;
  // Every root name known here, sorted: for "did you mean".
  [[nodiscard]] std::vector<std::string> root_names() const;

  // Takes `amount` off the budget; false when that exhausts it (or it was exhausted before).
  [[nodiscard]] bool charge(std::uint64_t amount) const;
  [[nodiscard]] std::uint64_t work_left() const;
  // True exactly once after the budget ran out: so that one diagnostic is made and not thousands.
  [[nodiscard]] bool report_exhaustion() const;

 private:
  struct Root;
  EvalContext() = default;

  ContextPtr owned_parent_;
  const EvalContext* parent_ = nullptr;
  std::shared_ptr<Root> root_;
  Variables variables_;
};

}  // namespace yurt::hcl
