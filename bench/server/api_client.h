// ApiClient: calls a server's gRPC API, as the command line does. A call that fails ends the
// program with the server's sentence. Thread-safe.
#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace grpc {
class Channel;
}
namespace yurt::model {
class Job;
}

namespace yurt::bench {

class ApiClient {
 public:
  explicit ApiClient(const std::string& address);

  // Calls and waits; also for a server that is just starting, or has no leader yet.
  void call(const std::string& operation, const google::protobuf::Message& request,
            google::protobuf::Message& response) const;
  // `done` gets the evaluation's ID, on a thread of gRPC's.
  void register_job(const model::Job& job,
                    std::function<void(const std::string& eval_id)> done) const;

  // Waits until a read that sees every acknowledged write is answered.
  void wait_until_serving() const;
  // Waits until that many nodes are ready.
  void wait_for_nodes(int count) const;
  // How many allocations of the job are complete.
  [[nodiscard]] int completed(const std::string& job_id) const;
  // How many evaluations have that status.
  [[nodiscard]] std::int64_t evaluations(const std::string& status) const;

 private:
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace yurt::bench
