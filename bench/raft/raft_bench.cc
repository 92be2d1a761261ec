// Measures the Raft shell with real processes, real disks and gRPC on loopback; one JSON object a
// line on standard output.
//
//   raft_bench [--quick] [--folder FOLDER] [ROW...]
//
// Rows: raft_commits_per_s_1, raft_commits_per_s_3 (512-byte commands, durable and applied before
// the answer), leader_kill_gap_p99_ms (kill -9 of the leader under load: from the kill to the next
// acknowledged write; fails when anything acknowledged is missing afterwards).
#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "base/assert.h"
#include "bench/machine/arguments.h"
#include "bench/machine/disk_limit.h"
#include "bench/machine/row.h"
#include "bench/machine/scratch_folder.h"
#include "bench/raft/cluster_process.h"

namespace {

using namespace yurt;

constexpr std::size_t command_bytes = 512;
// A group of this size is what one sync carries at best before its own length begins to count.
constexpr std::size_t group_bytes = 1 << 20;

void commits_per_second(const bench::Arguments& settings, int servers, double aim) {
  const bench::ScratchFolder folder(settings.folder, "raft-bench");
  const double seconds = settings.quick ? 3 : 10;
  const double alone = bench::syncs_per_second(folder.path(), command_bytes, 1);
  const double grouped = bench::syncs_per_second(folder.path(), group_bytes, 1) *
                         static_cast<double>(group_bytes / command_bytes);
  bench::ClusterProcess cluster(RAFT_BENCH_NODE, servers, folder.path());
  const int leader = cluster.wait_for_leader();
  static_cast<void>(cluster.ask(leader, "load 1 4096 512", "loaded"));  // warms up
  // Enough waiting that the disk always has a next batch; well within max_waiting_bytes.
  std::istringstream words(
      cluster.ask(leader, "load " + std::to_string(seconds) + " 16384 512", "loaded"));
  std::string verb;
  double committed = 0, failed = 0, taken = 1, p50_us = 0, p99_us = 0;
  words >> verb >> committed >> failed >> taken >> p50_us >> p99_us;
  YURT_ASSERT(failed == 0);
  const double value = committed / taken;
  // All servers sync the same commands to the one disk.
  bench::print({.name = "raft_commits_per_s_" + std::to_string(servers),
                .value = value,
                .unit = "1/s",
                .aim = aim,
                .limit = grouped / servers},
               {{"p50_ms", p50_us / 1000},
                {"p99_ms", p99_us / 1000},
                {"fdatasync_per_s", alone},
                {"grouped_512b_per_s", grouped}});
}

void leader_kill_gap(const bench::Arguments& settings) {
  const bench::ScratchFolder folder(settings.folder, "raft-bench");
  const int kills = settings.quick ? 10 : 50;
  bench::ClusterProcess cluster(RAFT_BENCH_NODE, 3, folder.path());
  cluster.tell_all("steady 64");
  static_cast<void>(cluster.wait_for("ack"));
  std::vector<double> gaps_ms;
  for (int i = 0; i < kills; ++i) {
    const int leader = cluster.wait_for_leader();
    const std::int64_t killed_ns = cluster.kill(leader);
    std::int64_t next_ns = 0;
    while (next_ns < killed_ns) {
      std::istringstream words(cluster.wait_for("ack"));
      std::string verb;
      words >> verb >> next_ns;
    }
    gaps_ms.push_back(static_cast<double>(next_ns - killed_ns) / 1e6);
    cluster.start(leader);
    // Back in the cluster, with all it missed, before the next leader is killed.
    static_cast<void>(cluster.ask(leader, "check", "checked"));
    cluster.tell(leader, "steady 64");
  }
  double acknowledged = 0, missing = 0;
  for (int node = 0; node < cluster.size(); ++node) {
    static_cast<void>(cluster.ask(node, "pause", "paused"));
  }
  for (int node = 0; node < cluster.size(); ++node) {
    std::istringstream words(cluster.ask(node, "check", "checked"));
    std::string verb;
    double node_missing = 0;
    words >> verb >> acknowledged >> node_missing;
    missing += node_missing;
  }
  std::sort(gaps_ms.begin(), gaps_ms.end());
  const double p99 = gaps_ms[(gaps_ms.size() * 99 + 99) / 100 - 1];
  bench::print({.name = "leader_kill_gap_p99_ms",
                .value = p99,
                .unit = "ms",
                .better = bench::Better::lower,
                .aim = 600,
                .sound = missing == 0},
               {{"kills", kills},
                {"p50_ms", gaps_ms[gaps_ms.size() / 2]},
                {"acknowledged", acknowledged},
                {"missing", missing}});
  YURT_ASSERT(missing == 0);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Arguments settings = bench::parse_arguments(argc, argv);
  if (settings.wants("raft_commits_per_s_1")) commits_per_second(settings, 1, 90'000);
  if (settings.wants("raft_commits_per_s_3")) commits_per_second(settings, 3, 45'000);
  if (settings.wants("leader_kill_gap_p99_ms")) leader_kill_gap(settings);
  return 0;
}
