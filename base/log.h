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

// The levels by the names they have in configuration files.
namespace log_level {
inline constexpr auto trace = spdlog::level::trace;
inline constexpr auto debug = spdlog::level::debug;
inline constexpr auto info = spdlog::level::info;
inline constexpr auto warn = spdlog::level::warn;
inline constexpr auto error = spdlog::level::err;
}  // namespace log_level

}  // namespace yurt

#define YURT_LOG(severity, component, ...)                                                       \
  do {                                                                                           \
    if (::spdlog::should_log(::yurt::log_level::severity)) {                                     \
      ::spdlog::log(::yurt::log_level::severity, "{}: {}", component, fmt::format(__VA_ARGS__)); \
    }                                                                                            \
  } while (false)
