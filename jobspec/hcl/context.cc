#include "jobspec/hcl/context.h"

#include <set>

#include "base/assert.h"

namespace yurt::hcl {

struct EvalContext::Root {
  std::shared_ptr<const FunctionTable> functions;
  UnknownRoots unknown_roots = UnknownRoots::keep_as_text;
  std::uint64_t work_left = 0;
  bool exhausted = false;
  bool reported = false;
  std::set<std::pair<std::string, std::string>> unresolved;
};

ContextPtr EvalContext::create(Variables variables, std::shared_ptr<const FunctionTable> functions,
                               UnknownRoots unknown_roots, EvalLimits limits) {
  const std::shared_ptr<EvalContext> context(new EvalContext());
  context->variables_ = std::move(variables);
  context->root_ = std::make_shared<Root>();
  context->root_->functions =
      functions ? std::move(functions) : std::make_shared<const FunctionTable>();
  context->root_->unknown_roots = unknown_roots;
  context->root_->work_left = limits.work;
  return context;
}

ContextPtr EvalContext::child(ContextPtr parent, Variables variables) {
  YURT_ASSERT(parent != nullptr);
  auto context = std::make_shared<EvalContext>(*parent, std::move(variables));
  context->owned_parent_ = std::move(parent);
  return context;
}

EvalContext::EvalContext(const EvalContext& parent, Variables variables)
    : parent_(&parent), root_(parent.root_), variables_(std::move(variables)) {}

const Value* EvalContext::find(std::string_view root) const {
  for (const EvalContext* context = this; context != nullptr; context = context->parent_) {
    const auto found = context->variables_.find(root);
    if (found != context->variables_.end()) return &found->second;
  }
  return nullptr;
}

const FunctionTable& EvalContext::functions() const { return *root_->functions; }

UnknownRoots EvalContext::unknown_roots() const { return root_->unknown_roots; }

std::vector<std::string> EvalContext::root_names() const {
  std::set<std::string> names;
  for (const EvalContext* context = this; context != nullptr; context = context->parent_) {
    for (const auto& [name, value] : context->variables_) names.insert(name);
  }
  return {names.begin(), names.end()};
}

void EvalContext::mark_unresolved(const std::string& root, const std::string& name) const {
  root_->unresolved.emplace(root, name);
}

bool EvalContext::is_unresolved(const std::string& root, const std::string& name) const {
  return root_->unresolved.contains({root, name});
}

bool EvalContext::charge(std::uint64_t amount) const {
  if (amount > root_->work_left) root_->exhausted = true;
  if (!root_->exhausted) root_->work_left -= amount;
  return !root_->exhausted;
}

std::uint64_t EvalContext::work_left() const { return root_->exhausted ? 0 : root_->work_left; }

bool EvalContext::report_exhaustion() const {
  return root_->exhausted && !std::exchange(root_->reported, true);
}

}  // namespace yurt::hcl
