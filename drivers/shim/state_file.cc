#include "drivers/shim/state_file.h"

#include <charconv>
#include <map>
#include <string>

#include "drivers/shim/protocol.h"

namespace yurt::drivers {
namespace {

using Fields = std::map<std::string_view, std::int64_t>;

Result<Fields> parse_fields(std::string_view text) {
  Fields fields;
  bool complete = false;
  while (!text.empty() && !complete) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) break;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    complete = line == "end";
    const std::size_t space = line.find(' ');
    if (complete || space == std::string_view::npos) continue;
    const std::string_view digits = line.substr(space + 1);
    std::int64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    fields[line.substr(0, space)] = value;
  }
  if (!complete) return Error{ErrorCode::corrupt, "the shim's state is cut short"};
  // A newer shim may add lines, never change the meaning of one without a new version.
  if (fields["version"] != shim::protocol_version) {
    return Error{ErrorCode::corrupt,
                 "the shim's state has version " + std::to_string(fields["version"]) +
                     ", and this agent knows version " + std::to_string(shim::protocol_version)};
  }
  return fields;
}

}  // namespace

Result<StartedState> parse_started(std::string_view text) {
  YURT_ASSIGN(Fields fields, parse_fields(text));
  StartedState state;
  state.shim_pid = static_cast<std::int32_t>(fields["shim_pid"]);
  state.task_pid = static_cast<std::int32_t>(fields["task_pid"]);
  state.task_start_ticks = fields["task_start_ticks"];
  state.started_at_ns = fields["started_at_ns"];
  return state;
}

Result<ExitResult> parse_result(std::string_view text) {
  YURT_ASSIGN(Fields fields, parse_fields(text));
  ExitResult result;
  result.exit_code = static_cast<int>(fields["exit_code"]);
  result.signal = static_cast<int>(fields["signal"]);
  result.oom_killed = fields["oom_killed"] != 0;
  result.started_at_ns = fields["started_at_ns"];
  result.finished_at_ns = fields["finished_at_ns"];
  result.cpu_time_ns = fields["cpu_time_ns"];
  result.peak_memory_bytes = fields["peak_memory_bytes"];
  if (const std::int64_t lost = fields["lost_log_bytes"]; lost > 0) {
    result.warnings.push_back(std::to_string(lost) +
                              " bytes of output could not be stored in the log files");
  }
  if (fields["unkillable"] != 0) {
    result.warnings.push_back(
        "processes of the task do not end although they were killed; they hang in the kernel (a "
        "dead disk, network file system or GPU?)");
  }
  return result;
}

}  // namespace yurt::drivers
