// Services as the servers hold them: there while their allocation can be reached, gone after.
#include <gtest/gtest.h>

#include "proto/state.pb.h"
#include "server/state/store.h"
#include "tests/unit/server/state_fixture.h"

namespace yurt::server {
namespace {

std::string service_id(const AllocId& alloc, const std::string& name) {
  return "_nomad-task-" + alloc.to_string() + "-group-g-" + name + "-http";
}

void offer(model::AllocUpdate& update, const AllocId& alloc, const std::string& name,
           const std::string& tag = "v1") {
  auto& service = *update.mutable_services()->add_services();
  service.set_id(service_id(alloc, name));
  service.set_service_name(name);
  service.set_address("10.0.0.1");
  service.set_port(8080);
  service.add_tags(tag);
  service.set_health("passing");
}

model::Command report_of(const AllocId& alloc, const std::string& status) {
  model::Command command;
  auto* update = command.mutable_update_allocs_from_client()->add_updates();
  update->set_id(alloc.to_bytes());
  update->set_client_status(status);
  return command;
}

model::Command node_is(const model::Node& node, const std::string& status) {
  model::Command command;
  command.mutable_update_node_status()->set_node_id(NodeId::parse_or_nil(node.id()).to_bytes());
  command.mutable_update_node_status()->set_status(status);
  return command;
}

class Services : public testing::Test {
 protected:
  Services() {
    EXPECT_TRUE(state_.register_node(node_).ok());
    EXPECT_TRUE(state_.register_job(job_).ok());
    alloc_ = state_.place(job_, node_, random_);
  }
  void report(const std::vector<std::string>& names, const std::string& status = "running",
              const std::string& tag = "v1") {
    model::Command command = report_of(alloc_, status);
    auto* update = command.mutable_update_allocs_from_client()->mutable_updates(0);
    update->mutable_services();
    for (const auto& name : names) offer(*update, alloc_, name, tag);
    ASSERT_TRUE(state_.apply(command).ok());
  }
  [[nodiscard]] std::size_t offered() const {
    const Snapshot now = state_.snapshot();
    EXPECT_EQ(now.tables().services.size(), now.tables().services_by_alloc.size());
    return now.services_of_alloc(alloc_).size();
  }
  [[nodiscard]] std::uint64_t index() const {
    return state_.snapshot().tables().index_of(Table::services);
  }

  SeededRandom random_{3};
  TestState state_;
  const model::Node node_ = a_node("n", random_);
  const model::Job job_ = a_job("web");
  AllocId alloc_;
};

TEST_F(Services, know_whose_they_are_and_where) {
  report({"web"});
  const auto found = state_.snapshot().services_named("default", "web");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]->job_id(), "web");
  EXPECT_EQ(found[0]->alloc_id(), alloc_.to_string());
  EXPECT_EQ(found[0]->node_id(), node_.id());
  EXPECT_EQ(found[0]->datacenter(), "dc1");
  EXPECT_EQ(found[0]->namespace_(), "default");
  EXPECT_EQ(found[0]->create_index(), index());
}

TEST_F(Services, change_nothing_when_they_are_told_again) {
  report({"web"});
  const std::uint64_t before = index();
  report({"web"});
  EXPECT_EQ(index(), before);
  report({"web"}, "running", "v2");
  const auto found = state_.snapshot().services_named("default", "web");
  EXPECT_EQ(found[0]->create_index(), before);
  EXPECT_GT(found[0]->modify_index(), before);
  EXPECT_EQ(found[0]->tags(0), "v2");
}

TEST_F(Services, are_exactly_those_of_the_last_report_that_speaks_of_them) {
  report({"web", "metrics"});
  EXPECT_EQ(offered(), 2U);
  state_.report(alloc_, "running");
  EXPECT_EQ(offered(), 2U);
  report({"metrics"});
  EXPECT_EQ(offered(), 1U);
  EXPECT_TRUE(state_.snapshot().services_named("default", "web").empty());
  report({});
  EXPECT_EQ(offered(), 0U);
}

TEST_F(Services, end_with_their_allocation) {
  report({"web"});
  state_.report(alloc_, "complete");
  EXPECT_EQ(offered(), 0U);
  report({"web"}, "complete");
  EXPECT_EQ(offered(), 0U);
}

TEST_F(Services, end_when_nobody_hears_of_their_node_and_come_back_with_it) {
  for (const char* silent : {"down", "disconnected"}) {
    report({"web"});
    ASSERT_EQ(offered(), 1U);
    ASSERT_TRUE(state_.apply(node_is(node_, silent)).ok());
    EXPECT_EQ(offered(), 0U) << silent;
    ASSERT_TRUE(state_.apply(node_is(node_, "ready")).ok());
  }
  report({"web"});
  model::Command leave;
  leave.mutable_deregister_node()->set_node_id(NodeId::parse_or_nil(node_.id()).to_bytes());
  ASSERT_TRUE(state_.apply(leave).ok());
  EXPECT_EQ(offered(), 0U);
}

TEST_F(Services, end_when_the_servers_give_their_allocation_up) {
  for (const char* status : {"unknown", "lost"}) {
    report({"web"});
    ASSERT_EQ(offered(), 1U);
    model::Command command;
    auto* plan = command.mutable_apply_plans()->add_plans();
    plan->set_eval_id(EvalId::generate(random_).to_bytes());
    plan->set_namespace_("default");
    plan->set_job_id("web");
    auto* given_up = plan->add_updated();
    given_up->set_id(alloc_.to_bytes());
    given_up->set_client_status(status);
    ASSERT_TRUE(state_.apply(command).ok());
    EXPECT_EQ(offered(), 0U) << status;
  }
}

