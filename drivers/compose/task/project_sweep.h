// The sweep: removes what this agent made for projects that no task answers for any more. What does
// not bear this agent's mark is not looked at. Thread-safe; blocks.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "drivers/docker/task/services.h"

namespace yurt::drivers::compose {

class ProjectSweep {
 public:
  // Containers, networks and folders go once they are `grace_ns` old; named volumes once their
  // allocation has had no project for so long, so that a restarted one finds its data.
  ProjectSweep(docker::Services& services, std::int64_t grace_ns)
      : services_(services), grace_ns_(grace_ns) {}

  void run(std::int64_t now_wall_ns);

 private:
  // How long `thing` has been seen without an owner.
  [[nodiscard]] bool is_due(const std::string& thing, std::int64_t now_wall_ns);

  docker::Services& services_;
  const std::int64_t grace_ns_;
  std::mutex mutex_;
  std::map<std::string, std::int64_t> ownerless_since_ns_;  // by thing
  std::map<std::string, std::int64_t> seen_;                // in the sweep under way
};

}  // namespace yurt::drivers::compose
