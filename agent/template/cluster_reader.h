// ClusterReader: answers one rendering's questions about the cluster from what the servers have
// told this node, and notes what was asked and what was not there.
//
// Used by one thread; lives for one rendering.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "agent/stream/cluster_data.h"
#include "templates/provider.h"

namespace yurt::agent {

struct TemplateScope;

class ClusterReader {
 public:
  // `scope` outlives the reader.
  explicit ClusterReader(const TemplateScope& scope) : scope_(scope) {}

  [[nodiscard]] Result<templates::Value> answer(const templates::ClusterQuery& query);

  // What was asked.
  [[nodiscard]] const std::set<WatchKey>& keys() const { return keys_; }
  // What a rendering needs and has not got, e.g. "nomad.var.block(models/churn@default.global)".
  [[nodiscard]] const std::vector<std::string>& missing() const { return missing_; }
  // False when some of that was not answered yet.
  [[nodiscard]] bool answered() const { return answered_; }
  // Of the data that was read: the newest change.
  [[nodiscard]] std::uint64_t newest() const { return newest_; }

 private:
  // What stands before "@namespace"; an error for another namespace than the job's.
  [[nodiscard]] Result<std::string> own_path(const std::string& text) const;
  void miss(const WatchKey& key, const std::string& why);

  const TemplateScope& scope_;
  std::set<WatchKey> keys_;
  std::vector<std::string> missing_;
  bool answered_ = true;
  std::uint64_t newest_ = 1;
};

}  // namespace yurt::agent
