// ServerProcess: a whole server: the core, the service layer over it, and its two front doors.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "proto/config.pb.h"

namespace yurt::program {

class ServerProcess {
 public:
  // Opens, listens and serves. The clock and random outlive it.
  [[nodiscard]] static Result<std::unique_ptr<ServerProcess>> start(const model::Config& config,
                                                                    Clock& clock, Random& random);
  ~ServerProcess();

  [[nodiscard]] const std::string& http_address() const;
  [[nodiscard]] const std::string& rpc_address() const;
  [[nodiscard]] const std::string& name() const;
  void stop();

 private:
  struct Parts;
  explicit ServerProcess(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace yurt::program
