// Messages over real gRPC streams on loopback.
#include <gmock/gmock.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <fstream>
#include <future>

#include "raft/shell/grpc_transport.h"
#include "tests/unit/raft_shell/reserved_port.h"
#include "tests/unit/raft_shell/temporary_folder.h"

namespace yurt::raft::testing {
namespace {

using ::testing::HasSubstr;

class NoMeeting final : public Meeting {
 public:
  Introduction meet(const Introduction&) override { return {}; }
  PromiseReply promise(const PromiseRequest&) override { return {}; }
  Status release(const ReleaseRequest&) override { return {}; }
  JoinReply join(const JoinRequest&) override { return {}; }
};

// One end: a transport with its gRPC server, and what came in.
class End {
 public:
  explicit End(PeerId id, std::string cluster = "ours") : id_(id), cluster_(std::move(cluster)) {
    start();
  }
  ~End() { stop(); }
  End(const End&) = delete;
  End& operator=(const End&) = delete;

  void start() {
    transport_ = std::make_unique<GrpcTransport>(
        GrpcTransport::Settings{.self = id_,
                                .own_address = port_.address(),
                                .snapshots_folder = folder_.path(),
                                .random_seed = id_,
                                .cluster_id = [this] { return cluster_; }});
    grpc::ServerBuilder builder;
    builder.AddListeningPort(port_.address(), grpc::InsecureServerCredentials());
    builder.RegisterService(transport_->service());
    server_ = builder.BuildAndStart();
    transport_->start(
        Inbound{[this](std::vector<Message> messages) {
                  const std::lock_guard lock(mutex_);
                  for (Message& message : messages) received_.push_back(std::move(message));
                  changed_.notify_all();
                },
                [](PeerId) {},
                [](const ArrivedSnapshot& snapshot, const StatusDone& done) {
                  std::filesystem::remove_all(snapshot.folder);
                  done({});
                }},
        [this](const Greeting& greeting) { return admit(greeting); }, meeting_);
  }
  void stop() {
    if (!server_) return;
    transport_->stop();
    server_->Shutdown();
    server_.reset();
    transport_.reset();
  }

  void know(const End& other) { know(other, other.id_); }
  void know(const End& other, PeerId as) {
    transport_->set_peers(Configuration{{{as, other.port_.address(), true}}});
  }
  void heartbeat(const End& to, std::uint64_t round) {
    Message message{id_, to.id_, 1, Heartbeat{round, 0}};
    transport_->send({message});
  }
  // Messages may be dropped while there is no connection: repeats until one has come through.
  void reach(End& to, std::uint64_t round) {
    while (!to.wait_for_heartbeat(round)) heartbeat(to, round);
  }
  bool wait_for_heartbeat(std::uint64_t round) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::milliseconds(20), [&] {
      for (const Message& message : received_) {
        const auto* heartbeat = std::get_if<Heartbeat>(&message.body);
        if (heartbeat != nullptr && heartbeat->round == round) return true;
      }
      return false;
    });
  }
  void wait_for_refusals(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return refusals_ >= count; });
  }
  std::vector<Message> received() {
    const std::lock_guard lock(mutex_);
    return received_;
  }
  Transport& transport() { return *transport_; }

 private:
  Status admit(const Greeting& greeting) {
    const std::lock_guard lock(mutex_);
    if (greeting.cluster_id == cluster_ && greeting.to == id_) return {};
    ++refusals_;
    changed_.notify_all();
    return Error{ErrorCode::permission_denied, "a stranger"};
  }

  const PeerId id_;
  std::string cluster_;
  ReservedPort port_;
  TemporaryFolder folder_;
  NoMeeting meeting_;
  std::unique_ptr<GrpcTransport> transport_;
  std::unique_ptr<grpc::Server> server_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Message> received_;
  int refusals_ = 0;
};

