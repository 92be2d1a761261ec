// Shim: supervises one task from before its start until its whole process tree is gone and its
// result is on the disk. One thread, one poll loop, no allocation.
//
// The order at the end: main process reaped → everything it left is killed and reaped → output
// drained into the logs → `result` written → agents told → cgroups removed → the shim exits.
#pragma once

#include "drivers/shim/process/cgroups.h"
#include "drivers/shim/process/exec_sessions.h"
#include "drivers/shim/process/log_pump.h"
#include "drivers/shim/process/outcome.h"
#include "drivers/shim/process/packet.h"

namespace yurt::shim {

class Shim {
 public:
  // The descriptors of a launch (protocol.h), now the shim's.
  Shim(int state_folder, int listener, int control, int spec);
  // Returns when there is nothing left to supervise. REQUIRES: the process has one thread, no
  // children, and is not a session leader that anybody relies on.
  void run();

 private:
  [[nodiscard]] bool start();
  [[nodiscard]] bool fail(StartStage stage, int detail = 0);
  void poll_once();
  void serve_client(int index);
  // REQUIRES: has_free_client(); others wait in the listener's queue
  void accept_client();
  [[nodiscard]] bool has_free_client() const;
  void stop(const StopRequest& request);
  // Reaps what has ended. True when no child is left at all.
  bool reap();
  void on_main_exit(int status);
  void kill_everything();
  // True once the end can be recorded.
  [[nodiscard]] bool finished();
  void record_end();
  [[nodiscard]] bool write_result(const StateText& text) const;
  void tell_clients(PacketType type, const StateText& text);
  [[nodiscard]] int poll_timeout_ms() const;

  int state_folder_;
  int listener_;
  int child_events_ = -1;  // a signalfd for SIGCHLD
  int spec_fd_;
  int clients_[max_clients];
  SpecView spec_;
  Cgroups cgroups_{spec_};
  ExecSessions exec_sessions_{spec_, cgroups_};
  LogPump logs_;
  StateText started_;
  Outcome outcome_;

  pid_t main_pid_ = 0;  // 0 once reaped
  bool stopping_ = false;
  bool killing_ = false;
  // Milliseconds of the monotonic clock; 0 = none.
  std::int64_t stop_deadline_ms_ = 0;
  std::int64_t next_kill_ms_ = 0;
  std::int64_t give_up_ms_ = 0;
};

}  // namespace yurt::shim
