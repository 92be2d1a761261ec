// An agent that starts tasks and is then killed by the test: prints each task's reattach state on a
// line of its own and sleeps.
//
// stand_in_agent STATE_FOLDER SHIM CGROUP_PARENT LOG_FOLDER MARK FIRST_ID SCRIPT...
#include <unistd.h>

#include <cstdio>
#include <future>
#include <nlohmann/json.hpp>

#include "drivers/raw_exec/raw_exec.h"

int main(int argc, char** argv) {
  using namespace yurt::drivers;
  if (argc < 8) return 2;
  RawExecOptions options;
  options.enabled = true;
  options.state_folder = argv[1];
  options.shim_program = argv[2];
  options.cgroups.parent = argv[3];
  auto driver = make_raw_exec(options);
  if (!driver.ok()) {
    std::fprintf(stderr, "%s\n", driver.error().message.c_str());
    return 1;
  }
  for (int i = 7; i < argc; ++i) {
    const std::string name = argv[6] + std::to_string(i - 7);
    TaskConfig config;
    config.id = name;
    config.config = nlohmann::json{{"command", "/bin/sh"}, {"args", {"-c", argv[i]}}}.dump();
    config.env = {{"PATH", "/usr/bin:/bin"}, {"MARK", argv[5]}};
    config.resources.cpu_mhz = 100;
    config.resources.memory_mib = 64;
    config.task_dir = argv[4];
    config.logs.folder = argv[4];
    config.logs.prefix = name;
    std::promise<std::string> state;
    StartEvents events;
    std::shared_ptr<Task> kept;
    events.on_done = [&](yurt::Result<std::shared_ptr<Task>> task) {
      if (task.ok()) kept = *task;
      state.set_value(task.ok() ? kept->reattach_state() : task.error().message);
    };
    (*driver)->start(std::move(config), std::move(events));
    std::printf("%s\n", state.get_future().get().c_str());
    std::fflush(stdout);
  }
  while (true) ::pause();
}
