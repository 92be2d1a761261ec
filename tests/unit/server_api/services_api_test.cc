// Services and events as clients see them.
#include <gmock/gmock.h>

#include "proto/release.pb.h"
#include "tests/unit/server_api/http_fixture.h"

namespace yurt::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ServiceApi : public HttpTest {
 protected:
  const NodeId node = id_number<NodeId>(1);
  const AllocId first = id_number<AllocId>(2), second = id_number<AllocId>(3);

  void SetUp() override {
    core.apply(node_named("n1", node));
    const auto eval_id = *EvalId::parse(registered(job_named("a")).eval_id());
    for (const AllocId& id : {first, second}) {
      core.apply(placed(core, {"default", "a"}, id, node, eval_id));
    }
    offer(first, "passing", "stable");
    offer(second, "critical", "canary");
  }

  void offer(const AllocId& id, const std::string& health, const std::string& tag) {
    model::Command command = reported(id, "running");
    auto& service = *command.mutable_update_allocs_from_client()
                         ->mutable_updates(0)
                         ->mutable_services()
                         ->add_services();
    service.set_id(service_id(id));
    service.set_service_name("web");
    service.set_address("10.0.0.1");
    service.set_port(8080);
    service.add_tags(tag);
    service.set_health(health);
    core.apply(command);
  }
  static std::string service_id(const AllocId& id) {
    return "_nomad-task-" + id.to_string() + "-group-work-web-http";
  }
  std::vector<std::string> tags_at(const std::string& target) {
    std::vector<std::string> tags;
    for (const auto& service : json_of(get(target))) tags.push_back(service["Tags"][0]);
    return tags;
  }
};

TEST_F(ServiceApi, lists_names_with_all_their_tags) {
  EXPECT_EQ(
      json_of(get("/v1/services")).dump(),
      R"([{"Namespace":"default","Services":[{"ServiceName":"web","Tags":["canary","stable"]}]}])");
  EXPECT_EQ(get("/v1/services?namespace=other").body, "[]");
  EXPECT_EQ(json_of(get("/v1/services?namespace=*")).size(), 1U);
}

TEST_F(ServiceApi, shows_instances_in_nomads_shape) {
  const auto response = get("/v1/service/web");
  EXPECT_FALSE(response.header("x-nomad-index").empty());
  const auto service = json_of(response)[0];
  EXPECT_EQ(service["ID"], service_id(first));
  EXPECT_EQ(service["ServiceName"], "web");
  EXPECT_EQ(service["Address"], "10.0.0.1");
  EXPECT_EQ(service["Port"], 8080);
  EXPECT_EQ(service["AllocID"], first.to_string());
  EXPECT_EQ(service["NodeID"], node.to_string());
  EXPECT_EQ(service["JobID"], "a");
  EXPECT_EQ(get("/v1/service/unknown").body, "[]");
}

TEST_F(ServiceApi, gives_only_healthy_instances_when_asked_for) {
  EXPECT_THAT(tags_at("/v1/service/web"), ElementsAre("stable", "canary"));
  EXPECT_THAT(tags_at("/v1/service/web?healthy=true"), ElementsAre("stable"));
  EXPECT_THAT(tags_at("/v1/service/web?filter=Tags%20contains%20%22canary%22"),
              ElementsAre("canary"));
  EXPECT_THAT(tags_at("/v1/job/a/services"), ElementsAre("stable", "canary"));
  EXPECT_THAT(tags_at("/v1/allocation/" + second.to_string() + "/services"), ElementsAre("canary"));
}

TEST_F(ServiceApi, chooses_the_same_instances_for_the_same_key) {
  const auto chosen = tags_at("/v1/service/web?choose=1%7Ckey");
  ASSERT_EQ(chosen.size(), 1U);
  EXPECT_EQ(tags_at("/v1/service/web?choose=1%7Ckey"), chosen);
  EXPECT_EQ(tags_at("/v1/service/web?choose=5%7Ckey").size(), 2U);
  for (const char* wrong : {"choose=key", "choose=0%7Ckey", "choose=x%7Ckey"}) {
    const auto refused = get(std::string("/v1/service/web?") + wrong);
    EXPECT_EQ(refused.status, 400) << wrong;
    EXPECT_THAT(refused.body, HasSubstr("choose must be"));
  }
}

TEST_F(ServiceApi, deletes_one_instance) {
  EXPECT_EQ(ask("DELETE", "/v1/service/web/" + service_id(first)).status, 200);
  EXPECT_THAT(tags_at("/v1/service/web"), ElementsAre("canary"));
  EXPECT_EQ(ask("DELETE", "/v1/service/web/" + service_id(first)).status, 404);
}

