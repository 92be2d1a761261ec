#include "agent/runner/idle_rule.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/duration.h"
#include "proto/job.pb.h"

namespace yurt::agent {
namespace {

constexpr std::int64_t default_window_ns = 15 * 60 * nanoseconds_per_second;

}  // namespace

IdleRule::IdleRule(const model::Watchdog& rule)
    : by_output_(rule.no_output() > 0),
      window_ns_(rule.no_output() > 0 ? rule.no_output() : default_window_ns) {
  if (rule.has_gpu_util_below()) below_ = rule.gpu_util_below();
  if (rule.action() == "restart") action_ = Action::restart;
  if (rule.action() == "stop") action_ = Action::stop;
}

void IdleRule::begin(std::int64_t steady_ns) {
  idle_since_ns_ = steady_ns;
  mark_.reset();
  told_ = false;
}

bool IdleRule::observe(const Seen& seen, std::int64_t steady_ns) {
  bool active = false;
  if (by_output_) {
    active |= mark_ != seen.output_mark;
    mark_ = seen.output_mark;
  }
  if (below_) active |= !seen.gpu_utilization || *seen.gpu_utilization >= *below_;
  if (active) {
    idle_since_ns_ = steady_ns;
    told_ = false;
    return false;
  }
  if (told_ || steady_ns - idle_since_ns_ < window_ns_) return false;
  told_ = true;
  return true;
}

std::string IdleRule::description() const {
  std::string text;
  if (by_output_) text = "no output";
  if (below_)
    text += fmt::format("{}GPU utilization below {:g}%", by_output_ ? " and " : "", *below_);
  return text + " for " + format_duration(window_ns_);
}

}  // namespace yurt::agent
