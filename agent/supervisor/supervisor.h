// Supervisor: everything this node holds: takes assignments, keeps the runners, reports their
// states, waits for predecessors, stops what must stop without the servers, collects garbage.
//
// Lives and is called on the loop's thread only.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "agent/runner/alloc_runner.h"
#include "agent/runner/runner_context.h"
#include "agent/stream/connection.h"
#include "agent/supervisor/garbage.h"

namespace yurt::agent {

class Supervisor final : public ConnectionHost {
 public:
  struct Hooks {
    std::function<std::string()> stats_json;
    std::function<void(const std::shared_ptr<ServerLink>&, model::OpenSession)> session_wanted;
  };

  // `node` is what the servers are told. `connection` is set before start().
  Supervisor(RunnerContext& context, model::Node node, Hooks hooks);
  ~Supervisor() override;

  void set_connection(Connection* connection);
  // Brings back what the store holds. `new_boot_id`: the machine was restarted since (""= no); then
  // nothing is started before the servers have said what this node is to hold, and only then is the
  // boot noted in the store. Runs in `found` that belong to nothing are killed.
  void restore(std::vector<StoredAlloc> stored, FoundRuns found, std::string new_boot_id);
  void start();
  // The node's description has changed.
  void set_node(model::Node node);
  // There has been another look at the GPUs.
  void gpus_seen();

  [[nodiscard]] const model::Node& node() const { return node_; }
  // Null when this node does not hold it.
  [[nodiscard]] std::shared_ptr<AllocRunner> find(const std::string& alloc_id) const;
  // Lets go of everything; for the agent's end, when the loop no longer runs.
  void release() { runners_.clear(); }
  [[nodiscard]] std::size_t held() const { return runners_.size(); }

  model::AgentHello hello() override;
  std::optional<model::AllocUpdate> update_of(AllocId id) override;
  std::string stats_json() override { return hooks_.stats_json(); }
  void acknowledged(AllocId id) override;
  void assigned(model::Assignments assignments) override;
  void session_wanted(const std::shared_ptr<ServerLink>& link,
                      model::OpenSession session) override {
    hooks_.session_wanted(link, std::move(session));
  }
  void heard() override;
  void servers_learned(const std::vector<std::string>& servers) override;
  model::WatchSet watches() override { return context_.cluster.watches(); }
  std::vector<model::RestartTurn> standing_turns() override { return context_.turns.standing(); }
  void watch_answered(model::WatchResult result) override {
    context_.cluster.answered(std::move(result));
  }
  void turn_answered(const model::RestartTurnGrant& grant) override {
    context_.turns.answered(grant);
  }

 private:
  using Runner = std::shared_ptr<AllocRunner>;

  void learn_jobs(model::Assignments& assignments);
  void reassign(const Runner& runner, model::Assignment assignment);
  void take(model::Assignment assignment);
  void answer_without_running(const model::Assignment& assignment, const char* client_status,
                              const std::string& description);
  // Starts or resumes it, unless its predecessor on this node has yet to end.
  void begin(const Runner& runner);
  [[nodiscard]] Runner predecessor_of(const Runner& runner) const;
  void runner_changed(AllocRunner& runner);
  void obey_desired(const Runner& runner);
  void forget(AllocId id);
  void collect_garbage();
  void remove(std::vector<AllocId> ids, std::size_t at_least);
  void removed(AllocId id);
  void collect_regularly();
  void check_disconnected();
  [[nodiscard]] std::shared_ptr<const model::Job> job_of(const model::Assignment& assignment) const;

  RunnerContext& context_;
  model::Node node_;
  Hooks hooks_;
  Connection* connection_ = nullptr;
  std::unordered_map<AllocId, Runner> runners_;
  // Job versions by key, for as long as an allocation or the stream may refer to them.
  std::map<JobVersionKey, std::weak_ptr<const model::Job>> jobs_;
  std::deque<std::shared_ptr<const model::Job>> stream_jobs_;  // as sent, the newest last
  // Reports about allocations that never got a runner.
  std::unordered_map<AllocId, model::AllocUpdate> answers_;
  std::unordered_map<AllocId, std::vector<AllocId>> waiting_for_;  // by predecessor
  std::unordered_set<AllocId> reported_;                           // terminal, and the servers know
  std::unordered_set<AllocId> forgotten_;                          // to vanish once they have ended
  std::unordered_set<AllocId> removing_;
  // To be taken once what is left of an earlier life is gone: the servers took back that they were
  // to stop or vanish, which a restored state does.
  struct Again {
    model::Assignment assignment;
    std::shared_ptr<const model::Job> job;  // kept for it; null when it is not known
  };
  std::unordered_map<AllocId, Again> again_;
  std::unordered_set<AllocId> finished_;  // terminal
  std::int64_t last_contact_wall_ns_ = 0;
  std::int64_t last_contact_stored_ns_ = 0;
  std::string new_boot_id_;  // not empty: wait for the servers
  bool collecting_ = false;
};

}  // namespace yurt::agent