TEST_F(ServiceApi, streams_what_happens_to_whom_it_concerns) {
  HttpClient client(server->port());
  client.send_request("GET", "/v1/event/stream?topic=Service:web&topic=Job:b");
  EXPECT_EQ(client.read_header().header("content-type"), "application/json");
  EXPECT_EQ(client.read_chunk(), "{}\n");
  registered(job_named("c"));
  registered(job_named("b"));
  auto line = nlohmann::json::parse(client.read_chunk());
  ASSERT_EQ(line["Events"].size(), 1U);
  EXPECT_EQ(line["Events"][0]["Topic"], "Job");
  EXPECT_EQ(line["Events"][0]["Type"], "JobRegistered");
  EXPECT_EQ(line["Events"][0]["Key"], "b");
  EXPECT_EQ(line["Events"][0]["Namespace"], "default");
  EXPECT_EQ(line["Events"][0]["Payload"]["Job"]["ID"], "b");
  EXPECT_EQ(line["Index"], line["Events"][0]["Index"]);
  offer(second, "passing", "canary");
  line = nlohmann::json::parse(client.read_chunk());
  EXPECT_EQ(line["Events"][0]["Type"], "ServiceRegistration");
  EXPECT_EQ(line["Events"][0]["Payload"]["Service"]["Health"], "passing");
  core.apply(reported(second, "complete"));
  line = nlohmann::json::parse(client.read_chunk());
  EXPECT_EQ(line["Events"][0]["Type"], "ServiceDeregistration");
  EXPECT_THAT(line["Events"][0]["FilterKeys"].dump(), HasSubstr("\"web\""));
}

TEST_F(ServiceApi, replays_what_is_newer_than_the_index) {
  const std::uint64_t index = core.snapshot().index();
  registered(job_named("x"));
  registered(job_named("y"));
  HttpClient client(server->port());
  client.send_request("GET", "/v1/event/stream?topic=Job:*&index=" + std::to_string(index));
  (void)client.read_header();
  EXPECT_EQ(client.read_chunk(), "{}\n");
  for (const char* job : {"x", "y"}) {
    EXPECT_EQ(nlohmann::json::parse(client.read_chunk())["Events"][0]["Key"], job);
  }
}

TEST_F(ServiceApi, gives_signs_of_life_when_nothing_happens) {
  HttpClient client(server->port());
  client.send_request("GET", "/v1/event/stream?topic=Node:*");
  (void)client.read_header();
  EXPECT_EQ(client.read_chunk(), "{}\n");
  while (core.waiting() == 0) std::this_thread::yield();
  core.advance(31 * nanoseconds_per_second);
  EXPECT_EQ(client.read_chunk(), "{}\n");
}

TEST_F(ServiceApi, refuses_topics_it_does_not_know) {
  const auto refused = get("/v1/event/stream?topic=Weather:*");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("invalid topic"));
}

class Ring : public ::testing::Test {
 protected:
  // A batch of `commands` commands that end at `index`.
  void batch(std::uint64_t index, std::size_t commands = 1) {
    auto changes = std::make_shared<Changes>();
    changes->index = index;
    for (std::size_t i = commands; i > 0; --i) {
      auto service = std::make_shared<model::ServiceRegistration>();
      service->set_id(std::to_string(index - i + 1));
      changes->services.push_back({nullptr, service});
      changes->commands.push_back(
          {.index = index - i + 1, .services = static_cast<std::uint32_t>(commands - i + 1)});
    }
    ring.on_changes(changes);
  }
  std::vector<std::uint64_t> read(EventRing::ReaderId reader) {
    std::vector<std::uint64_t> indexes;
    std::shared_ptr<const std::vector<EventGroup>> groups;
    EventRing::Outcome outcome{};
    while ((outcome = ring.next(reader, groups)) == EventRing::Outcome::events) {
      for (const auto& group : *groups) indexes.push_back(group.index);
    }
    behind = outcome == EventRing::Outcome::behind;
    return indexes;
  }

  EventRing ring{4};
  bool behind = false;
};

TEST_F(Ring, gives_each_reader_everything_from_where_it_began) {
  batch(11);
  const auto from_now = ring.add_reader(0, [] {});
  const auto from_start = ring.add_reader(5, [] {});
  batch(13, 2);
  EXPECT_THAT(read(from_now), ElementsAre(12, 13));
  EXPECT_THAT(read(from_start), ElementsAre(11, 12, 13));
  batch(14);
  EXPECT_THAT(read(from_now), ElementsAre(14));
  EXPECT_THAT(read(ring.add_reader(12, [] {})), ElementsAre(13, 14)) << "a part of a batch";
}

TEST_F(Ring, keeps_only_so_much_while_nobody_listens_and_begins_with_the_oldest) {
  for (std::uint64_t index = 1; index <= 20; ++index) batch(index);
  EXPECT_THAT(read(ring.add_reader(3, [] {})), ElementsAre(17, 18, 19, 20));
}

TEST_F(Ring, cuts_off_a_reader_that_falls_behind) {
  const auto slow = ring.add_reader(0, [] {});
  const auto quick = ring.add_reader(0, [] {});
  for (std::uint64_t index = 1; index <= 20'000; ++index) {
    batch(index);
    ASSERT_THAT(read(quick), ElementsAre(index));
  }
  EXPECT_FALSE(behind);
  EXPECT_THAT(read(slow), ElementsAre());
  EXPECT_TRUE(behind);
}

TEST_F(Ring, sends_everybody_back_to_the_state_when_that_is_replaced) {
  const auto reader = ring.add_reader(0, [] {});
  auto replaced = std::make_shared<Changes>();
  replaced->replaced = true;
  ring.on_changes(replaced);
  EXPECT_THAT(read(reader), ElementsAre());
  EXPECT_TRUE(behind);
}

}  // namespace
}  // namespace yurt::server
