// RunnerContext: what every allocation's runner needs of the agent around it. Owned by the agent;
// outlives all runners. Only the loop's thread changes anything in it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "agent/environment/node_facts.h"
#include "agent/executor/loop.h"
#include "agent/executor/worker_pool.h"
#include "agent/gpu/gpu.h"
#include "agent/options.h"
#include "agent/state/state_store.h"
#include "agent/stream/cluster_data.h"
#include "agent/stream/restart_turns.h"
#include "base/clock.h"
#include "base/random.h"
#include "drivers/driver.h"

namespace yurt::agent {

class NetworkProber;

using DriverMap = std::map<std::string, std::shared_ptr<drivers::Driver>, std::less<>>;

struct RunnerContext {
  const AgentOptions& options;
  Clock& clock;
  Random& random;  // the loop's thread only
  Loop& loop;
  WorkerPool& quick;  // folders, environments, clean-up: milliseconds
  WorkerPool& slow;   // downloads, scripts: minutes
  NetworkProber& prober;
  StateStore& store;
  ClusterData& cluster;
  RestartTurns& turns;
  DriverMap drivers;
  std::shared_ptr<const NodeFacts> node;
  std::map<std::string, std::string> inherited_environment;
  GpuSnapshotPtr gpus = std::make_shared<GpuSnapshot>();  // the latest look at them
};

}  // namespace yurt::agent
