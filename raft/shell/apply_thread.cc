#include "raft/shell/apply_thread.h"

#include <utility>

#include "base/assert.h"

namespace yurt::raft {

ApplyThread::ApplyThread(StateMachine& machine, Reports reports)
    : machine_(machine), reports_(std::move(reports)), thread_([this] { run(); }) {}

void ApplyThread::push(CommittedBatch batch) { push_job(std::move(batch)); }
void ApplyThread::push(std::function<void()> task) { push_job(std::move(task)); }

void ApplyThread::push_job(Job job) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void ApplyThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void ApplyThread::run() {
  while (true) {
    std::vector<Job> jobs;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      jobs.swap(waiting_);
    }
    for (Job& job : jobs) {
      if (auto* batch = std::get_if<CommittedBatch>(&job)) {
        apply(*batch);
      } else {
        std::get<std::function<void()>>(job)();
      }
    }
  }
}

void ApplyThread::apply(CommittedBatch& batch) {
  std::vector<StateMachine::Committed> commands;
  std::vector<std::any> results;
  commands.reserve(batch.entries.size());
  results.reserve(batch.proposals.size());
  auto proposal = batch.proposals.begin();
  const auto apply_commands = [&] {
    if (commands.empty()) return;
    std::vector<std::any> answers = machine_.apply(commands);
    YURT_ASSERT(answers.size() == commands.size());
    for (std::size_t i = 0; i < commands.size() && proposal != batch.proposals.end(); ++i) {
      if (commands[i].index != proposal->index) continue;
      results.push_back(std::move(answers[i]));
      ++proposal;
    }
    commands.clear();
  };
  for (const Entry& entry : batch.entries) {
    if (entry.kind == EntryKind::command) {
      commands.push_back({entry.index, entry.term, entry.bytes()});
    } else {
      apply_commands();
      machine_.skip_to(entry.index);
    }
  }
  apply_commands();
  YURT_ASSERT(results.size() == batch.proposals.size());
  reports_.applied(batch.entries.back().index);
  std::size_t bytes = 0;
  for (const WaitingProposal& waiting : batch.proposals) bytes += waiting.size_bytes;
  if (bytes != 0) reports_.finished_bytes(bytes);
  for (std::size_t i = 0; i < results.size(); ++i) {
    WaitingProposal& waiting = batch.proposals[i];
    waiting.done(Proposed{waiting.index, std::move(results[i])});
  }
}

}  // namespace yurt::raft
