#include "server/api/service.h"

#include "tests/unit/server_api/api_fixture.h"

namespace yurt::server {
namespace {

constexpr std::int64_t second = nanoseconds_per_second;

class ServiceTest : public ApiTest {
 protected:
  model::JobReadRequest read_of(const std::string& id, std::uint64_t index = 0) {
    model::JobReadRequest request;
    request.set_job_id(id);
    request.mutable_query()->set_index(index);
    return request;
  }

  // Waits until the service layer waits in the core.
  void wait_for_waiters(std::size_t count) {
    while (core.waiting() < count) std::this_thread::yield();
  }

  void follow(const std::string& leader) {
    core.consensus().set_leadership({.leader = 2, .address = leader, .term = 3, .self = false});
  }
};

TEST_F(ServiceTest, every_operation_of_the_schema_that_is_served_has_one_handler) {
  const auto* schema = model::QueryOptions::descriptor()->file()->FindServiceByName("Yurt");
  for (int i = 0; i < schema->method_count(); ++i) {
    const Operation* operation = service.find(schema->method(i)->name());
    ASSERT_NE(operation, nullptr) << schema->method(i)->name();
    const int handlers =
        (operation->read ? 1 : 0) + (operation->call ? 1 : 0) + (operation->stream ? 1 : 0);
    EXPECT_EQ(handlers, 1) << operation->name;
  }
  EXPECT_EQ(service.find("NoSuchOperation"), nullptr);
}

TEST_F(ServiceTest, an_answer_says_which_index_it_reflects_and_who_leads) {
  const auto written = registered(job_named("web"));
  const auto read = call<model::JobReadResponse>("ReadJob", read_of("web"));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->query_meta().index(), written.job_modify_index());
  EXPECT_TRUE(read->query_meta().known_leader());
  EXPECT_EQ(read->query_meta().last_contact(), 0);
}

TEST_F(ServiceTest, a_blocking_query_answers_at_once_when_something_newer_is_there) {
  registered(job_named("web"));
  EXPECT_TRUE(call<model::JobReadResponse>("ReadJob", read_of("web", 1)).ok());
}

TEST_F(ServiceTest, a_blocking_query_waits_for_its_object_and_not_for_others) {
  const auto written = registered(job_named("web"));
  auto answer =
      start<model::JobReadResponse>("ReadJob", read_of("web", written.job_modify_index()));
  wait_for_waiters(1);
  registered(job_named("other"));
  wait_for_waiters(1);
  model::Job changed = job_named("web");
  changed.set_priority(70);
  const auto again = registered(changed);
  const auto read = answer.get();
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->job().priority(), 70);
  EXPECT_EQ(read->query_meta().index(), again.job_modify_index());
}

TEST_F(ServiceTest, a_blocking_query_ends_with_what_there_is_after_its_wait_and_a_sixteenth) {
  const auto written = registered(job_named("web"));
  auto request = read_of("web", written.job_modify_index());
  request.mutable_query()->set_wait(16 * second);
  auto answer = start<model::JobReadResponse>("ReadJob", request);
  wait_for_waiters(1);
  core.advance(16 * second - 1);
  EXPECT_EQ(core.waiting(), 1u);
  core.advance(second + 1);
  const auto read = answer.get();
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->query_meta().index(), written.job_modify_index());
}

TEST_F(ServiceTest, nobody_waits_longer_than_five_minutes_and_a_sixteenth) {
  const auto written = registered(job_named("web"));
  auto request = read_of("web", written.job_modify_index());
  request.mutable_query()->set_wait(24 * 3600 * second);
  auto answer = start<model::JobReadResponse>("ReadJob", request);
  wait_for_waiters(1);
  core.advance(300 * second * 17 / 16);
  EXPECT_TRUE(answer.get().ok());
}

TEST_F(ServiceTest, a_blocking_query_on_what_is_not_there_waits_for_it_to_appear) {
  auto answer = start<model::JobReadResponse>("ReadJob", read_of("web", 10));
  wait_for_waiters(1);
  registered(job_named("web"));
  EXPECT_TRUE(answer.get().ok());
}

TEST_F(ServiceTest, index_zero_is_never_shown) {
  model::ListRequest request;
  core.apply(node_named("n", id_number<NodeId>(1)));
  const auto answer = call<model::NodePoolListResponse>("ListNodePools", request);
  ASSERT_TRUE(answer.ok());
  EXPECT_GE(answer->query_meta().index(), 1u);
}

