// Logging: one line a record to standard error, with time, level, component and message.
//
//   YURT_LOG(info, "raft", "became leader in term {}", term);
//
// Thread-safe. Set the level once at start; the default is info.
#pragma once

#include <spdlog/spdlog.h>

#include <string>

#include "base/result.h"

namespace yurt {

// `level` is trace, debug, info, warn or error; anything else is an invalid_argument error.
[[nodiscard]] Status set_log_level(const std::string& level);

// Sends every later record to `path` (appending) beside standard error.
[[nodiscard]] Status log_to_file(const std::string& path);

}  // namespace yurt

#define YURT_LOG(level, component, ...)                                                     \
  do {                                                                                      \
    if (::spdlog::should_log(::spdlog::level::level)) {                                     \
      ::spdlog::log(::spdlog::level::level, "{}: {}", component, fmt::format(__VA_ARGS__)); \
    }                                                                                       \
  } while (false)
