// ServerUnderTest: one `yurt server` process (or `yurt dev`, which has an agent too) on loopback,
// with its data in a folder of its own, whose log is kept beside it.
//
// Not thread-safe. Ending the object kills the process.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "bench/machine/child_process.h"
#include "bench/machine/held_port.h"

namespace yurt::bench {

class ServerUnderTest {
 public:
  enum class Kind { server, dev };

  ServerUnderTest(Kind kind, std::filesystem::path folder);

  // Starts it, on the data that is there; does not wait until it answers.
  void start();
  // kill -9.
  void kill();
  void terminate();

  [[nodiscard]] const std::string& address() const { return rpc_.address; }
  [[nodiscard]] double resident_mib() const { return bench::resident_mib(process_->pid()); }

 private:
  const Kind kind_;
  const std::filesystem::path folder_;
  HeldPort rpc_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace yurt::bench
