#include "drivers/docker/task/container.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/log.h"

namespace yurt::drivers::docker {
namespace {

constexpr std::int64_t first_retry_ns = 100 * nanoseconds_per_millisecond;
constexpr std::int64_t longest_retry_ns = 2 * nanoseconds_per_second;
// A container that has ended, whose output the Engine neither sends nor ends.
constexpr std::int64_t silence_ns = 10 * nanoseconds_per_second;
constexpr int most_log_failures = 5;

}  // namespace

Container::Container(Services& services, ContainerState state, OpenLog open_log)
    : services_(services), state_(std::move(state)), open_log_(std::move(open_log)) {
  services_.keep(state_.task_id);
  logs_complete_ = state_.logs.disabled;
}

Container::~Container() { detach(); }

void Container::follow() { connect(); }

void Container::detach() {
  std::unique_lock lock(mutex_);
  detached_ = true;
  callbacks_.clear();
  unwatch(wait_);
  unwatch(logs_);
  for (const auto& stop : stops_) unwatch(stop->connection);
  stops_.clear();
  store_.reset();
  if (!services_.loop->on_loop_thread()) changed_.wait(lock, [this] { return !callback_running_; });
}

bool Container::ended() const {
  const std::lock_guard lock(mutex_);
  return result_.has_value();
}

// --- Finding out how it is

void Container::connect() {
  const std::lock_guard lock(mutex_);
  if (detached_ || complete()) return;
  if (connecting_) {
    connect_again_ = true;
    return;
  }
  connecting_ = true;
  services_.workers.submit([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->look();
  });
}

void Container::connect_later(std::int64_t delay_ns) {
  services_.background.run_after(delay_ns, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->connect();
  });
}

void Container::look() {
  Status looked;
  const auto inspect = services_.engine.call({"GET", path() + "/json"});
  if (inspect.ok()) {
    auto run = run_state_of(*inspect);
    if (!run.ok()) {
      looked = run.error();
    } else if (run->running) {
      looked = attach_running();
    } else {
      attach_ended(std::move(run->result));
    }
  } else if (inspect.error().code == ErrorCode::not_found) {
    lost("the container was removed by somebody else");
  } else {
    looked = inspect.error();
  }
  bool again = false;
  {
    const std::lock_guard lock(mutex_);
    connecting_ = false;
    again = std::exchange(connect_again_, false);
    if (looked.ok()) {
      retry_ns_ = 0;
    } else {
      retry_ns_ = retry_ns_ == 0 ? first_retry_ns : std::min(2 * retry_ns_, longest_retry_ns);
    }
  }
  if (!looked.ok()) {
    YURT_LOG(debug, "docker", "{}: {}", state_.task_id, looked.error().message);
    connect_later(retry_ns_);
  } else if (again) {
    connect();
  }
}

Status Container::attach_running() {
  YURT_TRY(open_wait());
  if (const Status opened = open_logs(); !opened.ok()) {
    if (opened.error().code == ErrorCode::unimplemented) {
      give_up_logs(opened.error().message);
    } else {
      return opened;
    }
  }
  return {};
}

void Container::attach_ended(ExitResult result) {
  bool logs_missing = false;
  {
    const std::lock_guard lock(mutex_);
    if (detached_ || complete()) return;
    result_ = std::move(result);
    unwatch(wait_);
    logs_missing = !logs_complete_ && !logs_.socket.valid();
    logs_heard_ns_ = clock_.steady_ns();
  }
  if (logs_missing) {
    if (const Status opened = open_logs(); !opened.ok()) {
      bool hopeless = opened.error().code != ErrorCode::unavailable;
      {
        const std::lock_guard lock(mutex_);
        hopeless |= ++log_failures_ >= most_log_failures;
      }
      if (hopeless) {
        give_up_logs(opened.error().message);
      } else {
        connect_later(first_retry_ns);
      }
    }
  }
  watch_for_silence();
  tell_later();
}

void Container::lost(const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    if (!result_) {
      result_.emplace();
      result_->exit_code = 1;
      result_->error = why;
      result_->started_at_ns = state_.started_at_ns;
      result_->finished_at_ns = clock_.wall_ns();
    }
    logs_complete_ = true;
  }
  tell_later();
}

// --- Connections

Status Container::watch(Watched& into, Connection connection, std::function<void()> handler) {
  const std::lock_guard lock(mutex_);
  if (detached_) return {};
  into.reader = std::move(connection.reader());
  into.socket = connection.take_socket();
  auto watched = services_.loop->watch(into.socket.get(), handler);
  if (!watched.ok()) {
    into.socket.reset();
    return watched.error();
  }
  into.watch = *watched;
  services_.loop->post(std::move(handler));  // what came with the head
  return {};
}

void Container::unwatch(Watched& watched) {
  if (!watched.socket.valid()) return;
  services_.loop->unwatch(watched.watch, watched.socket.get());
  watched.socket.reset();
}

