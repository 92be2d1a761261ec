// ReportBatch: what all agents report of their allocations, proposed together.
//
// While one command is being committed, the reports that come meanwhile are gathered into the next:
// a lone report is proposed at once, and thousands at a time cost one command instead of thousands.
// Reports keep their order. Thread-safe; `done` is called once for each report, on any thread.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "proto/agent_stream.pb.h"
#include "server/proposer.h"
#include "server/state/store.h"

namespace yurt::server {

class ReportBatch {
 public:
  using Done = std::function<void(Status)>;

  ReportBatch(StateStore& store, Proposer& proposer, Random& random)
      : store_(store), proposer_(proposer), random_(random) {}

  // `done` says whether the report is committed; an agent whose report is not sends it again.
  void add(const model::AgentUpdates& report, Done done);

 private:
  struct Report {
    model::AgentUpdates updates;
    Done done;
  };

  // The reports that go into the next command; empty, and nothing is under way, when none wait.
  [[nodiscard]] std::vector<Report> take();
  void propose(std::vector<Report> reports);

  StateStore& store_;
  Proposer& proposer_;
  Random& random_;

  std::mutex mutex_;
  std::deque<Report> waiting_;
  bool under_way_ = false;
};

}  // namespace yurt::server
