#include "jobspec/hcl/locals.h"

#include <algorithm>
#include <map>

#include "jobspec/hcl/evaluate.h"
#include "jobspec/hcl/references.h"

namespace yurt::hcl {
namespace {

class Locals {
 public:
  Locals(const std::vector<Attribute>& locals, const ContextPtr& context, Diagnostics& diagnostics)
      : context_(context), diagnostics_(diagnostics) {
    for (const Attribute& local : locals) {
      const auto [entry, is_new] = entries_.emplace(local.name, Entry{&local, {}, {}, {}, {}});
      if (is_new) {
        order_.push_back(&entry->second);
      } else {
        diagnostics.error("Local set twice",
                          "local." + local.name + " was already set at " +
                              entry->second.attribute->name_range.to_string() + ".",
                          local.name_range);
      }
    }
  }

  Value run() {
    for (Entry* entry : order_) find_needs(*entry);
    for (Entry* entry : order_) resolve(*entry);
    Value::Members members;
    for (const Entry* entry : order_) {
      if (entry->value) {
        members.emplace(entry->attribute->name, *entry->value);
      } else {
        context_->mark_unresolved("local", entry->attribute->name);
      }
    }
    return Value::object(std::move(members));
  }

 private:
  enum class State { waiting, in_progress, done };
  struct Entry {
    const Attribute* attribute;
    std::vector<Entry*> needs;
    std::size_t next_need;
    State state;
    std::optional<Value> value;
  };

  void find_needs(Entry& entry) {
    const References references = references_to("local", entry.attribute->expression);
    for (const std::string& name : references.names) {
      const auto needed = entries_.find(name);
      if (needed != entries_.end()) entry.needs.push_back(&needed->second);
    }
    if (!references.whole) return;
    entry.needs.clear();
    for (Entry* other : order_) {
      if (other != &entry) entry.needs.push_back(other);
    }
  }

  // Depth first, with a stack of our own: a chain of locals may be long.
  void resolve(Entry& first) {
    std::vector<Entry*> path;
    const auto enter = [&](Entry& entry) {
      entry.state = State::in_progress;
      path.push_back(&entry);
    };
    if (first.state == State::waiting) enter(first);
    while (!path.empty()) {
      Entry& entry = *path.back();
      if (entry.next_need < entry.needs.size()) {
        Entry& needed = *entry.needs[entry.next_need++];
        if (needed.state == State::in_progress) return report_cycle(path, needed);
        if (needed.state == State::waiting) enter(needed);
      } else {
        evaluate_entry(entry);
        entry.state = State::done;
        path.pop_back();
      }
    }
  }

  void report_cycle(const std::vector<Entry*>& path, const Entry& again) {
    std::string names;
    for (auto it = std::find(path.begin(), path.end(), &again); it != path.end(); ++it) {
      names += "local." + (*it)->attribute->name + " -> ";
    }
    diagnostics_.error("Cycle of locals",
                       "These locals refer to each other in a circle, so none can be evaluated: " +
                           names + "local." + again.attribute->name + ".",
                       again.attribute->name_range);
    for (Entry* entry : path) {
      entry->state = State::done;
      context_->mark_unresolved("local", entry->attribute->name);
    }
  }

  void evaluate_entry(Entry& entry) {
    Value::Members members;
    for (const Entry* needed : entry.needs) {
      if (needed->value) members.emplace(needed->attribute->name, *needed->value);
    }
    const auto scope = EvalContext::child(context_, {{"local", Value::object(std::move(members))}});
    entry.value = evaluate(entry.attribute->expression, *scope, diagnostics_);
    if (!entry.value) context_->mark_unresolved("local", entry.attribute->name);
  }

  const ContextPtr& context_;
  Diagnostics& diagnostics_;
  std::map<std::string, Entry> entries_;
  std::vector<Entry*> order_;
};

}  // namespace

Value evaluate_locals(const std::vector<Attribute>& locals, const ContextPtr& context,
                      Diagnostics& diagnostics) {
  return Locals(locals, context, diagnostics).run();
}

}  // namespace yurt::hcl