TEST(GrpcTransport, CarriesEveryKindOfMessageUnchanged) {
  End a(1);
  End b(2);
  a.know(b);
  a.reach(b, 77);
  const std::vector<MessageBody> bodies{
      VoteRequest{true, true, 3, 4},
      VoteReply{true, true, 5},
      AppendReply{true, 1, 2, 3, 4},
      HeartbeatReply{6, 7, 8},
      TimeoutNow{},
      ReadRequest{9},
      ReadReply{9, 10},
  };
  std::vector<Message> messages;
  for (const MessageBody& body : bodies) messages.push_back({1, 2, 42, body});
  AppendRequest append{7, 8, 9, {}};
  append.entries.push_back(
      {8, 8, EntryKind::command, std::make_shared<const std::string>(500'000, 'x')});
  append.entries.push_back({9, 8, EntryKind::noop, nullptr});
  messages.push_back({1, 2, 42, append});
  const std::size_t before = b.received().size();
  a.transport().send(messages);
  a.reach(b, 78);
  const auto received = b.received();
  ASSERT_GE(received.size(), before + messages.size());
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    const Message& message = received[before + i];
    EXPECT_EQ(message.from, 1U);
    EXPECT_EQ(message.to, 2U);
    EXPECT_EQ(message.term, 42U);
    EXPECT_EQ(message.body.index(), bodies[i].index());
  }
  EXPECT_EQ(std::get<VoteRequest>(received[before].body), std::get<VoteRequest>(bodies[0]));
  EXPECT_EQ(std::get<AppendReply>(received[before + 2].body), std::get<AppendReply>(bodies[2]));
  EXPECT_EQ(std::get<HeartbeatReply>(received[before + 3].body),
            std::get<HeartbeatReply>(bodies[3]));
  const auto& arrived = std::get<AppendRequest>(received[before + bodies.size()].body);
  ASSERT_EQ(arrived.entries.size(), 2U);
  EXPECT_EQ(arrived.prev_index, 7U);
  EXPECT_EQ(arrived.entries[0].index, 8U);
  EXPECT_EQ(arrived.entries[0].bytes(), append.entries[0].bytes());
  EXPECT_EQ(arrived.entries[1].index, 9U);
  EXPECT_EQ(arrived.entries[1].kind, EntryKind::noop);
}

TEST(GrpcTransport, CarriesTheLongestCommandThereMayBe) {
  End a(1);
  End b(2);
  a.know(b);
  a.reach(b, 1);
  AppendRequest append;
  append.entries.push_back(
      {1, 1, EntryKind::command, std::make_shared<const std::string>(max_command_bytes, 'x')});
  a.transport().send({{1, 2, 1, append}});
  a.reach(b, 2);
  bool found = false;
  for (const Message& message : b.received()) {
    const auto* arrived = std::get_if<AppendRequest>(&message.body);
    found =
        found || (arrived != nullptr && arrived->entries[0].bytes().size() == max_command_bytes);
  }
  EXPECT_TRUE(found);
}

TEST(GrpcTransport, ConnectsAgainWhenThePeerWasDown) {
  End a(1);
  End b(2);
  a.know(b);
  a.reach(b, 1);
  b.stop();
  a.heartbeat(b, 2);
  b.start();
  a.reach(b, 3);
}

TEST(GrpcTransport, TurnsAStrangersServerAway) {
  End a(1, "theirs");
  End b(2, "ours");
  a.know(b);
  a.heartbeat(b, 1);
  b.wait_for_refusals(2);
  EXPECT_TRUE(b.received().empty());
}

TEST(GrpcTransport, TurnsAwayWhoTakesItForAnotherServer) {
  End a(1);
  End b(2);
  a.know(b, 3);
  b.wait_for_refusals(2);
  EXPECT_TRUE(b.received().empty());
}

TEST(GrpcTransport, AnswersAPeerThatItsConfigurationDoesNotKnowYet) {
  End a(1);
  End b(2);
  a.know(b);
  a.reach(b, 1);
  b.reach(a, 2);
}

TEST(GrpcTransport, SendsASnapshotAndHearsThatItWasRestored) {
  End a(1);
  End b(2);
  a.know(b);
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "file") << "content";
  std::promise<Status> sent;
  a.transport().send_snapshot({2, 1, {5, 1, {}}, folder.path()},
                              [&](Status status) { sent.set_value(std::move(status)); });
  const Status status = sent.get_future().get();
  EXPECT_TRUE(status.ok()) << status.error().message;
}

TEST(GrpcTransport, SaysWhyASnapshotWasNotTaken) {
  End a(1, "theirs");
  End b(2, "ours");
  a.know(b);
  const TemporaryFolder folder;
  std::promise<Status> sent;
  a.transport().send_snapshot({2, 1, {5, 1, {}}, folder.path()},
                              [&](Status status) { sent.set_value(std::move(status)); });
  const Status status = sent.get_future().get();
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, HasSubstr("a stranger"));
}

}  // namespace
}  // namespace yurt::raft::testing
