// ContainerState: what an agent must know to take a container over. Kept in a label of the
// container (all but what is known only once it runs) and in Task::reattach_state. A value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "drivers/driver.h"

namespace yurt::drivers::docker {

struct ContainerState {
  std::string task_id;
  std::string container_id;
  std::int64_t started_at_ns = 0;
  std::string address;  // in a network of its own; "" = the machine's
  LogFiles logs;
  bool tty = false;
  std::string limits_group;  // see TaskConfig; where the Engine puts it below that group
  int stop_signal = 0;       // what the Engine's own stop sends; 0 = the image's

  // One line of JSON.
  [[nodiscard]] std::string encode() const;
  // invalid_argument for anything else.
  [[nodiscard]] static Result<ContainerState> decode(std::string_view text);
};

// What GET /containers/{id}/json says about the run.
struct RunState {
  bool running = false;  // paused ones included
  bool ever_started = false;
  ExitResult result;    // how it ended, unless running
  std::string address;  // of the first of its networks that gave it one
};
[[nodiscard]] Result<RunState> run_state_of(const std::string& inspect_json);

}  // namespace yurt::drivers::docker