TEST_F(ServiceTest, an_unknown_region_is_refused) {
  auto request = read_of("web");
  request.mutable_query()->set_region("mars");
  const auto answer = call<model::JobReadResponse>("ReadJob", request);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().message, "No path to region");
}

TEST_F(ServiceTest, a_follower_passes_reads_and_writes_on_to_the_leader_as_they_are) {
  follow("10.0.0.2:4647");
  model::JobReadResponse from_leader;
  from_leader.mutable_job()->set_id("web");
  forwarder.answer_with(from_leader.SerializeAsString());
  const auto read = call<model::JobReadResponse>("ReadJob", read_of("web"));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->job().id(), "web");
  ASSERT_EQ(forwarder.calls().size(), 1u);
  EXPECT_EQ(forwarder.calls()[0].address, "10.0.0.2:4647");
  EXPECT_EQ(forwarder.calls()[0].operation, "ReadJob");
  EXPECT_EQ(forwarder.calls()[0].request, read_of("web").SerializeAsString());
}

TEST_F(ServiceTest, a_follower_answers_stale_reads_itself_and_says_how_stale) {
  registered(job_named("web"));
  follow("10.0.0.2:4647");
  auto request = read_of("web");
  request.mutable_query()->set_stale(true);
  const auto read = call<model::JobReadResponse>("ReadJob", request);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->query_meta().last_contact(), 7);
  EXPECT_TRUE(forwarder.calls().empty());
}

TEST_F(ServiceTest, a_forwarded_call_is_never_passed_on_again) {
  follow("10.0.0.2:4647");
  Caller caller;
  caller.forwarded = true;
  const auto answer = start<model::JobReadResponse>("ReadJob", read_of("web"), caller).get();
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().message, "No cluster leader");
  EXPECT_TRUE(forwarder.calls().empty());
}

TEST_F(ServiceTest, without_a_leader_a_call_is_held_until_one_is_found) {
  core.consensus().set_leadership({});
  model::JobRegisterRequest request;
  *request.mutable_job() = job_named("web");
  auto answer = start<model::JobRegisterResponse>("RegisterJob", request);
  wait_for_waiters(1);
  core.consensus().set_leadership(
      {.leader = 1, .address = "127.0.0.1:4647", .term = 4, .self = true});
  core.advance(second);
  EXPECT_TRUE(answer.get().ok());
}

TEST_F(ServiceTest, without_a_leader_a_call_fails_after_five_seconds) {
  core.consensus().set_leadership({});
  auto answer = start<model::JobReadResponse>("ReadJob", read_of("web"));
  wait_for_waiters(1);
  core.advance(6 * second);
  const auto read = answer.get();
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().message, "No cluster leader");
}

TEST_F(ServiceTest, a_write_is_tried_again_only_when_the_other_server_did_certainly_nothing) {
  follow("10.0.0.2:4647");
  forwarder.answer_with(Error{ErrorCode::unavailable, "connection lost"}, false);
  model::JobRegisterRequest request;
  *request.mutable_job() = job_named("web");
  EXPECT_FALSE(call<model::JobRegisterResponse>("RegisterJob", request).ok());
  EXPECT_EQ(forwarder.calls().size(), 1u);

  forwarder.answer_with(Error{ErrorCode::unavailable, "No cluster leader"}, true);
  auto answer = start<model::JobRegisterResponse>("RegisterJob", request);
  wait_for_waiters(1);
  forwarder.answer_with(model::JobRegisterResponse().SerializeAsString());
  core.advance(second);
  EXPECT_TRUE(answer.get().ok());
}

TEST_F(ServiceTest, a_caller_that_has_gone_stops_waiting) {
  const auto written = registered(job_named("web"));
  const auto gone = std::make_shared<std::atomic<bool>>(false);
  Caller caller;
  caller.gone = gone;
  auto answer =
      start<model::JobReadResponse>("ReadJob", read_of("web", written.job_modify_index()), caller);
  wait_for_waiters(1);
  gone->store(true);
  registered(job_named("other"));
  EXPECT_FALSE(answer.get().ok());
}

}  // namespace
}  // namespace yurt::server
