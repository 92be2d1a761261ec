// StateStore: what the agent must remember over its own death, in a RocksDB under
// <data_dir>/state.
//
// Writes are not synced one by one: they reach the kernel before a call returns, so they survive
// kill -9 of the agent at any instant, and a burst of short tasks costs no fsync. A power failure
// or kernel crash can lose the last seconds; that is safe because nothing runs any more then: the
// boot ID tells the agent that every run it knows of has ended, and the servers send again what
// they believe this node holds. Opening it twice at a time fails, so two agents can't share a
// data_dir.
//
// Thread-safe. Errors: io or corrupt.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/runner/restart_policy.h"
#include "base/ids.h"
#include "base/result.h"
#include "proto/agent_stream.pb.h"

namespace yurt::agent {

// The current run of a task at its driver, and what its restart policy has counted.
struct TaskRun {
  std::string driver;
  std::string run_id;          // TaskConfig::id; stored before the driver starts it; "" = none
  std::string reattach_state;  // "" until the driver has started it
  RestartTracker tracker;
};

struct StoredAlloc {
  model::Assignment assignment;
  std::shared_ptr<const model::Job> job;
  model::AllocUpdate update;            // its latest state
  std::map<std::string, TaskRun> runs;  // by task
  bool reported = false;                // the servers have acknowledged its terminal state
};

// The key under which allocations of one job version share the job.
struct JobVersionKey {
  std::string ns;
  std::string id;
  std::uint64_t version = 0;
  std::uint64_t create_index = 0;

  auto operator<=>(const JobVersionKey&) const = default;
  [[nodiscard]] static JobVersionKey of(const model::Assignment& assignment);
};

class StateStore {
 public:
  [[nodiscard]] static Result<std::unique_ptr<StateStore>> open(
      const std::filesystem::path& folder);
  ~StateStore();

  [[nodiscard]] Result<std::vector<StoredAlloc>> load() const;

  [[nodiscard]] Status put_job(const JobVersionKey& key, const model::Job& job);
  [[nodiscard]] Status put_assignment(const model::Assignment& assignment);
  // The allocation's state, and the runs (by task) that changed with it, as one step.
  [[nodiscard]] Status put_progress(const model::AllocUpdate& update,
                                    const std::map<std::string, TaskRun>& runs);
  [[nodiscard]] Status put_reported(AllocId alloc);
  // Everything about the allocation; its job stays until prune_jobs.
  [[nodiscard]] Status remove(AllocId alloc);
  // Removes job versions that no stored allocation refers to.
  [[nodiscard]] Status prune_jobs();

  // Small facts about the agent itself: "boot_id", "servers", "last_contact".
  [[nodiscard]] Status put_fact(const std::string& name, const std::string& value);
  [[nodiscard]] std::optional<std::string> fact(const std::string& name) const;

 private:
  struct Impl;
  explicit StateStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace yurt::agent
