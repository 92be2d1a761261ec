// TestServer: one Raft server of a test, with its own folders, machine, address and gRPC server on
// loopback. It can be stopped and started again any number of times; folders and address stay.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "raft/consensus.h"
#include "tests/unit/raft_shell/list_machine.h"
#include "tests/unit/raft_shell/reserved_port.h"

namespace grpc {
class Server;
}

namespace yurt::raft::testing {

// Told of every change of leadership anywhere, so that a test can wait for what it needs.
class Bulletin {
 public:
  void changed() {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }
  template <typename Holds>
  void wait_until(const Holds& holds) {
    std::unique_lock lock(mutex_);
    // Not every condition is announced here, so look again now and then.
    while (!holds()) changed_.wait_for(lock, std::chrono::milliseconds(20));
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

class TestServer {
 public:
  TestServer(PeerId id, std::filesystem::path folder, Bulletin& bulletin);
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  void start();
  void stop();
  [[nodiscard]] bool running() const { return consensus_ != nullptr; }
  // Moves to another port; while stopped.
  void move();

  [[nodiscard]] PeerId id() const { return id_; }
  [[nodiscard]] const std::string& address() const { return port_->address(); }
  [[nodiscard]] Consensus& consensus() { return *consensus_; }
  [[nodiscard]] ListMachine& machine() { return *machine_; }

  Options options;  // for the next start; id, address and folder are filled in

 private:
  const PeerId id_;
  const std::filesystem::path folder_;
  Bulletin& bulletin_;
  std::unique_ptr<ReservedPort> port_;
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<ListMachine> machine_;
  std::unique_ptr<Consensus> consensus_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace yurt::raft::testing
