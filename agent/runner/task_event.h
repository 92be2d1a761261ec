// The events in a task's history, with the types, details and texts that Nomad's clients show.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace yurt::model {
class TaskEvent;
class TaskState;
}  // namespace yurt::model

namespace yurt::drivers {
struct ExitResult;
}  // namespace yurt::drivers

namespace yurt::agent::task_event {

// How many events a task keeps; the oldest go first.
inline constexpr int kept = 10;

// Appends `event`, stamped with `wall_ns`.
void append(model::TaskState& state, model::TaskEvent event, std::int64_t wall_ns);

[[nodiscard]] model::TaskEvent received();
// It was killed for want of memory before; `asked_mb` is what its job says.
[[nodiscard]] model::TaskEvent more_memory(std::uint32_t retry, int attempts,
                                           std::int64_t granted_mb, std::int64_t asked_mb);
[[nodiscard]] model::TaskEvent outputs_exist(const std::vector<std::string>& outputs);
// Whether `event` is the above.
[[nodiscard]] bool is_outputs_exist(const model::TaskEvent& event);
[[nodiscard]] model::TaskEvent outputs_unknown(const std::string& output,
                                               const std::string& problem);
[[nodiscard]] model::TaskEvent setup(const std::string& message);
[[nodiscard]] model::TaskEvent setup_failure(const std::string& error);
[[nodiscard]] model::TaskEvent started();
[[nodiscard]] model::TaskEvent terminated(const drivers::ExitResult& result);
[[nodiscard]] model::TaskEvent restarting(const std::string& reason, std::int64_t delay_ns);
[[nodiscard]] model::TaskEvent not_restarting(const std::string& reason);
[[nodiscard]] model::TaskEvent restart_signaled(const std::string& reason);
[[nodiscard]] model::TaskEvent signaling(const std::string& signal, const std::string& reason);
[[nodiscard]] model::TaskEvent killing(const std::string& reason, std::int64_t timeout_ns);
[[nodiscard]] model::TaskEvent killed(const std::string& error);
[[nodiscard]] model::TaskEvent shutdown_delay(std::int64_t delay_ns);
[[nodiscard]] model::TaskEvent driver_failure(const std::string& error);
[[nodiscard]] model::TaskEvent driver_message(const std::string& message);
[[nodiscard]] model::TaskEvent downloading_artifacts();
[[nodiscard]] model::TaskEvent failed_artifact_download(const std::string& error);
[[nodiscard]] model::TaskEvent template_message(const std::string& message);
[[nodiscard]] model::TaskEvent template_failure(const std::string& error);
[[nodiscard]] model::TaskEvent leader_dead();
[[nodiscard]] model::TaskEvent sibling_failed(const std::string& sibling);
[[nodiscard]] model::TaskEvent main_tasks_dead();
[[nodiscard]] model::TaskEvent log_warning(const std::string& message);
[[nodiscard]] model::TaskEvent waiting_for_previous();
// `reason` names the device.
[[nodiscard]] model::TaskEvent device_failed(const std::string& reason);
[[nodiscard]] model::TaskEvent watchdog(const std::string& reason, bool fails_task);
[[nodiscard]] model::TaskEvent alloc_unhealthy(const std::string& message);

}  // namespace yurt::agent::task_event
