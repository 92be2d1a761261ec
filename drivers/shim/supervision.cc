#include "drivers/shim/supervision.h"

#include <signal.h>

#include <chrono>
#include <cstring>

#include "base/clock.h"
#include "drivers/cgroup/usage.h"
#include "drivers/shim/process_table.h"

namespace yurt::drivers {
namespace {

// How often to look again for a shim that is alive but does not talk to us.
constexpr std::int64_t retry_ns = 100 * nanoseconds_per_millisecond;
constexpr std::int64_t kill_timeout_ns = 10 * nanoseconds_per_second;
constexpr auto gone_poll = std::chrono::milliseconds(1);

// Kills what is left of a task whose shim is gone and that had no cgroup: the task's session. (Its
// main process died with the shim; who moved to a session of his own can't be told from others.)
void kill_session(const StartedState& started, std::int64_t deadline_ns, const Clock& clock) {
  if (started.task_pid <= 1) return;
  bool found = true;
  while (found && clock.steady_ns() < deadline_ns) {
    found = false;
    for (const ProcessStat& process : read_all_processes()) {
      if (process.session != started.task_pid || process.state == 'Z' ||
          process.start_ticks < started.task_start_ticks) {
        continue;
      }
      if (process.pid == started.task_pid && process.start_ticks != started.task_start_ticks) {
        return;  // another process has got the number: the session is not the task's
      }
      ::kill(process.pid, SIGKILL);
      found = true;
    }
  }
}

}  // namespace

Supervision::Supervision(EventLoop& loop, Background& background, std::string state_path,
                         Reattach reattach)
    : loop_(loop),
      background_(background),
      folder_(std::move(state_path)),
      reattach_(std::move(reattach)) {}

Supervision::~Supervision() { detach(); }

Status Supervision::attach(UniqueFd connection) {
  std::lock_guard lock(mutex_);
  connection_ = std::move(connection);
  const auto watch = loop_.watch(connection_.get(), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->on_readable();
  });
  if (!watch.ok()) {
    connection_.reset();
    return watch.error();
  }
  watch_ = *watch;
  return {};
}

Status Supervision::await_start(UniqueFd connection, Explain explain, OnStarted on_started) {
  {
    std::lock_guard lock(mutex_);
    starting_ = true;
    explain_ = std::move(explain);
    on_started_ = std::move(on_started);
  }
  return attach(std::move(connection));
}

void Supervision::cancel_start() {
  OnStarted dropped;  // destroyed after the lock is free
  std::unique_lock lock(mutex_);
  starting_ = false;
  dropped = std::move(on_started_);
  on_started_ = nullptr;
  disconnect(lock);
}

void Supervision::resume() {
  if (auto result = folder_.result()) {
    loop_.post([self = shared_from_this(), result = std::move(*result)]() mutable {
      self->end(std::move(result));
    });
    return;
  }
  if (reattach().boot_id == boot_id()) {
    const Result<UniqueFd> folder = folder_.open();
    if (folder.ok()) {
      Result<UniqueFd> connection = connect_to_shim(folder->get());
      if (connection.ok() && attach(std::move(*connection)).ok()) return;
    }
  }
  background_.run_after(0, [self = shared_from_this()] { self->resolve(); });
}

void Supervision::disconnect(std::unique_lock<std::mutex>&) {
  if (!connection_.valid()) return;
  loop_.unwatch(watch_, connection_.get());
  connection_.reset();
}

void Supervision::detach() {
  std::unique_lock lock(mutex_);
  detached_ = true;
  callbacks_.clear();
  disconnect(lock);
  if (!loop_.on_loop_thread()) changed_.wait(lock, [this] { return !callback_running_; });
}

void Supervision::on_readable() {
  while (true) {
    std::unique_lock lock(mutex_);
    if (!connection_.valid()) return;
    const Result<std::optional<Packet>> packet = receive_packet(connection_.get());
    if (packet.ok() && !packet->has_value()) return;
    if (!packet.ok()) {
      disconnect(lock);
      changed_.notify_all();
      lock.unlock();
      return on_disconnected();
    }
    lock.unlock();
    on_packet(**packet);
  }
}

void Supervision::on_packet(const Packet& packet) {
  switch (packet.type) {
    case shim::PacketType::started: return on_started(packet);
    case shim::PacketType::start_failed: {
      shim::StartFailure failure{};
      if (packet.payload.size() == sizeof failure) {
        std::memcpy(&failure, packet.payload.data(), sizeof failure);
      }
      Explain explain;
      {
        std::lock_guard lock(mutex_);
        explain = explain_;
      }
      return on_start_failed(explain ? explain(failure)
                                     : Error{ErrorCode::io, "the task did not start"});
    }
    case shim::PacketType::exited: {
      Result<ExitResult> result = parse_result(packet.payload);
      if (result.ok()) end(std::move(*result));
      return;
    }
    default: return;
  }
}

