// What a change forces, for the reader of a plan. Which changes replace an allocation and which
// update it in place is the scheduler's rule; this repeats it by field names for display.
#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "jobspec/diff/diff.h"
#include "jobspec/diff/fields.h"

namespace yurt::jobspec {
namespace {

constexpr const char* forces_create = "forces create";
constexpr const char* forces_destroy = "forces destroy";
constexpr const char* forces_in_place = "forces in-place update";
constexpr const char* forces_replacement = "forces create/destroy update";

void set_updates(model::TaskGroupDiff& group, const model::DesiredUpdates& desired) {
  const std::array<std::pair<const char*, std::uint64_t>, 7> updates{{
      {"ignore", desired.ignore()},
      {"create", desired.place()},
      {"migrate", desired.migrate()},
      {"destroy", desired.stop()},
      {"in-place update", desired.in_place_update()},
      {"create/destroy update", desired.destructive_update()},
      {"canary", desired.canary()},
  }};
  for (const auto& [name, count] : updates) {
    if (count > 0) (*group.mutable_updates())[name] = count;
  }
}

std::int64_t number(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void annotate_count(model::TaskGroupDiff& group) {
  for (model::FieldDiff& field : *group.mutable_fields()) {
    if (field.name() != "Count" || field.type() == diff_none) continue;
    field.add_annotations(number(field.new_()) > number(field.old()) ? forces_create
                                                                     : forces_destroy);
  }
}

bool replaces(const model::FieldDiff& field) {
  if (field.type() == diff_none) return false;
  for (const std::string_view kept : {"KillTimeout", "KillSignal", "ShutdownDelay", "Leader"}) {
    if (field.name() == kept) return false;
  }
  return true;
}

bool changes(const model::ObjectDiff& object, std::string_view field_name) {
  return std::any_of(
      object.fields().begin(), object.fields().end(), [&](const model::FieldDiff& field) {
        return field.name() == field_name && field.type() != diff_none && field.new_() != "" &&
               !(field.old().empty() && field.new_() == "false");
      });
}

bool replaces(const model::ObjectDiff& object) {
  if (object.type() == diff_none) return false;
  for (const std::string_view kept : {"Service", "Constraint", "Affinity", "Lifecycle",
                                      "ScalingPolicy", "Action", "Consul", "DispatchPayload"}) {
    if (object.name() == kept) return false;
  }
  if (object.name() == "LogConfig") return changes(object, "Disabled");
  if (object.name() == "RestartPolicy") return changes(object, "RenderTemplates");
  return true;
}

void annotate_task(model::TaskDiff& task, const std::string& group_type) {
  if (task.type() == diff_none) return;
  if (group_type == diff_added) return task.add_annotations(forces_create);
  if (group_type == diff_deleted) return task.add_annotations(forces_destroy);
  const auto replaces_any = [](const auto& list) {
    return std::any_of(list.begin(), list.end(), [](const auto& item) { return replaces(item); });
  };
  const bool replacement =
      task.type() != diff_edited || replaces_any(task.fields()) || replaces_any(task.objects());
  task.add_annotations(replacement ? forces_replacement : forces_in_place);
}

}  // namespace

void annotate(model::JobDiff& diff, const model::PlanAnnotations& annotations) {
  for (model::TaskGroupDiff& group : *diff.mutable_task_groups()) {
    const auto desired = annotations.desired_tg_updates().find(group.name());
    if (desired != annotations.desired_tg_updates().end()) set_updates(group, desired->second);
    annotate_count(group);
    for (model::TaskDiff& task : *group.mutable_tasks()) annotate_task(task, group.type());
  }
}

}  // namespace yurt::jobspec
