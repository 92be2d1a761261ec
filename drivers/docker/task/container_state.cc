#include "drivers/docker/task/container_state.h"

#include <nlohmann/json.hpp>

#include "base/duration.h"

namespace yurt::drivers::docker {
namespace {

using Json = nlohmann::json;

// Above this an exit code says which signal ended the process, as shells and the Engine write it.
constexpr int signal_base = 128;
constexpr int highest_signal = 31;

std::int64_t time_in(const Json& state, const char* field) {
  if (!state.contains(field) || !state[field].is_string()) return 0;
  return std::max<std::int64_t>(0, parse_time(state[field].get<std::string>()).value_or(0));
}

}  // namespace

std::string ContainerState::encode() const {
  const Json json{{"driver", "docker"},
                  {"task", task_id},
                  {"container", container_id},
                  {"started_at_ns", started_at_ns},
                  {"address", address},
                  {"tty", tty},
                  {"stop_signal", stop_signal},
                  {"limits_group", limits_group},
                  {"logs",
                   {{"disabled", logs.disabled},
                    {"folder", logs.folder},
                    {"prefix", logs.prefix},
                    {"max_files", logs.max_files},
                    {"max_file_size_mib", logs.max_file_size_mib}}}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<ContainerState> ContainerState::decode(std::string_view text) {
  const Error wrong{ErrorCode::invalid_argument, "this is no state of a docker task"};
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("driver", "") != "docker") return wrong;
  try {
    ContainerState state;
    state.task_id = json.at("task");
    state.container_id = json.at("container");
    state.started_at_ns = json.at("started_at_ns");
    state.address = json.value("address", "");
    state.tty = json.at("tty");
    state.stop_signal = json.at("stop_signal");
    state.limits_group = json.value("limits_group", "");
    const Json& logs = json.at("logs");
    state.logs.disabled = logs.at("disabled");
    state.logs.folder = logs.at("folder");
    state.logs.prefix = logs.at("prefix");
    state.logs.max_files = logs.at("max_files");
    state.logs.max_file_size_mib = logs.at("max_file_size_mib");
    return state;
  } catch (const Json::exception&) {
    return wrong;
  }
}

namespace {

std::string address_in(const Json& inspect) {
  const Json networks =
      inspect.value("NetworkSettings", Json::object()).value("Networks", Json::object());
  if (!networks.is_object()) return {};
  for (const auto& [name, network] : networks.items()) {
    if (!network.is_object()) continue;
    const Json address = network.value("IPAddress", Json(""));
    if (address.is_string() && !address.get<std::string>().empty()) return address;
  }
  return {};
}

}  // namespace

Result<RunState> run_state_of(const std::string& inspect_json) {
  const Json json = Json::parse(inspect_json, nullptr, false);
  if (!json.is_object() || !json.contains("State") || !json["State"].is_object()) {
    return Error{ErrorCode::corrupt, "the Docker Engine describes a container without a state"};
  }
  const Json& state = json["State"];
  RunState run;
  run.running = state.value("Running", false) || state.value("Restarting", false);
  ExitResult& result = run.result;
  result.started_at_ns = time_in(state, "StartedAt");
  run.ever_started = result.started_at_ns > 0;
  if (run.running) run.address = address_in(json);
  if (run.running) return run;
  result.finished_at_ns = time_in(state, "FinishedAt");
  result.exit_code = state.value("ExitCode", 1);
  result.oom_killed = state.value("OOMKilled", false);
  if (result.exit_code > signal_base && result.exit_code <= signal_base + highest_signal) {
    result.signal = result.exit_code - signal_base;
  }
  const std::string error = state.value("Error", "");
  if (!error.empty()) {
    result.error = error;
    result.signal = 0;
    if (result.exit_code == 0) result.exit_code = 1;
  } else if (!run.ever_started) {
    result.error = "the container was never started";
    result.exit_code = 1;
  }
  return run;
}

}  // namespace yurt::drivers::docker