TEST_F(Services, go_with_an_allocation_that_is_collected) {
  report({"web"});
  model::Command command;
  command.mutable_collect_garbage()->add_allocations(alloc_.to_bytes());
  ASSERT_TRUE(state_.apply(command).ok());
  EXPECT_EQ(offered(), 0U);
}

TEST_F(Services, are_taken_out_by_hand_or_not_found) {
  report({"web", "metrics"});
  model::Command command;
  auto* remove = command.mutable_delete_services();
  remove->set_namespace_("other");
  remove->add_ids(service_id(alloc_, "web"));
  EXPECT_EQ(state_.apply(command).error().code, ErrorCode::not_found);
  remove->set_namespace_("default");
  ASSERT_TRUE(state_.apply(command).ok());
  EXPECT_EQ(offered(), 1U);
  const auto again = state_.apply(command);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::not_found);
  remove->set_ids(0, "nonsense");
  EXPECT_EQ(state_.apply(command).error().code, ErrorCode::not_found);
}

TEST_F(Services, of_another_allocation_cannot_be_claimed) {
  const AllocId other = state_.place(job_, node_, random_, 1);
  model::Command command = report_of(alloc_, "running");
  offer(*command.mutable_update_allocs_from_client()->mutable_updates(0), other, "web");
  ASSERT_TRUE(state_.apply(command).ok());
  EXPECT_TRUE(state_.snapshot().services_named("default", "web").empty());
}

// Everything the tables hold of services, as text.
std::string text_of(const Snapshot& state) {
  std::string out;
  state.tables().services.each([&](const ServiceKey& key, const ServiceRef& service) {
    out += key.ns + " " + key.name + " " + service->ShortDebugString() + "\n";
    return true;
  });
  return out;
}

class ServicesFolder {
 public:
  ServicesFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "yurt-services-XXXXXX";
    path = mkdtemp(pattern.data());
  }
  ~ServicesFolder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

TEST(ServiceRows, survive_a_restart_and_agree_with_the_allocations_in_any_story) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SeededRandom random(seed);
    const ServicesFolder folder;
    auto store = std::move(StateStore::open(folder.path)).value();
    raft::Index log = 0;
    const auto apply = [&](const model::Command& command) {
      const std::string bytes = command.SerializeAsString();
      const raft::StateMachine::Committed committed{++log, 1, bytes};
      return std::any_cast<Result<Applied>>(store->apply({&committed, 1}).front()).ok();
    };
    const model::Node node = a_node("n", random);
    const model::Job job = a_job("web");
    model::Command command;
    *command.mutable_register_node()->mutable_node() = node;
    ASSERT_TRUE(apply(command));
    *command.mutable_register_job()->mutable_job() = job;
    ASSERT_TRUE(apply(command));
    std::vector<AllocId> allocs;
    const std::vector<std::string> statuses = {"pending", "running", "running", "complete"};
    for (int step = 0; step < 60; ++step) {
      if (allocs.empty() || random.below(4) == 0) {
        model::Command place;
        auto* plan = place.mutable_apply_plans()->add_plans();
        plan->set_eval_id(EvalId::generate(random).to_bytes());
        plan->set_namespace_("default");
        plan->set_job_id("web");
        plan->add_resources();
        auto* placed = plan->add_placed();
        allocs.push_back(AllocId::generate(random));
        placed->set_id(allocs.back().to_bytes());
        placed->set_node_id(NodeId::parse_or_nil(node.id()).to_bytes());
        placed->set_metrics(UINT32_MAX);
        ASSERT_TRUE(apply(place));
      } else if (random.below(12) == 0) {
        ASSERT_TRUE(apply(node_is(node, random.below(2) == 0 ? "down" : "ready")));
      } else {
        const AllocId alloc = allocs[random.below(allocs.size())];
        model::Command report = report_of(alloc, statuses[random.below(statuses.size())]);
        auto* update = report.mutable_update_allocs_from_client()->mutable_updates(0);
        if (random.below(3) != 0) {
          update->mutable_services();
          for (std::uint64_t i = random.below(3); i > 0; --i) {
            offer(*update, alloc, "s" + std::to_string(i), std::to_string(random.below(3)));
          }
        }
        ASSERT_TRUE(apply(report));
      }
      const Snapshot now = store->snapshot();
      ASSERT_EQ(now.tables().services.size(), now.tables().services_by_alloc.size());
      now.tables().services.each([&](const ServiceKey&, const ServiceRef& service) {
        const AllocRef alloc = now.alloc(AllocId::parse_or_nil(service->alloc_id()));
        EXPECT_TRUE(alloc && !alloc->client_terminal());
        return true;
      });
    }
    const std::string before = text_of(store->snapshot());
    store.reset();
    store = std::move(StateStore::open(folder.path)).value();
    EXPECT_EQ(text_of(store->snapshot()), before);
    EXPECT_EQ(store->snapshot().tables().services_by_alloc.size(),
              store->snapshot().tables().services.size());
  }
}

}  // namespace
}  // namespace yurt::server
