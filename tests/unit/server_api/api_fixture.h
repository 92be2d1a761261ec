// The service layer over a core in memory, and small builders of what its tests need.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "server/api/executor.h"
#include "server/api/forwarder.h"
#include "server/api/service.h"
#include "server/metrics.h"
#include "tests/support/fake_core.h"

namespace yurt::server {

// Notes what is passed on and answers with what the test gives it.
class FakeForwarder final : public Forwarder {
 public:
  struct Call {
    std::string address, operation, request;
    std::int64_t timeout_ms = 0;
  };

  void call(const std::string& address, std::string_view operation, const std::string& request,
            std::int64_t timeout_ms,
            std::function<void(Result<std::string>, bool)> answer) override;
  [[nodiscard]] std::unique_ptr<CallStream> open(const std::string& address,
                                                 std::string_view operation,
                                                 const std::string& first,
                                                 StreamEvents events) override;

  // What the next calls get, in their order; afterwards everything fails.
  void answer_with(Result<std::string> reply, bool untouched = false);
  [[nodiscard]] std::vector<Call> calls() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Call> calls_;
  std::vector<std::pair<Result<std::string>, bool>> answers_;
};

class ApiTest : public ::testing::Test {
 protected:
  ApiTest();

  // The answer of an operation that was called with `request`.
  template <typename Response, typename Request>
  Result<Response> call(std::string_view operation, const Request& request) {
    return start<Response>(operation, request).get();
  }

  // The same, not waited for.
  template <typename Response, typename Request>
  std::future<Result<Response>> start(std::string_view operation, const Request& request,
                                      Caller caller = {}) {
    const Operation* found = service.find(operation);
    YURT_ASSERT(found != nullptr && found->request->GetDescriptor() == Request::descriptor() &&
                found->response->GetDescriptor() == Response::descriptor());
    auto promise = std::make_shared<std::promise<Result<Response>>>();
    service.call(*found, std::move(caller), Body{std::make_unique<Request>(request), {}},
                 [promise](Result<Body> reply, bool) {
                   if (!reply) return promise->set_value(reply.error());
                   Response response;
                   if (reply->message) {
                     response.CopyFrom(*reply->message);
                   } else {
                     EXPECT_TRUE(response.ParseFromString(reply->bytes));
                   }
                   promise->set_value(std::move(response));
                 });
    return promise->get_future();
  }

  // Registers through the API. REQUIRES: it is accepted
  model::JobRegisterResponse registered(const model::Job& job);

  FakeCore core;
  ThreadExecutor executor{2};
  FakeForwarder forwarder;
  Metrics metrics;
  Service service{core, executor, forwarder, metrics};
};

// A valid batch job with one group "work" of one raw_exec task "main".
[[nodiscard]] model::Job job_named(const std::string& id);
[[nodiscard]] model::Command node_named(const std::string& name, const NodeId& id);
// A plan's effect: allocation `id` of the job's first group on `node`.
[[nodiscard]] model::Command placed(const FakeCore& core, const JobKey& job, const AllocId& id,
                                    const NodeId& node, const EvalId& eval);
// What an agent reports of it.
[[nodiscard]] model::Command reported(const AllocId& id, const std::string& client_status);

// "00000000-0000-0000-0000-0000000000NN"
template <typename IdType>
[[nodiscard]] IdType id_number(std::uint8_t number) {
  IdType id;
  id.uuid.bytes[15] = number;
  return id;
}

}  // namespace yurt::server
