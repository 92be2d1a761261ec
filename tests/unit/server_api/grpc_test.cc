// The gRPC front door and forwarding, between real servers on loopback.
#include <grpcpp/grpcpp.h>

#include <condition_variable>

#include "server/grpc/front.h"
#include "server/grpc/grpc_forwarder.h"
#include "tests/unit/server_api/api_fixture.h"

namespace yurt::server {
namespace {

class GrpcTest : public ApiTest {
 protected:
  GrpcTest() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterCallbackGenericService(&front.service());
    grpc_server = builder.BuildAndStart();
    address = "127.0.0.1:" + std::to_string(port);
  }
  ~GrpcTest() override { grpc_server->Shutdown(std::chrono::system_clock::now()); }

  // Calls the server as another server does.
  struct Outcome {
    Result<std::string> reply;
    bool untouched;
  };
  Outcome forward(std::string_view operation, const Message& request) {
    std::promise<Outcome> promise;
    client.call(address, operation, request.SerializeAsString(), 60'000,
                [&](Result<std::string> reply, bool untouched) {
                  promise.set_value({std::move(reply), untouched});
                });
    return promise.get_future().get();
  }

  GrpcFront front{service};
  std::unique_ptr<grpc::Server> grpc_server;
  std::string address;
  GrpcForwarder client{nullptr};
};

// Collects a stream's messages.
class Collector {
 public:
  StreamEvents events() {
    return {.on_message =
                [this](Body message, std::size_t bytes) {
                  const std::lock_guard lock(mutex_);
                  model::StreamFrame frame;
                  EXPECT_TRUE(frame.ParseFromString(message.bytes));
                  data_ += frame.data();
                  unconsumed_ += bytes;
                  changed_.notify_all();
                },
            .on_end =
                [this](Status status) {
                  const std::lock_guard lock(mutex_);
                  end_ = std::move(status);
                  changed_.notify_all();
                }};
  }
  void wait_for(std::size_t bytes) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return data_.size() >= bytes; });
  }
  Status wait_for_end() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return end_.has_value(); });
    return *end_;
  }
  std::string data() {
    const std::lock_guard lock(mutex_);
    return data_;
  }
  std::size_t take_unconsumed() {
    const std::lock_guard lock(mutex_);
    return std::exchange(unconsumed_, 0);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string data_;
  std::size_t unconsumed_ = 0;
  std::optional<Status> end_;
};

TEST_F(GrpcTest, operations_are_called_by_the_name_of_their_method) {
  model::JobRegisterRequest request;
  *request.mutable_job() = job_named("a");
  const auto outcome = forward("RegisterJob", request);
  ASSERT_TRUE(outcome.reply.ok()) << outcome.reply.error().message;
  model::JobRegisterResponse response;
  ASSERT_TRUE(response.ParseFromString(*outcome.reply));
  EXPECT_NE(response.eval_id(), "");
  EXPECT_TRUE(core.snapshot().job({"default", "a"}));
}

TEST_F(GrpcTest, errors_keep_their_kind_and_sentence) {
  model::JobReadRequest request;
  request.set_job_id("none");
  const auto outcome = forward("ReadJob", request);
  ASSERT_FALSE(outcome.reply.ok());
  EXPECT_EQ(outcome.reply.error().code, ErrorCode::not_found);
  EXPECT_EQ(outcome.reply.error().message, "job not found");
  EXPECT_FALSE(outcome.untouched);
  EXPECT_EQ(forward("NoSuchMethod", request).reply.error().code, ErrorCode::unimplemented);
}

TEST_F(GrpcTest, bytes_that_are_no_request_are_refused) {
  std::promise<Result<std::string>> promise;
  client.call(address, "ReadJob", "\xff\xff\xff", 60'000,
              [&](Result<std::string> reply, bool) { promise.set_value(std::move(reply)); });
  EXPECT_EQ(promise.get_future().get().error().code, ErrorCode::invalid_argument);
}

TEST_F(GrpcTest, a_server_that_does_not_lead_says_that_it_did_nothing) {
  core.consensus().set_leadership({.leader = 2, .address = "127.0.0.1:1", .term = 3});
  model::JobRegisterRequest request;
  *request.mutable_job() = job_named("a");
  const auto outcome = forward("RegisterJob", request);
  ASSERT_FALSE(outcome.reply.ok());
  EXPECT_TRUE(outcome.untouched);
}

TEST_F(GrpcTest, a_server_that_can_not_be_reached_did_nothing) {
  std::promise<bool> promise;
  client.call("127.0.0.1:1", "ReadJob", "", 60'000, [&](Result<std::string> reply, bool untouched) {
    EXPECT_EQ(reply.error().code, ErrorCode::unavailable);
    promise.set_value(untouched);
  });
  EXPECT_TRUE(promise.get_future().get());
}

