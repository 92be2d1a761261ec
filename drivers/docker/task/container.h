// Container: the agent's side of one container: learns of its end, collects its output, stops and
// removes it. Survives the Engine: while it is away, it looks for it again and again.
//
// Two connections to the Engine per running container, watched by the driver's event loop; calls
// that block run on the driver's workers. Held by shared_ptr; thread-safe. `follow` begins,
// `detach` ends it, which leaves the container alone.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "drivers/docker/engine/frames.h"
#include "drivers/docker/logs/log_store.h"
#include "drivers/docker/task/container_state.h"
#include "drivers/docker/task/services.h"
#include "drivers/driver.h"

namespace yurt::drivers::docker {

class Container : public std::enable_shared_from_this<Container> {
 public:
  using OpenLog = std::function<Result<std::unique_ptr<LogSink>>()>;

  // `open_log`: where its output goes, asked for once there is some; without: the task's files.
  Container(Services& services, ContainerState state, OpenLog open_log = {});
  ~Container();

  void follow();
  // No callback begins after this; waits for one that is running on another thread.
  void detach();

  [[nodiscard]] const ContainerState& state() const { return state_; }
  // The start of an API path: "/containers/<id>".
  [[nodiscard]] std::string path() const { return "/containers/" + state_.container_id; }
  [[nodiscard]] bool ended() const;
  void on_exit(std::function<void(const ExitResult&)> callback);
  [[nodiscard]] Status signal(int number);
  [[nodiscard]] Status stop(int signal_number, std::int64_t timeout_ns);
  // Kills it, waits for its end and its output, removes it.
  [[nodiscard]] Status destroy();

 private:
  // One connection that the event loop watches.
  struct Watched {
    UniqueFd socket;
    ResponseReader reader;
    EventLoop::WatchId watch = 0;
  };
  // Whether a connection goes on, has ended as it should, or was cut.
  enum class Reading { more, done, cut };
  struct PendingStop {
    Watched connection;
    int signal_number = 0;
    std::int64_t deadline_ns = 0;  // steady
  };

  void connect();
  void connect_later(std::int64_t delay_ns);
  void look();
  [[nodiscard]] Status attach_running();
  void attach_ended(ExitResult result);
  void lost(const std::string& why);
  [[nodiscard]] Status open_wait();
  [[nodiscard]] Status open_logs();
  [[nodiscard]] Result<std::unique_ptr<LogSink>> open_sink();
  [[nodiscard]] Status watch(Watched& into, Connection connection, std::function<void()> handler);
  void unwatch(Watched& watched);
  [[nodiscard]] static Reading read_more(Watched& watched, std::string& body);
  void wait_readable();
  void logs_readable();
  void store_logs(std::string_view bytes);
  void give_up_logs(const std::string& why);
  void watch_for_silence();
  void send_stop(int signal_number, std::int64_t deadline_ns);
  void stop_later(int signal_number, std::int64_t deadline_ns);
  void stop_readable(const std::shared_ptr<PendingStop>& stop);
  [[nodiscard]] Status send_signal(int number);
  [[nodiscard]] bool complete() const { return result_.has_value() && logs_complete_; }
  void tell_later();
  void tell();

  Services& services_;
  const ContainerState state_;
  const OpenLog open_log_;
  const SystemClock clock_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool detached_ = false;
  bool connecting_ = false;  // look() is under way or about to be
  bool connect_again_ = false;
  std::int64_t retry_ns_ = 0;
  Watched wait_;
  Watched logs_;
  std::vector<std::shared_ptr<PendingStop>> stops_;
  FrameReader frames_;
  TerminalMessages terminal_;
  std::unique_ptr<LogSink> store_;
  int log_failures_ = 0;
  bool logs_complete_ = false;  // all there is has been stored, or nothing is to be had
  std::string log_warning_;
  std::int64_t logs_heard_ns_ = 0;    // steady
  std::optional<ExitResult> result_;  // known; told once the logs are complete
  bool callback_running_ = false;
  std::vector<std::function<void(const ExitResult&)>> callbacks_;
};

}  // namespace yurt::drivers::docker
