#include "base/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

namespace yurt {
namespace {

constexpr const char* line_format = "%Y-%m-%dT%H:%M:%S.%e%z [%l] %v";

// spdlog's own default writes to standard output, which belongs to the commands' results.
const bool logs_to_stderr = [] {
  auto logger = spdlog::stderr_color_mt("yurt");
  logger->set_pattern(line_format);
  spdlog::set_default_logger(logger);
  return true;
}();

}  // namespace

Status set_log_level(const std::string& level) {
  static_cast<void>(logs_to_stderr);
  const auto parsed = spdlog::level::from_str(level);
  if (parsed == spdlog::level::off && level != "off") {
    return Error{ErrorCode::invalid_argument,
                 "\"" + level + "\" is not a log level; use trace, debug, info, warn or error"};
  }
  spdlog::set_level(parsed);
  return {};
}

Status log_to_file(const std::string& path) {
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
    sink->set_pattern(line_format);
    spdlog::default_logger()->sinks().push_back(sink);
    spdlog::flush_on(spdlog::level::info);
  } catch (const spdlog::spdlog_ex& failure) {
    return Error{ErrorCode::io, failure.what()};
  }
  return {};
}

}  // namespace yurt