TEST_F(GrpcTest, a_follower_answers_with_what_the_leader_says) {
  FakeCore follower_core;
  follower_core.consensus().set_leadership({.leader = 1, .address = address, .term = 2});
  Service follower(follower_core, executor, client, metrics);
  model::JobRegisterRequest request;
  *request.mutable_job() = job_named("a");
  std::promise<Result<Body>> promise;
  follower.call(*follower.find("RegisterJob"), {},
                Body{std::make_unique<model::JobRegisterRequest>(request), {}},
                [&](Result<Body> reply, bool) { promise.set_value(std::move(reply)); });
  const auto reply = promise.get_future().get();
  ASSERT_TRUE(reply.ok());
  EXPECT_TRUE(core.snapshot().job({"default", "a"}));
  EXPECT_FALSE(follower_core.snapshot().job({"default", "a"}));
}

class GrpcStreams : public GrpcTest {
 protected:
  void SetUp() override {
    core.apply(node_named("n1", id_number<NodeId>(1)));
    const auto eval_id = *EvalId::parse(registered(job_named("a")).eval_id());
    core.apply(
        placed(core, {"default", "a"}, id_number<AllocId>(2), id_number<NodeId>(1), eval_id));
    logs.set_alloc_id(id_number<AllocId>(2).to_string());
    logs.set_task("main");
    logs.set_type("stdout");
  }
  std::shared_ptr<FakeAgent> agent() {
    while (core.agents().empty()) std::this_thread::yield();
    return core.agents()[0];
  }
  static model::SessionFrame frame(const std::string& data) {
    model::SessionFrame out;
    out.mutable_stream()->set_data(data);
    return out;
  }
  model::LogsRequest logs;
};

TEST_F(GrpcStreams, a_log_flows_through_another_server) {
  Collector collector;
  const auto stream =
      client.open(address, "StreamLogs", logs.SerializeAsString(), collector.events());
  agent()->send(frame("one "));
  agent()->send(frame("two"));
  agent()->end();
  EXPECT_TRUE(collector.wait_for_end().ok());
  EXPECT_EQ(collector.data(), "one two");
}

TEST_F(GrpcStreams, a_stream_that_is_refused_ends_with_the_reason) {
  logs.set_type("other");
  Collector collector;
  const auto stream =
      client.open(address, "StreamLogs", logs.SerializeAsString(), collector.events());
  const auto end = collector.wait_for_end();
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().code, ErrorCode::invalid_argument);
}

TEST_F(GrpcStreams, whoever_does_not_consume_gets_no_more_than_the_window) {
  Collector collector;
  const auto stream =
      client.open(address, "StreamLogs", logs.SerializeAsString(), collector.events());
  const std::string block(64 << 10, 'x');
  const std::size_t blocks = 400;
  for (std::size_t i = 0; i < blocks; ++i) agent()->send(frame(block));
  agent()->end();
  collector.wait_for(256 << 10);
  EXPECT_LT(agent()->consumed(), blocks * block.size());
  while (collector.data().size() < blocks * block.size()) {
    stream->consumed(collector.take_unconsumed());
    std::this_thread::yield();
  }
  EXPECT_TRUE(collector.wait_for_end().ok());
}

TEST_F(GrpcStreams, hanging_up_ends_the_agents_session) {
  Collector collector;
  auto stream = client.open(address, "StreamLogs", logs.SerializeAsString(), collector.events());
  agent()->send(frame("one"));
  collector.wait_for(3);
  stream.reset();
  while (!agent()->closed()) std::this_thread::yield();
}

TEST_F(GrpcStreams, exec_input_reaches_the_agent) {
  model::ExecFrame first;
  first.mutable_start()->set_alloc_id(id_number<AllocId>(2).to_string());
  first.mutable_start()->set_task("main");
  first.mutable_start()->add_command("sh");
  std::promise<Status> ended;
  const auto stream =
      client.open(address, "ExecAllocation", first.SerializeAsString(),
                  {.on_message = [](Body, std::size_t) {},
                   .on_end = [&](Status status) { ended.set_value(std::move(status)); }});
  auto input = std::make_unique<model::ExecFrame>();
  input->set_stdin("ls\n");
  EXPECT_TRUE(stream->send(Body{std::move(input), {}}));
  stream->finish_sending();
  while (agent()->received().size() < 2) std::this_thread::yield();
  EXPECT_EQ(agent()->received()[0].exec().stdin(), "ls\n");
  EXPECT_TRUE(agent()->received()[1].exec().stdin_close());
  agent()->end();
  EXPECT_TRUE(ended.get_future().get().ok());
}

}  // namespace
}  // namespace yurt::server