Container::Reading Container::read_more(Watched& watched, std::string& body) {
  std::array<char, 256 * 1024> buffer;
  const ssize_t got = ::recv(watched.socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  Status fed;
  if (got > 0) {
    fed = watched.reader.feed({buffer.data(), static_cast<std::size_t>(got)});
  } else if (got == 0) {
    fed = watched.reader.feed_end();
  } else if (errno != EAGAIN && errno != EINTR) {
    return Reading::cut;
  }
  if (watched.reader.head_done()) body = watched.reader.take_body();
  if (!fed.ok()) return Reading::cut;
  return watched.reader.done() ? Reading::done : Reading::more;
}

Status Container::open_wait() {
  {
    const std::lock_guard lock(mutex_);
    if (detached_ || wait_.socket.valid()) return {};
  }
  YURT_ASSIGN(Connection connection,
              services_.engine.open({"POST", path() + "/wait?condition=not-running"}));
  return watch(wait_, std::move(connection), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->wait_readable();
  });
}

void Container::wait_readable() {
  {
    const std::lock_guard lock(mutex_);
    if (!wait_.socket.valid()) return;
    std::string body;
    if (read_more(wait_, body) == Reading::more) return;
    unwatch(wait_);
  }
  connect();
}

Result<std::unique_ptr<LogSink>> Container::open_sink() {
  if (open_log_) return open_log_();
  YURT_ASSIGN(auto store, LogStore::open(state_.logs, services_.position_path(state_.task_id)));
  return std::unique_ptr<LogSink>(std::move(store));
}

Status Container::open_logs() {
  std::string since;
  {
    const std::lock_guard lock(mutex_);
    if (detached_ || logs_complete_ || logs_.socket.valid()) return {};
    if (!store_) {
      auto store = open_sink();
      if (!store.ok()) {
        logs_complete_ = true;
        log_warning_ = "the output could not be stored: " + store.error().message;
        return {};
      }
      store_ = std::move(*store);
    } else {
      store_->rewind();
    }
    since = store_->since();
    frames_ = {};
    terminal_ = {};
  }
  std::string target = path() + "/logs?follow=1&stdout=1&stderr=1&timestamps=1";
  if (!since.empty()) target += "&since=" + since;
  YURT_ASSIGN(Connection connection, services_.engine.open({"GET", target}));
  return watch(logs_, std::move(connection), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->logs_readable();
  });
}

void Container::logs_readable() {
  bool reopen = false;
  {
    const std::lock_guard lock(mutex_);
    if (!logs_.socket.valid() || !store_) return;
    std::string body;
    Reading reading = read_more(logs_, body);
    logs_heard_ns_ = clock_.steady_ns();
    if (!body.empty()) store_logs(body);
    if (reading == Reading::more) return;
    if (state_.tty && reading == Reading::done) {
      terminal_.finish([this](std::string_view text) { store_->message(false, text); });
      store_->note();
    }
    unwatch(logs_);
    if (reading == Reading::done && result_) {
      logs_complete_ = true;
    } else {
      reopen = true;
    }
  }
  // Most often because the container has just ended; the other connection tells.
  if (reopen) connect_later(first_retry_ns);
  tell_later();
}

void Container::store_logs(std::string_view bytes) {
  if (state_.tty) {
    terminal_.feed(bytes, [this](std::string_view text) { store_->message(false, text); });
  } else {
    const Status fed = frames_.feed(bytes, [this](int stream, std::string_view text) {
      if (stream == 1 || stream == 2) store_->message(stream == 2, text);
    });
    if (!fed.ok()) log_warning_ = "a part of the output was lost: " + fed.error().message;
  }
  store_->note();
}

void Container::give_up_logs(const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    logs_complete_ = true;
    log_warning_ = "the output is not to be had from the Docker Engine: " + why;
  }
  tell_later();
}

void Container::watch_for_silence() {
  services_.background.run_after(silence_ns, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    {
      const std::lock_guard lock(self->mutex_);
      if (self->detached_ || self->logs_complete_ || !self->logs_.socket.valid()) return;
      if (self->clock_.steady_ns() - self->logs_heard_ns_ >= silence_ns) {
        self->unwatch(self->logs_);
        self->logs_complete_ = true;
        self->log_warning_ =
            "the end of the output may be missing: the Docker Engine did not send it";
      }
    }
    if (self->ended()) self->watch_for_silence();
    self->tell_later();
  });
}

// --- Telling the end

void Container::on_exit(std::function<void(const ExitResult&)> callback) {
  {
    const std::lock_guard lock(mutex_);
    callbacks_.push_back(std::move(callback));
  }
  tell_later();
}

void Container::tell_later() {
  const std::lock_guard lock(mutex_);
  if (!complete()) return;
  changed_.notify_all();
  if (callbacks_.empty()) return;
  services_.loop->post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->tell();
  });
}

void Container::tell() {
  std::unique_lock lock(mutex_);
  if (detached_) return;
  const auto callbacks = std::exchange(callbacks_, {});
  ExitResult result = *result_;
  if (store_ && store_->lost_bytes() > 0) {
    result.warnings.push_back(std::to_string(store_->lost_bytes()) +
                              " bytes of output could not be written to the log files");
  }
  if (!log_warning_.empty()) result.warnings.push_back(log_warning_);
  callback_running_ = true;
  lock.unlock();
  for (const auto& callback : callbacks) callback(result);
  lock.lock();
  callback_running_ = false;
  changed_.notify_all();
}

}  // namespace yurt::drivers::docker
