// An agent in a process of its own: `stand_alone_agent DATA_DIR SERVER SHIM CGROUP_PARENT`. Runs
// until it is killed, or ends in order on SIGTERM.
#include <csignal>
#include <iostream>

#include "agent/agent.h"

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  yurt::SystemClock clock;
  yurt::SystemRandom random;
  yurt::agent::AgentOptions options;
  options.data_dir = argv[1];
  options.servers = {argv[2]};
  options.raw_exec.enabled = true;
  options.raw_exec.shim_path = argv[3];
  options.raw_exec.cgroup_parent = argv[4];
  auto agent = yurt::agent::Agent::create(options, clock, random);
  if (!agent.ok()) {
    std::cerr << agent.error().message << "\n";
    return 1;
  }
  (*agent)->start();
  int received = 0;
  sigwait(&signals, &received);
  (*agent)->stop();
  return 0;
}
