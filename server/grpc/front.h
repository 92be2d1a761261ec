// The gRPC front door: every operation of the service Yurt by its method's name, with no code per
// method. Register service() with a gRPC server beside the services of Raft and of the agents.
//
// Thread-safe. The service must outlive the gRPC server's shutdown.
#pragma once

#include <memory>

namespace grpc {
class CallbackGenericService;
}

namespace yurt::server {

class Service;

class GrpcFront {
 public:
  explicit GrpcFront(Service& service);
  ~GrpcFront();

  [[nodiscard]] grpc::CallbackGenericService& service();

 private:
  class Methods;
  std::unique_ptr<Methods> methods_;
};

}  // namespace yurt::server
