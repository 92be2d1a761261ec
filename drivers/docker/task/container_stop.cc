// Container: signals, its stop and its removal.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include "base/log.h"
#include "drivers/docker/task/container.h"

namespace yurt::drivers::docker {
namespace {

// Until a stop that did not reach the Engine is sent again.
constexpr std::int64_t stop_retry_ns = 100 * nanoseconds_per_millisecond;
// Longer than the Engine takes to end a container that was killed.
constexpr auto longest_end = std::chrono::seconds(30);

}  // namespace

Status Container::send_signal(int number) {
  const auto sent =
      services_.engine.call({"POST", path() + "/kill?signal=" + std::to_string(number)});
  if (sent.ok()) return {};
  if (sent.error().code == ErrorCode::conflict || sent.error().code == ErrorCode::not_found) {
    return Error{ErrorCode::failed_precondition, "the task has ended"};
  }
  return sent.error();
}

Status Container::signal(int number) {
  if (number <= 0 || number >= NSIG) {
    return Error{ErrorCode::invalid_argument,
                 std::to_string(number) + " is not the number of a signal"};
  }
  if (ended()) return Error{ErrorCode::failed_precondition, "the task has ended"};
  return send_signal(number);
}

Status Container::stop(int signal_number, std::int64_t timeout_ns) {
  if (signal_number < 0 || signal_number >= NSIG) {
    return Error{ErrorCode::invalid_argument,
                 std::to_string(signal_number) + " is not the number of a signal"};
  }
  if (ended()) return {};
  const std::int64_t deadline_ns = clock_.steady_ns() + std::max<std::int64_t>(0, timeout_ns);
  services_.workers.submit([weak = weak_from_this(), signal_number, deadline_ns] {
    if (const auto self = weak.lock()) self->send_stop(signal_number, deadline_ns);
  });
  return {};
}

void Container::stop_later(int signal_number, std::int64_t deadline_ns) {
  services_.background.run_after(
      stop_retry_ns, [weak = weak_from_this(), signal_number, deadline_ns] {
        const auto self = weak.lock();
        if (!self) return;
        self->services_.workers.submit([weak, signal_number, deadline_ns] {
          if (const auto still = weak.lock()) still->send_stop(signal_number, deadline_ns);
        });
      });
}

// The Engine itself waits and kills, so that the agent may die meanwhile.
void Container::send_stop(int signal_number, std::int64_t deadline_ns) {
  {
    const std::lock_guard lock(mutex_);
    if (detached_ || result_) return;
  }
  const std::int64_t left_ns = deadline_ns - clock_.steady_ns();
  if (left_ns <= 0) {
    const Status killed = send_signal(SIGKILL);
    if (!killed.ok() && killed.error().code == ErrorCode::unavailable) {
      stop_later(signal_number, deadline_ns);
    }
    return;
  }
  const auto version = services_.engine.version();
  if (!version.ok()) return stop_later(signal_number, deadline_ns);
  const bool can_choose = version->api >= ApiVersion{1, 42};
  if (signal_number != 0 && signal_number != state_.stop_signal && !can_choose) {
    // This Engine can't be told which signal its stop begins with.
    const Status sent = send_signal(signal_number);
    if (!sent.ok() && sent.error().code == ErrorCode::unavailable) {
      return stop_later(signal_number, deadline_ns);
    }
    services_.background.run_after(left_ns, [weak = weak_from_this(), deadline_ns] {
      const auto self = weak.lock();
      if (self) (void)self->stop(0, 0);
    });
    return;
  }
  const std::int64_t seconds = (left_ns + nanoseconds_per_second - 1) / nanoseconds_per_second;
  std::string target = path() + "/stop?t=" + std::to_string(seconds);
  if (signal_number != 0 && can_choose) target += "&signal=" + std::to_string(signal_number);
  auto connection = services_.engine.begin({"POST", target});
  if (!connection.ok()) return stop_later(signal_number, deadline_ns);
  auto stop = std::make_shared<PendingStop>();
  stop->signal_number = signal_number;
  stop->deadline_ns = deadline_ns;
  {
    const std::lock_guard lock(mutex_);
    stops_.push_back(stop);
  }
  const Status watched =
      watch(stop->connection, std::move(*connection), [weak = weak_from_this(), stop] {
        if (const auto self = weak.lock()) self->stop_readable(stop);
      });
  if (!watched.ok()) stop_later(signal_number, deadline_ns);
}

void Container::stop_readable(const std::shared_ptr<PendingStop>& stop) {
  Reading reading = Reading::more;
  {
    const std::lock_guard lock(mutex_);
    if (!stop->connection.socket.valid()) return;
    std::string body;
    reading = read_more(stop->connection, body);
    if (reading == Reading::more) return;
    if (reading == Reading::done && stop->connection.reader.status() >= 400) {
      YURT_LOG(warn, "docker", "stopping {}: {}", state_.task_id, body);
      reading = stop->connection.reader.status() >= 500 ? Reading::cut : Reading::done;
    }
    unwatch(stop->connection);
    std::erase(stops_, stop);
  }
  // The Engine died while it waited.
  if (reading == Reading::cut) stop_later(stop->signal_number, stop->deadline_ns);
}

Status Container::destroy() {
  if (!ended()) {
    const Status killed = send_signal(SIGKILL);
    if (!killed.ok() && killed.error().code != ErrorCode::failed_precondition) {
      services_.give_up(state_.task_id);  // the sweep removes it once the Engine is back
      return killed;
    }
  }
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, longest_end, [this] { return complete() || detached_; })) {
      services_.give_up(state_.task_id);
      return Error{ErrorCode::deadline_exceeded,
                   "the container " + state_.container_id + " did not end"};
    }
  }
  const auto removed = services_.engine.call({"DELETE", path() + "?v=1&force=1"});
  services_.give_up(state_.task_id);
  // conflict: its removal is under way already.
  if (!removed.ok() && removed.error().code != ErrorCode::not_found &&
      removed.error().code != ErrorCode::conflict) {
    return removed.error();
  }
  std::error_code ignored;
  std::filesystem::remove(services_.position_path(state_.task_id), ignored);
  if (!state_.limits_group.empty()) services_.limit_groups.leave(state_.limits_group, false);
  return {};
}

}  // namespace yurt::drivers::docker
