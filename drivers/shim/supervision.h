// Supervision: the agent's side of one shim. It owns the connection, turns what arrives on it into
// the start's outcome and the task's end, and finds out what happened when the shim is gone without
// a word. Shared by the Task that users hold and by the work under way.
//
// States: starting → running → ended (or starting → failed). Each is left once. Callbacks run on
// the event loop. Thread-safe.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "drivers/driver.h"
#include "drivers/shim/background.h"
#include "drivers/shim/event_loop.h"
#include "drivers/shim/packet_io.h"
#include "drivers/shim/reattach.h"
#include "drivers/shim/state_folder.h"

namespace yurt::drivers {

class Supervision final : public std::enable_shared_from_this<Supervision> {
 public:
  // `loop` and `background` must outlive this.
  Supervision(EventLoop& loop, Background& background, std::string state_path, Reattach reattach);
  ~Supervision();

  // For a launch: `on_started` is called once, when the connection has told how it went.
  // `explain` makes a sentence of a StartFailure.
  using OnStarted = std::function<void(Status)>;
  using Explain = std::function<Error(const shim::StartFailure&)>;
  [[nodiscard]] Status await_start(UniqueFd connection, Explain explain, OnStarted on_started);
  // The launch could not be handed over: `on_started` is not called.
  void cancel_start();
  // For a task found again: reaches its shim, or learns its end.
  void resume();

  // Lets go: no callback begins after this, and none runs (except the caller's own).
  void detach();

  void on_exit(std::function<void(const ExitResult&)> callback);
  [[nodiscard]] bool ended() const;
  [[nodiscard]] Reattach reattach() const;
  [[nodiscard]] Status send(shim::PacketType type, std::string_view payload);
  // Waits until the end is known and the shim has gone; deadline_exceeded after `timeout_ns`.
  [[nodiscard]] Status wait_until_gone(std::int64_t timeout_ns);
  [[nodiscard]] const StateFolder& folder() const { return folder_; }

 private:
  [[nodiscard]] Status attach(UniqueFd connection);
  void on_readable();
  void on_packet(const Packet& packet);
  void on_started(const Packet& packet);
  void on_start_failed(const Error& error);
  void on_disconnected();
  // On the background thread: finds out how the task ended when no packet told.
  void resolve();
  [[nodiscard]] ExitResult lost();
  void end(ExitResult result);
  void call(const std::function<void(const ExitResult&)>& callback);
  void disconnect(std::unique_lock<std::mutex>& lock);

  EventLoop& loop_;
  Background& background_;
  const StateFolder folder_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Reattach reattach_;
  UniqueFd connection_;
  EventLoop::WatchId watch_ = 0;
  bool starting_ = false;
  bool ended_ = false;
  bool detached_ = false;
  bool callback_running_ = false;
  Explain explain_;
  OnStarted on_started_;
  ExitResult result_;
  std::vector<std::function<void(const ExitResult&)>> callbacks_;
};

}  // namespace yurt::drivers