void Supervision::on_started(const Packet& packet) {
  const Result<StartedState> started = parse_started(packet.payload);
  OnStarted on_started;
  {
    std::lock_guard lock(mutex_);
    if (started.ok()) reattach_.started = *started;
    if (!starting_) return;
    starting_ = false;
    on_started = std::move(on_started_);
    on_started_ = nullptr;
  }
  on_started({});
}

void Supervision::on_start_failed(const Error& error) {
  OnStarted on_started;
  {
    std::lock_guard lock(mutex_);
    if (!starting_) return;
    starting_ = false;
    on_started = std::move(on_started_);
    on_started_ = nullptr;
  }
  folder_.remove();
  on_started(error);
}

void Supervision::on_disconnected() {
  {
    std::lock_guard lock(mutex_);
    if (ended_ || detached_) return;
  }
  background_.run_after(0, [self = shared_from_this()] { self->resolve(); });
}

void Supervision::resolve() {
  const bool same_boot = reattach().boot_id == boot_id();
  if (same_boot && !folder_.shim_is_gone()) {
    return background_.run_after(retry_ns, [self = shared_from_this()] { self->resolve(); });
  }
  bool starting = false;
  {
    std::lock_guard lock(mutex_);
    starting = starting_;
  }
  if (starting) {
    // Killed before it could say a word. What it had begun must not run on unseen.
    static_cast<void>(kill_and_remove(reattach().cgroups, kill_timeout_ns));
    return loop_.post([self = shared_from_this()] {
      self->on_start_failed({ErrorCode::unavailable,
                             "the task's supervisor (yurt-shim) was killed before the task had "
                             "started"});
    });
  }
  std::optional<ExitResult> result = folder_.result();
  loop_.post([self = shared_from_this(), found = result ? std::move(*result) : lost()]() mutable {
    self->end(std::move(found));
  });
}

ExitResult Supervision::lost() {
  const SystemClock clock;
  const Reattach known = reattach();
  ExitResult result;
  result.exit_code = 1;
  result.started_at_ns = known.started.started_at_ns;
  result.finished_at_ns = clock.wall_ns();
  if (known.boot_id != boot_id()) {
    result.error = "the machine was restarted while the task was running";
    return result;
  }
  result.peak_memory_bytes = read_memory(known.cgroups).peak_bytes;
  result.error = "the task's supervisor (yurt-shim, process " +
                 std::to_string(known.started.shim_pid) +
                 ") was killed; the task's processes have been ended and its exit status is lost";
  const Status cleaned = kill_and_remove(known.cgroups, kill_timeout_ns);
  if (!cleaned.ok()) result.warnings.push_back(cleaned.error().message);
  if (known.cgroups.made.empty()) {
    kill_session(known.started, clock.steady_ns() + kill_timeout_ns, clock);
  }
  return result;
}

void Supervision::end(ExitResult result) {
  std::vector<std::function<void(const ExitResult&)>> callbacks;
  {
    std::lock_guard lock(mutex_);
    if (ended_) return;
    ended_ = true;
    result_ = std::move(result);
    callbacks.swap(callbacks_);
  }
  changed_.notify_all();
  for (const auto& callback : callbacks) call(callback);
}

void Supervision::call(const std::function<void(const ExitResult&)>& callback) {
  {
    std::lock_guard lock(mutex_);
    if (detached_) return;
    callback_running_ = true;
  }
  callback(result_);
  {
    std::lock_guard lock(mutex_);
    callback_running_ = false;
  }
  changed_.notify_all();
}

void Supervision::on_exit(std::function<void(const ExitResult&)> callback) {
  std::lock_guard lock(mutex_);
  if (!ended_) {
    callbacks_.push_back(std::move(callback));
    return;
  }
  loop_.post([self = shared_from_this(), callback = std::move(callback)] { self->call(callback); });
}

bool Supervision::ended() const {
  std::lock_guard lock(mutex_);
  return ended_;
}

Reattach Supervision::reattach() const {
  std::lock_guard lock(mutex_);
  return reattach_;
}

Status Supervision::send(shim::PacketType type, std::string_view payload) {
  std::lock_guard lock(mutex_);
  if (!connection_.valid()) {
    return Error{ErrorCode::unavailable, "the task's supervisor is gone"};
  }
  return send_packet(connection_.get(), type, payload);
}

Status Supervision::wait_until_gone(std::int64_t timeout_ns) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::nanoseconds(timeout_ns);
  std::unique_lock lock(mutex_);
  const auto gone = [this] { return ended_ && !connection_.valid(); };
  bool done = changed_.wait_until(lock, deadline, gone);
  lock.unlock();
  // Without a connection (the result was found on the disk) only the lock tells.
  while (done && !folder_.shim_is_gone()) {
    lock.lock();
    done =
        changed_.wait_until(lock, std::min(deadline, std::chrono::steady_clock::now() + gone_poll),
                            [] { return false; }) ||
        std::chrono::steady_clock::now() < deadline;
    lock.unlock();
  }
  if (done) return {};
  return Error{ErrorCode::deadline_exceeded,
               "processes of the task do not end although they were killed; they hang in the "
               "kernel (a dead disk, network file system or GPU?)"};
}

}  // namespace yurt::drivers
