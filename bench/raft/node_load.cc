#include "bench/raft/node_load.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "base/assert.h"
#include "base/clock.h"
#include "base/file.h"

namespace yurt::bench {

LoadResult run_load(raft::Consensus& consensus, std::uint64_t server, std::uint64_t run,
                    double seconds, int window, std::size_t size_bytes) {
  SystemClock clock;
  std::mutex mutex;
  std::condition_variable changed;
  std::atomic<int> open = 0;
  std::atomic<std::uint64_t> committed = 0;
  std::atomic<std::uint64_t> failed = 0;
  std::vector<std::int64_t> taken_ns;  // by the apply thread only
  taken_ns.reserve(1 << 20);

  const std::int64_t start_ns = clock.steady_ns();
  const auto end_ns = start_ns + static_cast<std::int64_t>(seconds * 1e9);
  const auto finished = [&](int low) {
    if (open.fetch_sub(1) - 1 > low) return;
    const std::lock_guard lock(mutex);
    changed.notify_all();
  };
  for (std::uint64_t number = 0; clock.steady_ns() < end_ns; ++number) {
    if (open >= window) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return open <= window / 2; });
    }
    ++open;
    const std::int64_t asked_ns = clock.steady_ns();
    consensus.propose(make_command({server, run, number}, size_bytes),
                      [&, asked_ns](const Result<raft::Proposed>& result) {
                        if (result.ok()) {
                          ++committed;
                          taken_ns.push_back(clock.steady_ns() - asked_ns);
                        } else {
                          ++failed;
                        }
                        finished(window / 2);
                      });
  }
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return open == 0; });
  }
  LoadResult result;
  result.seconds = static_cast<double>(clock.steady_ns() - start_ns) / 1e9;
  result.committed = committed;
  result.failed = failed;
  if (!taken_ns.empty()) {
    std::sort(taken_ns.begin(), taken_ns.end());
    result.p50_us = taken_ns[taken_ns.size() / 2] / 1000;
    result.p99_us = taken_ns[taken_ns.size() * 99 / 100] / 1000;
  }
  return result;
}

SteadyLoad::SteadyLoad(raft::Consensus& consensus, std::uint64_t server, std::uint64_t run,
                       int window, const std::filesystem::path& acks_file,
                       std::function<void(std::int64_t)> acknowledged)
    : consensus_(consensus),
      base_{server, run, 0},
      window_(window),
      acks_(::open(acks_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)),
      acknowledged_(std::move(acknowledged)),
      thread_([this] { this->run(); }) {}

void SteadyLoad::leading(bool leads) {
  const std::lock_guard lock(mutex_);
  leads_ = leads;
  changed_.notify_all();
}

void SteadyLoad::run() {
  constexpr std::size_t size_bytes = 512;
  SystemClock clock;
  for (std::uint64_t number = 0;; ++number) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || (leads_ && open_ < window_); });
      if (stopping_) return;
      ++open_;
    }
    CommandId id = base_;
    id.number = number;
    consensus_.propose(
        make_command(id, size_bytes), [this, number, &clock](const Result<raft::Proposed>& result) {
          if (result.ok()) {
            YURT_ASSERT(::write(acks_.get(), &number, sizeof number) == sizeof number);
            acknowledged_(clock.steady_ns());
          }
          const std::lock_guard lock(mutex_);
          --open_;
          changed_.notify_all();
        });
  }
}

void SteadyLoad::stop() {
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_ == 0; });
  }
  if (thread_.joinable()) thread_.join();
}

std::filesystem::path acks_file(const std::filesystem::path& folder, std::uint64_t server,
                                std::uint64_t run) {
  return folder / ("acks-" + std::to_string(server) + "-" + std::to_string(run));
}

Checked check_acks(const std::filesystem::path& folder, const NodeMachine& machine) {
  Checked checked;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    CommandId id;
    const std::string name = entry.path().filename().string();
    if (std::sscanf(name.c_str(), "acks-%lu-%lu", &id.server, &id.run) != 2) continue;
    const Result<std::string> numbers = read_file(entry.path());
    YURT_ASSERT(numbers.ok());
    for (std::size_t at = 0; at + sizeof id.number <= numbers->size(); at += sizeof id.number) {
      std::memcpy(&id.number, numbers->data() + at, sizeof id.number);
      ++checked.acknowledged;
      if (!machine.has(id)) ++checked.missing;
    }
  }
  return checked;
}

}  // namespace yurt::bench
