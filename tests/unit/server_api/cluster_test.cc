// Nodes, pools, namespaces, allocations, servers: what operators read and do.
#include "tests/unit/server_api/api_fixture.h"

namespace yurt::server {
namespace {

class ClusterTest : public ApiTest {
 protected:
  const NodeId node = id_number<NodeId>(1);
  const AllocId alloc = id_number<AllocId>(2);

  // One node, and a job with one allocation on it.
  void populate() {
    core.apply(node_named("n1", node));
    eval_id = registered(job_named("a")).eval_id();
    core.apply(placed(core, {"default", "a"}, alloc, node, *EvalId::parse(eval_id)));
  }

  model::NodeReadRequest read_node() {
    model::NodeReadRequest request;
    request.set_node_id(node.to_string());
    return request;
  }

  std::string eval_id;
};

TEST_F(ClusterTest, a_node_is_shown_without_its_secret) {
  populate();
  const auto answer = call<model::NodeReadResponse>("ReadNode", read_node());
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->node().name(), "n1");
  EXPECT_EQ(answer->node().secret_id(), "");
  EXPECT_FALSE(answer->node().drain());
}

TEST_F(ClusterTest, a_filter_can_not_find_out_a_nodes_secret) {
  populate();
  model::NodeListRequest request;
  request.mutable_query()->set_filter(R"(SecretID matches "^5ec4e700")");
  EXPECT_EQ(call<model::NodeListResponse>("ListNodes", request)->nodes_size(), 0);
}

TEST_F(ClusterTest, node_stubs_have_resources_and_system_only_when_asked) {
  populate();
  model::NodeListRequest request;
  auto answer = call<model::NodeListResponse>("ListNodes", request);
  ASSERT_EQ(answer->nodes_size(), 1);
  EXPECT_EQ(answer->nodes(0).address(), "10.0.0.1");
  EXPECT_FALSE(answer->nodes(0).has_node_resources());
  EXPECT_EQ(answer->nodes(0).attributes_size(), 0);
  request.set_resources(true);
  request.set_os(true);
  answer = call<model::NodeListResponse>("ListNodes", request);
  EXPECT_EQ(answer->nodes(0).node_resources().memory().memory_mb(), 1024);
  EXPECT_EQ(answer->nodes(0).attributes().at("os.name"), "debian");
}

TEST_F(ClusterTest, draining_sets_a_deadline_by_the_clock_and_shows_as_drain) {
  populate();
  model::NodeDrainRequest request;
  request.set_node_id(node.to_string());
  request.mutable_drain_spec()->set_deadline(3600 * nanoseconds_per_second);
  ASSERT_TRUE(call<model::NodeUpdateResponse>("DrainNode", request).ok());
  auto answer = call<model::NodeReadResponse>("ReadNode", read_node());
  EXPECT_TRUE(answer->node().drain());
  EXPECT_EQ(answer->node().drain_strategy().force_deadline(),
            core.clock().wall_ns() + 3600 * nanoseconds_per_second);
  EXPECT_EQ(answer->node().scheduling_eligibility(), "ineligible");
  request.clear_drain_spec();
  request.set_mark_eligible(true);
  const auto ended = call<model::NodeUpdateResponse>("DrainNode", request);
  ASSERT_TRUE(ended.ok());
  EXPECT_EQ(ended->eval_ids_size(), 1);
  answer = call<model::NodeReadResponse>("ReadNode", read_node());
  EXPECT_FALSE(answer->node().drain());
  EXPECT_EQ(answer->node().scheduling_eligibility(), "eligible");
}

TEST_F(ClusterTest, eligibility_takes_two_words_and_makes_evaluations_when_it_comes_back) {
  populate();
  model::NodeEligibilityRequest request;
  request.set_node_id(node.to_string());
  request.set_eligibility("maybe");
  EXPECT_EQ(call<model::NodeUpdateResponse>("SetNodeEligibility", request).error().code,
            ErrorCode::invalid_argument);
  request.set_eligibility("ineligible");
  EXPECT_EQ(call<model::NodeUpdateResponse>("SetNodeEligibility", request)->eval_ids_size(), 0);
  request.set_eligibility("eligible");
  const auto answer = call<model::NodeUpdateResponse>("SetNodeEligibility", request);
  ASSERT_EQ(answer->eval_ids_size(), 1);
  EXPECT_EQ(answer->eval_create_index(), answer->index());
  EXPECT_EQ(core.snapshot().eval(*EvalId::parse(answer->eval_ids(0)))->triggered_by(),
            "node-update");
  request.set_node_id(id_number<NodeId>(9).to_string());
  EXPECT_EQ(call<model::NodeUpdateResponse>("SetNodeEligibility", request).error().message,
            "node not found");
}

TEST_F(ClusterTest, a_purged_node_is_gone_and_its_jobs_are_looked_at) {
  populate();
  model::NodeWriteRequest request;
  request.set_node_id(node.to_string());
  EXPECT_EQ(call<model::NodeUpdateResponse>("EvaluateNode", request)->eval_ids_size(), 1);
  EXPECT_EQ(call<model::NodeUpdateResponse>("PurgeNode", request)->eval_ids_size(), 1);
  EXPECT_EQ(call<model::NodeReadResponse>("ReadNode", read_node()).error().message,
            "node not found");
}

TEST_F(ClusterTest, allocations_are_read_with_their_job_and_stopped_with_an_evaluation) {
  populate();
  model::AllocationReadRequest read;
  read.set_alloc_id(alloc.to_string());
  const auto shown = call<model::AllocationReadResponse>("ReadAllocation", read);
  ASSERT_TRUE(shown.ok());
  EXPECT_EQ(shown->allocation().job().id(), "a");
  EXPECT_EQ(shown->allocation().node_name(), "n1");
  model::AllocationStopRequest stop;
  stop.set_alloc_id(alloc.to_string());
  const auto stopped = call<model::AllocationStopResponse>("StopAllocation", stop);
  ASSERT_TRUE(stopped.ok());
  EXPECT_NE(stopped->eval_id(), "");
  const auto transition = core.snapshot().alloc(alloc)->more().transition;
  EXPECT_TRUE(transition.migrate);
  EXPECT_TRUE(transition.migrate_disable_placement);  // a batch job's
  stop.set_alloc_id(id_number<AllocId>(99).to_string());
  EXPECT_EQ(call<model::AllocationStopResponse>("StopAllocation", stop).error().message,
            "alloc not found");
}

TEST_F(ClusterTest, evaluations_show_their_relatives_when_asked) {
  populate();
  model::Command command;
  auto* next = command.mutable_upsert_evaluations()->add_evaluations();
  *next = *core.snapshot().eval(*EvalId::parse(eval_id));
  next->set_id(id_number<EvalId>(50).to_string());
  next->set_previous_eval(eval_id);
  core.apply(std::move(command));
  model::EvaluationReadRequest request;
  request.set_eval_id(id_number<EvalId>(50).to_string());
  EXPECT_EQ(call<model::EvaluationReadResponse>("ReadEvaluation", request)
                ->evaluation()
                .related_evals_size(),
            0);
  request.set_related(true);
  const auto answer = call<model::EvaluationReadResponse>("ReadEvaluation", request);
  ASSERT_EQ(answer->evaluation().related_evals_size(), 1);
  EXPECT_EQ(answer->evaluation().related_evals(0).id(), eval_id);
  request.set_eval_id("nonsense");
  EXPECT_EQ(call<model::EvaluationReadResponse>("ReadEvaluation", request).error().message,
            "eval not found");
}

TEST_F(ClusterTest, pools_can_be_made_and_forgotten_unless_built_in_or_used) {
  model::NodePoolRequest request;
  request.set_name("gpu");
  request.set_description("with accelerators");
  ASSERT_TRUE(call<model::WriteResponse>("UpsertNodePool", request).ok());
  model::NamedReadRequest read;
  read.set_name("gpu");
  EXPECT_EQ(call<model::NodePoolResponse>("ReadNodePool", read)->pool().description(),
            "with accelerators");
  request.set_name("all");
  EXPECT_FALSE(call<model::WriteResponse>("UpsertNodePool", request).ok());
  request.set_name("no space");
  EXPECT_FALSE(call<model::WriteResponse>("UpsertNodePool", request).ok());

  model::Job job = job_named("a");
  job.set_node_pool("gpu");
  registered(job);
  EXPECT_EQ(call<model::JobListResponse>("ListNodePoolJobs", read)->jobs_size(), 1);
  model::NamedWriteRequest remove;
  remove.set_name("gpu");
  EXPECT_FALSE(call<model::WriteResponse>("DeleteNodePool", remove).ok());
  read.mutable_query()->set_prefix("a");
  EXPECT_EQ(call<model::JobListResponse>("ListNodePoolJobs", read).error().code,
            ErrorCode::invalid_argument);
}

TEST_F(ClusterTest, namespaces_can_be_made_and_forgotten_unless_default_or_used) {
  model::NamespaceRequest request;
  request.set_name("ml");
  ASSERT_TRUE(call<model::WriteResponse>("UpsertNamespace", request).ok());
  EXPECT_EQ(
      call<model::NamespaceListResponse>("ListNamespaces", model::ListRequest())->namespaces_size(),
      2);
  model::NamedWriteRequest remove;
  remove.set_name("default");
  EXPECT_FALSE(call<model::WriteResponse>("DeleteNamespace", remove).ok());
  model::Job job = job_named("a");
  job.set_namespace_("ml");
  registered(job);
  remove.set_name("ml");
  EXPECT_FALSE(call<model::WriteResponse>("DeleteNamespace", remove).ok());
}

TEST_F(ClusterTest, the_scheduler_configuration_is_set_only_at_the_index_that_was_read) {
  const auto read = call<model::SchedulerConfigurationResponse>("ReadSchedulerConfiguration",
                                                                model::ListRequest());
  ASSERT_TRUE(read.ok());
  model::SchedulerConfigurationRequest request;
  *request.mutable_configuration() = read->scheduler_config();
  request.mutable_configuration()->set_scheduler_algorithm("spread");
  request.set_cas(read->scheduler_config().modify_index() + 1);
  const auto refused =
      call<model::SchedulerConfigurationSetResponse>("SetSchedulerConfiguration", request);
  ASSERT_TRUE(refused.ok());
  EXPECT_FALSE(refused->updated());
  request.set_cas(read->scheduler_config().modify_index());
  EXPECT_TRUE(call<model::SchedulerConfigurationSetResponse>("SetSchedulerConfiguration", request)
                  ->updated());
  EXPECT_EQ(core.snapshot().scheduler_config()->scheduler_algorithm(), "spread");
}

TEST_F(ClusterTest, members_and_raft_servers_are_the_consensus_peers) {
  core.consensus().set_peers({{.id = 1, .address = "127.0.0.1:4647", .voter = true},
                              {.id = 2, .address = "10.0.0.2:4647", .voter = false}});
  const auto members = call<model::MembersResponse>("ListMembers", model::ListRequest());
  ASSERT_EQ(members->members_size(), 2);
  EXPECT_EQ(members->members(0).name(), "server-1.global");
  // How `server members` finds the leader.
  EXPECT_EQ(members->members(0).addr() + ":" + members->members(0).tags().at("port"),
            call<model::LeaderResponse>("ReadLeader", model::ListRequest())->address());
  const auto raft =
      call<model::RaftConfigurationResponse>("ReadRaftConfiguration", model::ListRequest());
  ASSERT_EQ(raft->servers_size(), 2);
  EXPECT_TRUE(raft->servers(0).leader());
  EXPECT_FALSE(raft->servers(1).voter());

  model::RaftPeerRequest peer;
  peer.set_address("10.0.0.2:4647");
  EXPECT_FALSE(call<model::Empty>("RemoveRaftPeer", peer).ok());
  ASSERT_TRUE(call<model::Empty>("TransferLeadership", peer).ok());
  EXPECT_EQ(core.consensus().transfers(), std::vector<raft::PeerId>{2});
  peer.set_id("2");
  EXPECT_TRUE(call<model::Empty>("RemoveRaftPeer", peer).ok());
  EXPECT_EQ(core.consensus().peers().size(), 1u);
}

TEST_F(ClusterTest, searching_finds_names_and_ids_by_prefix_and_says_when_it_cut_them_off) {
  populate();
  for (int i = 0; i < 25; ++i) registered(job_named("many" + std::to_string(i)));
  model::SearchRequest request;
  request.set_prefix("many");
  request.set_context("jobs");
  const auto answer = call<model::SearchResponse>("Search", request);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->matches().at("jobs").values_size(), 20);
  EXPECT_TRUE(answer->truncations().at("jobs"));
  EXPECT_EQ(answer->matches_size(), 1);
  request.set_context("all");
  request.set_prefix("00000000");
  const auto ids = call<model::SearchResponse>("Search", request);
  EXPECT_EQ(ids->matches().at("allocs").values_size(), 1);
  EXPECT_EQ(ids->matches().at("nodes").values_size(), 1);
  EXPECT_FALSE(ids->truncations().at("nodes"));
  request.set_context("nonsense");
  EXPECT_EQ(call<model::SearchResponse>("Search", request).error().code,
            ErrorCode::invalid_argument);
}

