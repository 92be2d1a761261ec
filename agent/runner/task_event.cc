#include "agent/runner/task_event.h"

#include <fmt/format.h>

#include <utility>

#include "base/duration.h"
#include "drivers/driver.h"
#include "drivers/signals.h"
#include "proto/state.pb.h"

namespace yurt::agent::task_event {
namespace {

model::TaskEvent make(const char* type, std::string display) {
  model::TaskEvent event;
  event.set_type(type);
  event.set_display_message(std::move(display));
  return event;
}

void detail(model::TaskEvent& event, const char* key, std::string value) {
  (*event.mutable_details())[key] = std::move(value);
}

}  // namespace

void append(model::TaskState& state, model::TaskEvent event, std::int64_t wall_ns) {
  event.set_time(wall_ns);
  *state.add_events() = std::move(event);
  if (state.events_size() > kept) state.mutable_events()->DeleteSubrange(0, 1);
}

model::TaskEvent received() { return make("Received", "Task received by client"); }

model::TaskEvent more_memory(std::uint32_t retry, int attempts, std::int64_t granted_mb,
                             std::int64_t asked_mb) {
  const std::string message =
      fmt::format("Retry {} of {} after running out of memory: it has {} MiB; its job asks for {}",
                  retry, attempts, granted_mb, asked_mb);
  auto event = make("Memory Raised", message);
  event.set_message(message);
  detail(event, "message", message);
  return event;
}

model::TaskEvent outputs_exist(const std::vector<std::string>& outputs) {
  std::string message = "Not run: its output exists already:";
  for (const std::string& output : outputs) message += " " + output;
  auto event = make("Output Exists", message);
  event.set_message(message);
  detail(event, "message", message);
  return event;
}

bool is_outputs_exist(const model::TaskEvent& event) { return event.type() == "Output Exists"; }

model::TaskEvent outputs_unknown(const std::string& output, const std::string& problem) {
  const std::string message =
      "Whether output " + output + " exists is not known (" + problem + "): it is run";
  auto event = make("Output Unknown", message);
  event.set_message(message);
  detail(event, "message", message);
  return event;
}

model::TaskEvent setup(const std::string& message) {
  auto event = make("Task Setup", message);
  event.set_message(message);
  detail(event, "message", message);
  return event;
}

model::TaskEvent setup_failure(const std::string& error) {
  auto event = make("Setup Failure", error);
  event.set_setup_error(error);
  detail(event, "setup_error", error);
  return event;
}

model::TaskEvent started() { return make("Started", "Task started by client"); }

model::TaskEvent terminated(const drivers::ExitResult& result) {
  std::string text = fmt::format("Exit Code: {}", result.exit_code);
  if (result.signal != 0) text += fmt::format(", Signal: {}", result.signal);
  std::string message = result.error;
  if (message.empty() && result.oom_killed) {
    message = "OOM Killed";
    if (result.peak_memory_bytes > 0) {
      message += fmt::format(" (peak memory {:.1f} MiB)",
                             static_cast<double>(result.peak_memory_bytes) / (1024.0 * 1024.0));
    }
  }
  if (!message.empty()) text += fmt::format(", Exit Message: \"{}\"", message);
  auto event = make("Terminated", text);
  event.set_exit_code(result.exit_code);
  event.set_signal(result.signal);
  detail(event, "exit_code", std::to_string(result.exit_code));
  detail(event, "signal", std::to_string(result.signal));
  detail(event, "oom_killed", result.oom_killed ? "true" : "false");
  if (!message.empty()) {
    event.set_message(message);
    detail(event, "exit_message", message);
  }
  if (result.peak_memory_bytes > 0) {
    detail(event, "peak_memory_bytes", std::to_string(result.peak_memory_bytes));
  }
  if (result.cpu_time_ns > 0) detail(event, "cpu_time_ns", std::to_string(result.cpu_time_ns));
  return event;
}

model::TaskEvent restarting(const std::string& reason, std::int64_t delay_ns) {
  auto event = make("Restarting",
                    fmt::format("{} - Task restarting in {}", reason, format_duration(delay_ns)));
  event.set_restart_reason(reason);
  event.set_start_delay(delay_ns);
  detail(event, "restart_reason", reason);
  detail(event, "start_delay", std::to_string(delay_ns));
  return event;
}

model::TaskEvent not_restarting(const std::string& reason) {
  auto event = make("Not Restarting", reason);
  event.set_restart_reason(reason);
  event.set_fails_task(true);
  detail(event, "restart_reason", reason);
  detail(event, "fails_task", "true");
  return event;
}

model::TaskEvent restart_signaled(const std::string& reason) {
  auto event = make("Restart Signaled", reason.empty() ? "Task signaled to restart" : reason);
  event.set_restart_reason(reason);
  detail(event, "restart_reason", reason);
  return event;
}

model::TaskEvent signaling(const std::string& signal, const std::string& reason) {
  auto event = make("Signaling", fmt::format("Task being sent signal {}{}{}", signal,
                                             reason.empty() ? "" : ": ", reason));
  event.set_task_signal(signal);
  event.set_task_signal_reason(reason);
  detail(event, "signal", signal);
  if (!reason.empty()) detail(event, "task_signal_reason", reason);
  return event;
}

model::TaskEvent killing(const std::string& reason, std::int64_t timeout_ns) {
  auto event = make("Killing",
                    fmt::format("{}Sent interrupt. Waiting {} before force killing",
                                reason.empty() ? "" : reason + ". ", format_duration(timeout_ns)));
  event.set_kill_timeout(timeout_ns);
  event.set_kill_reason(reason);
  detail(event, "kill_timeout", format_duration(timeout_ns));
  if (!reason.empty()) detail(event, "kill_reason", reason);
  return event;
}

model::TaskEvent killed(const std::string& error) {
  auto event = make("Killed", error.empty() ? "Task successfully killed" : error);
  event.set_kill_error(error);
  if (!error.empty()) detail(event, "kill_error", error);
  return event;
}

model::TaskEvent shutdown_delay(std::int64_t delay_ns) {
  return make("Waiting for shutdown delay",
              fmt::format("Waiting for shutdown_delay of {} before killing the task.",
                          format_duration(delay_ns)));
}

model::TaskEvent driver_failure(const std::string& error) {
  auto event = make("Driver Failure", error);
  event.set_driver_error(error);
  detail(event, "driver_error", error);
  return event;
}

model::TaskEvent driver_message(const std::string& message) {
  auto event = make("Driver", message);
  event.set_driver_message(message);
  detail(event, "driver_message", message);
  return event;
}

model::TaskEvent downloading_artifacts() {
  return make("Downloading Artifacts", "Client is downloading artifacts");
}

model::TaskEvent failed_artifact_download(const std::string& error) {
  auto event = make("Failed Artifact Download", error);
  event.set_download_error(error);
  detail(event, "download_error", error);
  return event;
}

model::TaskEvent template_message(const std::string& message) { return make("Template", message); }

model::TaskEvent template_failure(const std::string& error) {
  auto event = make("Template", "Template failed: " + error);
  event.set_fails_task(true);
  detail(event, "fails_task", "true");
  detail(event, "template_error", error);
  return event;
}

model::TaskEvent device_failed(const std::string& reason) {
  auto event = make("Device Failed", "Device failed: " + reason);
  event.set_fails_task(true);
  detail(event, "fails_task", "true");
  detail(event, "device_error", reason);
  return event;
}

model::TaskEvent watchdog(const std::string& reason, bool fails_task) {
  auto event = make("Watchdog", reason);
  event.set_message(reason);
  detail(event, "message", reason);
  if (!fails_task) return event;
  event.set_fails_task(true);
  detail(event, "fails_task", "true");
  return event;
}

model::TaskEvent leader_dead() { return make("Leader Task Dead", "Leader Task in Group dead"); }

model::TaskEvent sibling_failed(const std::string& sibling) {
  auto event = make("Sibling Task Failed", fmt::format("Task's sibling \"{}\" failed", sibling));
  event.set_failed_sibling(sibling);
  detail(event, "failed_sibling", sibling);
  return event;
}

model::TaskEvent main_tasks_dead() {
  return make("Main Tasks Dead", "Main tasks in the group died");
}

model::TaskEvent log_warning(const std::string& message) { return make("Logs", message); }

model::TaskEvent waiting_for_previous() {
  return make("Waiting for previous allocation",
              "Waiting for the previous allocation on this node to end");
}

model::TaskEvent alloc_unhealthy(const std::string& message) {
  return make("Alloc Unhealthy", message);
}

}  // namespace yurt::agent::task_event
