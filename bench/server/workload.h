// What the benchmarks run: nodes of two sizes in ten datacenters, and jobs of raw_exec tasks as
// small as users write them. Pure, given a source of IDs.
#pragma once

#include <string>

#include "base/random.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"

namespace yurt::bench {

// 64,000 MHz and 256 GiB, or half of that.
[[nodiscard]] model::Node make_node(int number, Random& random);

struct JobShape {
  std::string name;
  std::string type = "batch";
  int count = 1;
  std::string command = "/bin/true";
  // Of service jobs: how many may be away at a time while nodes are drained.
  int migrate_parallel = 1;
};
[[nodiscard]] model::Job make_job(const JobShape& shape);

}  // namespace yurt::bench
