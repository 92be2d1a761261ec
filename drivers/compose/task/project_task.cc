#include "drivers/compose/task/project_task.h"

#include <nlohmann/json.hpp>

namespace yurt::drivers::compose {

std::string ProjectTask::encode_reattach(const std::string& task_id, std::int64_t started_at_ns) {
  return nlohmann::json{{"driver", "compose"}, {"task", task_id}, {"started_at_ns", started_at_ns}}
      .dump();
}

Result<ProjectTask::Reattach> ProjectTask::decode_reattach(std::string_view text) {
  const Error wrong{ErrorCode::invalid_argument, "this is no state of a compose task"};
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("driver", "") != "compose") return wrong;
  try {
    return Reattach{json.at("task"), json.at("started_at_ns")};
  } catch (const nlohmann::json::exception&) {
    return wrong;
  }
}

}  // namespace yurt::drivers::compose
