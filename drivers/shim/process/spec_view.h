// SpecView: a Spec (protocol.h) mapped from its memfd. The strings stay in the mapping, which lives
// as long as the process; only the pointer arrays are built here.
#pragma once

#include "drivers/shim/protocol.h"

namespace yurt::shim {

struct SpecView {
  const SpecHeader* header = nullptr;
  const char* program = nullptr;
  const char* work_folder = nullptr;
  const char* log_folder = nullptr;
  const char* stdout_prefix = nullptr;
  const char* stderr_prefix = nullptr;
  char** arguments = nullptr;    // ended by nullptr, as execve wants it
  char** environment = nullptr;  // likewise
  char** cgroup_operations = nullptr;
  const std::uint32_t* groups = nullptr;
};

// Maps and checks the spec behind `fd`. False with errno when it is not one.
[[nodiscard]] bool map_spec(int fd, SpecView& view);

}  // namespace yurt::shim
