// Small builders for tests of the state: commands in, tables out.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/random.h"
#include "proto/command.pb.h"
#include "proto/job.pb.h"
#include "server/state/apply.h"
#include "server/state/rows.h"
#include "server/state/snapshot.h"

namespace yurt::server {

inline model::Job a_job(const std::string& id, const std::string& type = "service") {
  model::Job job;
  job.set_namespace_("default");
  job.set_id(id);
  job.set_name(id);
  job.set_type(type);
  job.set_priority(50);
  job.set_node_pool("default");
  job.add_datacenters("*");
  auto* group = job.add_group();
  group->set_name("g");
  group->set_count(1);
  auto* task = group->add_task();
  task->set_name("t");
  task->set_driver("raw_exec");
  return job;
}

inline model::Evaluation an_eval(const model::Job& job, Random& random) {
  model::Evaluation eval;
  eval.set_id(EvalId::generate(random).to_string());
  eval.set_namespace_(job.namespace_());
  eval.set_job_id(job.id());
  eval.set_type(job.type());
  eval.set_priority(job.priority());
  eval.set_status("pending");
  eval.set_triggered_by("job-register");
  return eval;
}

inline model::Node a_node(const std::string& name, Random& random) {
  model::Node node;
  node.set_id(NodeId::generate(random).to_string());
  node.set_secret_id(Uuid::generate(random).to_string());
  node.set_name(name);
  node.set_datacenter("dc1");
  node.set_status("ready");
  return node;
}

// A state of its own, to which commands are applied one by one.
class TestState {
 public:
  TestState() { add_builtins(tables_); }

  Result<Applied> apply(const model::Command& command) {
    Changes changes;
    Transaction transaction(tables_, changes);
    transaction.begin(++index_, command.time());
    auto answer = yurt::server::apply(transaction, command);
    transaction.finish();
    return answer;
  }
  Result<Applied> register_job(const model::Job& job) {
    model::Command command;
    *command.mutable_register_job()->mutable_job() = job;
    return apply(command);
  }
  Result<Applied> register_node(const model::Node& node) {
    model::Command command;
    *command.mutable_register_node()->mutable_node() = node;
    return apply(command);
  }
  // Places one allocation of the job's first group.
  AllocId place(const model::Job& job, const model::Node& node, Random& random,
                std::uint32_t name_index = 0) {
    model::Command command;
    auto* plan = command.mutable_apply_plans()->add_plans();
    plan->set_eval_id(EvalId::generate(random).to_bytes());
    plan->set_namespace_(job.namespace_());
    plan->set_job_id(job.id());
    plan->set_job_version(snapshot().job({job.namespace_(), job.id()})->version());
    plan->add_resources();
    auto* placed = plan->add_placed();
    const AllocId id = AllocId::generate(random);
    placed->set_id(id.to_bytes());
    placed->set_node_id(NodeId::parse_or_nil(node.id()).to_bytes());
    placed->set_name_index(name_index);
    placed->set_metrics(UINT32_MAX);
    EXPECT_TRUE(apply(command).ok());
    return id;
  }
  void report(const AllocId& id, const std::string& status) {
    model::Command command;
    auto* update = command.mutable_update_allocs_from_client()->add_updates();
    update->set_id(id.to_bytes());
    update->set_client_status(status);
    EXPECT_TRUE(apply(command).ok());
  }
  [[nodiscard]] Snapshot snapshot() const {
    return Snapshot(std::make_shared<const Tables>(tables_));
  }
  [[nodiscard]] std::string status_of(const std::string& job) const {
    return snapshot().job({"default", job})->status();
  }

 private:
  Tables tables_;
  std::uint64_t index_ = 10;
};

}  // namespace yurt::server