TEST_F(ClusterTest, an_agents_answer_comes_back_and_its_failure_too) {
  populate();
  model::AllocationStatsRequest request;
  request.set_alloc_id(alloc.to_string());
  auto stats = start<model::JsonDocument>("ReadAllocationStats", request);
  ASSERT_EQ(core.agents().size(), 1u);
  EXPECT_EQ(core.agents()[0]->node, node);
  model::SessionFrame frame;
  frame.mutable_json()->set_json(R"({"cpu":1})");
  core.agents()[0]->send(frame);
  core.agents()[0]->end();
  EXPECT_EQ(stats.get()->json(), R"({"cpu":1})");

  auto failing = start<model::JsonDocument>("ReadAllocationStats", request);
  core.agents()[1]->end(Error{ErrorCode::not_found, "Unknown allocation"});
  EXPECT_EQ(failing.get().error().message, "Unknown allocation");

  auto silent = start<model::JsonDocument>("ReadAllocationStats", request);
  core.advance(121 * nanoseconds_per_second);
  EXPECT_EQ(silent.get().error().code, ErrorCode::deadline_exceeded);

  core.agents_connected = false;
  EXPECT_EQ(call<model::JsonDocument>("ReadAllocationStats", request).error().message,
            "No path to node");
}

TEST_F(ClusterTest, a_node_that_cannot_be_asked_shows_the_statistics_it_sent_last) {
  populate();
  core.agents_connected = false;
  core.stats[node] = R"({"Uptime":3})";
  EXPECT_EQ(call<model::JsonDocument>("ReadNodeStats", model::NodeStatsRequest())->json(),
            R"({"Uptime":3})");
  model::NodeStatsRequest request;
  request.set_node_id(id_number<NodeId>(9).to_string());
  EXPECT_EQ(call<model::JsonDocument>("ReadNodeStats", request).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace yurt::server
