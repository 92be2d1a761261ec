// One Raft server as a process of its own, driven by lines on standard input.
//
//   raft_bench_node ID ADDRESS FOLDER EXPECT [PEER_ADDRESS...]
//
// In:  load SECONDS WINDOW BYTES   propose for that long (when leading)
//      steady WINDOW               propose whenever leading, noting what was acknowledged
//      pause                       end that
//      check                       look for everything acknowledged by anybody
//      quit
// Out: leads TERM | follows | ack STEADY_NS (the first of a leadership) | loaded COUNT FAILED
//      SECONDS P50_US P99_US | paused | checked ACKNOWLEDGED MISSING
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <future>
#include <iostream>
#include <sstream>

#include "base/assert.h"
#include "base/log.h"
#include "bench/raft/node_load.h"
#include "bench/raft/node_machine.h"

namespace {

using namespace yurt;

// A line at once, whichever thread writes it.
void say(const std::string& line) {
  const std::string out = line + '\n';
  YURT_ASSERT(::write(STDOUT_FILENO, out.data(), out.size()) == static_cast<ssize_t>(out.size()));
}

class Node {
 public:
  Node(raft::Options options, std::filesystem::path acks_folder)
      : options_(std::move(options)),
        acks_folder_(std::move(acks_folder)),
        run_(static_cast<std::uint64_t>(clock_.wall_ns())) {}

  bool start() {
    auto opened = raft::Consensus::open(options_, machine_, clock_, random_);
    if (!opened.ok()) {
      YURT_LOG(error, "node", "{}", opened.error().message);
      return false;
    }
    consensus_ = std::move(*opened);
    consensus_->on_leadership([this](const raft::Leadership& now) { leadership(now); });
    grpc::ServerBuilder builder;
    builder.AddListeningPort(options_.address, grpc::InsecureServerCredentials());
    builder.RegisterService(consensus_->service());
    server_ = builder.BuildAndStart();
    if (!server_) return false;
    consensus_->start();
    return true;
  }

  void obey(const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    if (verb == "load") {
      double seconds = 0;
      int window = 0;
      std::size_t bytes = 0;
      words >> seconds >> window >> bytes;
      const bench::LoadResult result =
          bench::run_load(*consensus_, options_.self, run_ + ++loads_, seconds, window, bytes);
      say(fmt::format("loaded {} {} {} {} {}", result.committed, result.failed, result.seconds,
                      result.p50_us, result.p99_us));
    } else if (verb == "steady") {
      int window = 0;
      words >> window;
      begin_steady(window);
    } else if (verb == "pause") {
      std::unique_ptr<bench::SteadyLoad> load;
      {
        const std::lock_guard lock(mutex_);
        load = std::move(steady_);
      }
      load.reset();
      say("paused");
    } else if (verb == "check") {
      check();
    }
  }

  void stop() {
    consensus_->stop();
    server_->Shutdown();
  }

 private:
  void leadership(const raft::Leadership& now) {
    const std::lock_guard lock(mutex_);
    if (now.self == leads_) return;
    leads_ = now.self;
    say(leads_ ? fmt::format("leads {}", now.term) : "follows");
    first_ack_ = true;
    if (steady_) steady_->leading(leads_);
  }

  void begin_steady(int window) {
    const std::lock_guard lock(mutex_);
    steady_ = std::make_unique<bench::SteadyLoad>(
        *consensus_, options_.self, run_, window,
        bench::acks_file(acks_folder_, options_.self, run_), [this](std::int64_t at_ns) {
          if (first_ack_.exchange(false)) say(fmt::format("ack {}", at_ns));
        });
    steady_->leading(leads_);
  }

  // Looks once this server has caught up with everything acknowledged so far.
  void check() {
    bool caught_up = false;
    while (!caught_up) {
      std::promise<bool> read;
      consensus_->read_barrier(
          [&](const Result<raft::Index>& index) { read.set_value(index.ok()); });
      caught_up = read.get_future().get();
    }
    const bench::Checked checked = bench::check_acks(acks_folder_, machine_);
    say(fmt::format("checked {} {}", checked.acknowledged, checked.missing));
  }

  const raft::Options options_;
  const std::filesystem::path acks_folder_;
  SystemClock clock_;
  SystemRandom random_;
  const std::uint64_t run_;
  std::uint64_t loads_ = 0;
  bench::NodeMachine machine_;
  std::unique_ptr<raft::Consensus> consensus_;
  std::unique_ptr<grpc::Server> server_;
  std::mutex mutex_;
  bool leads_ = false;
  std::atomic<bool> first_ack_ = true;
  std::unique_ptr<bench::SteadyLoad> steady_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fputs("usage: raft_bench_node ID ADDRESS FOLDER EXPECT [PEER_ADDRESS...]\n", stderr);
    return 2;
  }
  raft::Options options;
  options.self = std::strtoull(argv[1], nullptr, 10);
  options.address = argv[2];
  const std::filesystem::path folder = argv[3];
  options.folder = folder / argv[1];
  options.bootstrap_expect = std::atoi(argv[4]);
  options.retry_join.assign(argv + 5, argv + argc);
  options.snapshot_after_entries = std::uint64_t{1} << 40;  // the machine keeps nothing
  static_cast<void>(set_log_level("warn"));
  Node node(options, folder);
  if (!node.start()) return 1;
  std::string line;
  while (std::getline(std::cin, line) && line != "quit") node.obey(line);
  node.stop();
  return 0;
}
