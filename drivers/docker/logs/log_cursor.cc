#include "drivers/docker/logs/log_cursor.h"

#include "base/clock.h"
#include "base/duration.h"

namespace yurt::drivers::docker {
namespace {

// The Engine's own form, "2026-11-22T19:19:05.405652958Z", by its fixed characters.
bool looks_like_time(std::string_view text) {
  return text.size() >= 20 && text.size() <= 35 && text[4] == '-' && text[10] == 'T' &&
         text[13] == ':';
}

}  // namespace

std::string LogCursor::since() const {
  const auto time = parse_time(time_);
  if (time_.empty() || !time.ok()) return "";
  std::string fraction = std::to_string(*time % nanoseconds_per_second);
  fraction.insert(0, 9 - fraction.size(), '0');
  return std::to_string(*time / nanoseconds_per_second) + "." + fraction;
}

bool LogCursor::take(std::string_view& message) {
  const std::size_t space = message.find(' ');
  if (space == std::string_view::npos || !looks_like_time(message.substr(0, space))) return true;
  const std::string_view time = message.substr(0, space);
  message.remove_prefix(space + 1);
  if (time != time_) {
    repeated_ = 0;
    time_ = time;
    count_ = 1;
    return true;
  }
  if (repeated_ > 0) {
    --repeated_;
    return false;
  }
  ++count_;
  return true;
}

}  // namespace yurt::drivers::docker
