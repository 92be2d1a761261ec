#include "jobspec/diff/diff.h"

#include <map>
#include <set>
#include <string>

#include "base/assert.h"
#include "jobspec/diff/fields.h"

namespace yurt::jobspec {
namespace {

// The elements of two lists paired by name, in the names' order; either side may be null.
template <typename Element>
std::map<std::string, std::pair<const Element*, const Element*>> paired(
    const google::protobuf::RepeatedPtrField<Element>* before,
    const google::protobuf::RepeatedPtrField<Element>* after) {
  std::map<std::string, std::pair<const Element*, const Element*>> pairs;
  if (before != nullptr) {
    for (const Element& element : *before) pairs[element.name()].first = &element;
  }
  if (after != nullptr) {
    for (const Element& element : *after) pairs[element.name()].second = &element;
  }
  return pairs;
}

model::TaskDiff diff_tasks(const std::string& name, const model::Task* before,
                           const model::Task* after, DiffOptions options) {
  model::TaskDiff diff;
  diff.set_name(name);
  const bool changed =
      MemberDiff(options.contextual, {"name"}, *diff.mutable_fields(), *diff.mutable_objects())
          .compare(before, after);
  diff.set_type(diff_type(before != nullptr, after != nullptr, changed));
  return diff;
}

model::TaskGroupDiff diff_groups(const std::string& name, const model::TaskGroup* before,
                                 const model::TaskGroup* after, DiffOptions options) {
  model::TaskGroupDiff diff;
  diff.set_name(name);
  bool changed = MemberDiff(options.contextual, {"name", "task"}, *diff.mutable_fields(),
                            *diff.mutable_objects())
                     .compare(before, after);
  for (const auto& [task, pair] : paired(before == nullptr ? nullptr : &before->task(),
                                         after == nullptr ? nullptr : &after->task())) {
    model::TaskDiff task_diff = diff_tasks(task, pair.first, pair.second, options);
    changed |= task_diff.type() != diff_none;
    diff.add_tasks()->Swap(&task_diff);
  }
  diff.set_type(diff_type(before != nullptr, after != nullptr, changed));
  return diff;
}

}  // namespace

model::JobDiff diff_jobs(const model::Job* before, const model::Job* after, DiffOptions options) {
  YURT_ASSERT(before != nullptr || after != nullptr);
  model::JobDiff diff;
  diff.set_id(after != nullptr ? after->id() : before->id());
  bool changed = MemberDiff(options.contextual, {"id", "group"}, *diff.mutable_fields(),
                            *diff.mutable_objects())
                     .compare(before, after);
  for (const auto& [group, pair] : paired(before == nullptr ? nullptr : &before->group(),
                                          after == nullptr ? nullptr : &after->group())) {
    model::TaskGroupDiff group_diff = diff_groups(group, pair.first, pair.second, options);
    changed |= group_diff.type() != diff_none;
    diff.add_task_groups()->Swap(&group_diff);
  }
  diff.set_type(diff_type(before != nullptr, after != nullptr, changed));
  return diff;
}

}  // namespace yurt::jobspec
