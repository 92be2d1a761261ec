// Measures the Raft shell with real processes, real disks and gRPC on loopback; one JSON object a
// line on standard output.
//
//   raft_bench [--quick] [--folder FOLDER] [ROW...]
//
// Rows: raft_commits_per_s_1, raft_commits_per_s_3 (512-byte commands, durable and applied before
// the answer), leader_kill_gap_p99_ms (kill -9 of the leader under load: from the kill to the next
// acknowledged write; fails when anything acknowledged is missing afterwards).
#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/assert.h"
#include "bench/raft/cluster_process.h"
#include "bench/raft/disk_limit.h"

namespace {

using namespace yurt;

constexpr std::size_t command_bytes = 512;
// A group of this size is what one sync carries at best before its own length begins to count.
constexpr std::size_t group_bytes = 1 << 20;

class ScratchFolder {
 public:
  explicit ScratchFolder(const std::string& parent) {
    std::string name = parent + "/raft-bench-XXXXXX";
    YURT_ASSERT(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Settings {
  bool quick = false;
  std::string parent = std::filesystem::temp_directory_path().string();
};

void print(const std::string& row, double value, const std::string& unit, double aim, bool met,
           double limit, nlohmann::ordered_json notes) {
  nlohmann::ordered_json line{{"row", row},
                              {"value", value},
                              {"unit", unit},
                              {"aim", aim},
                              {"met", met},
                              {"limit", limit},
                              {"share_of_limit", limit > 0 ? value / limit : 0}};
  line.update(notes);
  std::cout << line.dump() << std::endl;
}

void commits_per_second(const Settings& settings, int servers, double aim) {
  const ScratchFolder folder(settings.parent);
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
  print("raft_commits_per_s_" + std::to_string(servers), value, "1/s", aim, value >= aim,
        grouped / servers,
        {{"p50_ms", p50_us / 1000},
         {"p99_ms", p99_us / 1000},
         {"fdatasync_per_s", alone},
         {"grouped_512b_per_s", grouped}});
}

void leader_kill_gap(const Settings& settings) {
  const ScratchFolder folder(settings.parent);
  const int kills = settings.quick ? 10 : 50;
  constexpr double aim_ms = 600;
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
  print("leader_kill_gap_p99_ms", p99, "ms", aim_ms, p99 <= aim_ms && missing == 0, 0,
        {{"kills", kills},
         {"p50_ms", gaps_ms[gaps_ms.size() / 2]},
         {"acknowledged", acknowledged},
         {"missing", missing}});
  YURT_ASSERT(missing == 0);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  std::set<std::string> rows;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--quick") {
      settings.quick = true;
    } else if (argument == "--folder" && i + 1 < argc) {
      settings.parent = argv[++i];
    } else if (!argument.starts_with("-")) {
      rows.insert(argument);
    } else {
      std::fputs("usage: raft_bench [--quick] [--folder FOLDER] [ROW...]\n", stderr);
      return 2;
    }
  }
  const auto wanted = [&](const char* row) { return rows.empty() || rows.contains(row); };
  if (wanted("raft_commits_per_s_1")) commits_per_second(settings, 1, 90'000);
  if (wanted("raft_commits_per_s_3")) commits_per_second(settings, 3, 45'000);
  if (wanted("leader_kill_gap_p99_ms")) leader_kill_gap(settings);
  return 0;
}
