// Batch work on a state of its own: dispatches, lanes and the life of children, one command each.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "proto/batch.pb.h"
#include "server/leader/lanes.h"
#include "tests/unit/server/state_fixture.h"

namespace yurt::server {

inline model::Job a_parameterized_job(const std::string& id, int max_running = 0) {
  model::Job job = a_job(id, "batch");
  job.mutable_parameterized()->set_payload("optional");
  job.mutable_parameterized()->add_meta_optional("lr");
  job.mutable_parameterized()->set_max_running(max_running);
  return job;
}

class BatchState : public TestState {
 public:
  BatchState() { EXPECT_TRUE(register_node(node_).ok()); }

  static JobKey key(const std::string& id) { return {"default", id}; }
  static std::string child(const std::string& name) { return "train/dispatch-" + name; }

  // The command for one child of "train".
  model::Command dispatch_command(const std::string& name, const model::DispatchSpec& spec = {}) {
    model::Command command;
    command.set_time(++time_);
    auto* dispatch = command.mutable_dispatch_job();
    dispatch->set_namespace_("default");
    dispatch->set_job_id("train");
    dispatch->set_child_id(child(name));
    *dispatch->mutable_spec() = spec;
    *dispatch->mutable_evaluation() = an_eval(a_job(child(name), "batch"), random_);
    return command;
  }
  Result<Applied> dispatch(const std::string& name, int priority = 0,
                           const std::string& token = "") {
    model::DispatchSpec spec;
    if (priority != 0) spec.set_priority(priority);
    spec.set_idempotency_token(token);
    return apply(dispatch_command(name, spec));
  }

  // Lets the leader fill the lane.
  void admit(const std::string& parent = "train") {
    if (auto command = next_admission(snapshot(), key(parent), random_)) {
      command->set_time(++time_);
      EXPECT_TRUE(apply(*command).ok());
    }
  }

  // The scheduler places the job's one allocation and is done with it.
  AllocId run(const std::string& id) {
    const AllocId alloc = place(*snapshot().job(key(id)), node_, random_);
    settle_evals(id);
    report(alloc, "running");
    allocs_[id] = alloc;
    return alloc;
  }
  void end(const std::string& id, const std::string& status = "complete") {
    if (!allocs_.contains(id)) run(id);
    report(allocs_.at(id), status);
  }
  // All evaluations of the job are dealt with.
  void settle_evals(const std::string& id) {
    model::Command command;
    command.set_time(++time_);
    for (const EvalRef& eval : snapshot().evals_of_job(key(id))) {
      if (!is_live(*eval)) continue;
      auto* done = command.mutable_upsert_evaluations()->add_evaluations();
      *done = *eval;
      done->set_status("complete");
    }
    if (command.has_upsert_evaluations()) {
      EXPECT_TRUE(apply(command).ok());
    }
  }
  void report_metric(const std::string& id, const std::string& name, double value) {
    model::Command command;
    command.set_time(++time_);
    auto* update = command.mutable_update_allocs_from_client()->add_updates();
    update->set_id(allocs_.at(id).to_bytes());
    update->set_client_status("running");
    auto& task = (*update->mutable_task_states())["t"];
    task.set_state("running");
    (*task.mutable_metrics())[name] = value;
    EXPECT_TRUE(apply(command).ok());
  }

  Result<Applied> stop(const std::string& id, bool purge = false) {
    model::Command command;
    command.set_time(++time_);
    command.mutable_deregister_job()->set_namespace_("default");
    command.mutable_deregister_job()->set_job_id(id);
    command.mutable_deregister_job()->set_purge(purge);
    return apply(command);
  }
  // What the scheduler does with a stopped job: its allocations end.
  void finish_stopping(const std::string& id) {
    settle_evals(id);
    if (allocs_.contains(id)) report(allocs_.at(id), "complete");
  }

  [[nodiscard]] JobRecordRef record(const std::string& id) const {
    return snapshot().job_record(key(id));
  }
  [[nodiscard]] ChildCounts counts(const std::string& parent = "train") const {
    return record(parent)->children;
  }
  // The children that are jobs, in order of their start.
  [[nodiscard]] std::vector<std::string> started(const std::string& parent = "train") const {
    std::vector<std::pair<std::uint64_t, std::string>> found;
    snapshot().tables().jobs.each([&](const JobKey& at, const JobRecordRef& record) {
      if (record->child && record->child->parent_id() == parent) {
        found.emplace_back(record->job->create_index(), at.id);
      }
      return true;
    });
    std::sort(found.begin(), found.end());
    std::vector<std::string> out;
    for (auto& [index, id] : found) out.push_back(id.substr(id.find('-') + 1));
    return out;
  }
  [[nodiscard]] Random& random() { return random_; }
  [[nodiscard]] std::int64_t tick() { return ++time_; }

 private:
  SeededRandom random_{7};
  std::int64_t time_ = 1'000;
  const model::Node node_ = a_node("n", random_);
  std::map<std::string, AllocId> allocs_;
};

}  // namespace yurt::server
