// Forwarding over gRPC: one connection per server, kept.
//
// Thread-safe. All calls must have ended before it is destroyed.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "server/api/forwarder.h"

namespace grpc {
class ChannelCredentials;
}

namespace yurt::server {

class GrpcForwarder final : public Forwarder {
 public:
  // Null credentials: none.
  explicit GrpcForwarder(std::shared_ptr<grpc::ChannelCredentials> credentials);
  ~GrpcForwarder() override;

  void call(const std::string& address, std::string_view operation, const std::string& request,
            std::int64_t timeout_ms,
            std::function<void(Result<std::string> reply, bool untouched)> answer) override;
  [[nodiscard]] std::unique_ptr<CallStream> open(const std::string& address,
                                                 std::string_view operation,
                                                 const std::string& first,
                                                 StreamEvents events) override;

 private:
  struct Connection;
  [[nodiscard]] std::shared_ptr<Connection> connection_to(const std::string& address);

  const std::shared_ptr<grpc::ChannelCredentials> credentials_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<Connection>> connections_;
};

}  // namespace yurt::server
