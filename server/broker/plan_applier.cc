#include "server/broker/plan_applier.h"

#include <algorithm>

#include "proto/command.pb.h"
#include "server/broker/plan_encode.h"

namespace yurt::server {
namespace {

// Preempted jobs are scheduled again at once.
void add_preemption_evals(const scheduler::Plan& plan, model::PlanResult& result) {
  std::vector<JobKey> seen;
  for (const auto& preemption : plan.preempt) {
    const model::Job& job = *preemption.alloc->job;
    const JobKey key{job.namespace_(), job.id()};
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) continue;
    seen.push_back(key);
    auto* eval = result.add_evaluations();
    // The victim's and the plan's IDs make one that no other plan makes.
    Uuid id = preemption.alloc->id.uuid;
    for (std::size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] ^= plan.eval.uuid.bytes[i];
    eval->set_id(id.to_string());
    eval->set_namespace_(key.ns);
    eval->set_job_id(key.id);
    eval->set_type(job.type());
    eval->set_priority(job.priority());
    eval->set_triggered_by("preemption");
    eval->set_status("pending");
  }
}

}  // namespace

PlanApplier::PlanApplier(StateStore& store, Proposer& proposer)
    : proposer_(proposer),
      follower_(store, scheduler::Counting::until_server_terminal),
      verifier_(follower_.view()) {
  completions_->wake = [this] {
    std::lock_guard lock(mutex_);
    completed_ = true;
    wake_.notify_one();
  };
  thread_ = std::thread([this] { run(); });
}

PlanApplier::~PlanApplier() { stop(); }

void PlanApplier::submit(PlanSubmission submission) {
  {
    std::lock_guard lock(mutex_);
    if (!stopping_) {
      waiting_.push_back(std::move(submission));
      wake_.notify_one();
      return;
    }
  }
  submission.done(Error{ErrorCode::unavailable, "this server no longer leads"});
}

void PlanApplier::stop() {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
    wake_.notify_one();
  }
  {
    std::lock_guard lock(completions_->mutex);
    completions_->wake = nullptr;
  }
  follower_.stop();
  if (thread_.joinable()) thread_.join();
  for (auto& submission : waiting_) {
    submission.done(Error{ErrorCode::unavailable, "this server no longer leads"});
  }
  waiting_.clear();
}

PlanApplier::Figures PlanApplier::figures() const {
  std::lock_guard lock(mutex_);
  return figures_;
}

void PlanApplier::run() {
  while (true) {
    std::vector<PlanSubmission> batch;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stopping_ || completed_ || !waiting_.empty(); });
      if (stopping_) return;
      completed_ = false;
      batch.swap(waiting_);
    }
    std::vector<Finished> finished;
    {
      std::lock_guard lock(completions_->mutex);
      finished.swap(completions_->finished);
    }
    follower_.catch_up();
    for (Finished& done : finished) finish(std::move(done));
    if (!batch.empty()) verify_and_propose(std::move(batch));
  }
}

void PlanApplier::verify_and_propose(std::vector<PlanSubmission> submissions) {
  auto batch = std::make_shared<std::vector<InFlight>>();
  batch->reserve(submissions.size());
  model::Command command;
  auto* plans = command.mutable_apply_plans();
  std::uint64_t partial = 0, rejected = 0;
  for (PlanSubmission& submission : submissions) {
    const auto verdict = verifier_.verify(*submission.plan, follower_.snapshot());
    InFlight flight;
    flight.reply.complete = verdict.complete();
    const bool whole = verdict.complete();
    const scheduler::Plan part =
        whole ? scheduler::Plan() : scheduler::accepted_part(*submission.plan, verdict);
    const scheduler::Plan& accepted = whole ? *submission.plan : part;
    flight.reply.progress = !accepted.empty();
    if (!whole) ++partial;
    rejected += verdict.rejected_nodes.size();
    flight.ticket = verifier_.expect(accepted);
    if (!accepted.empty() || whole) {
      auto* result = plans->add_plans();
      *result = encode_plan(accepted);
      add_preemption_evals(accepted, *result);
      if (whole) {
        for (auto& eval : submission.evaluations) {
          *result->add_evaluations() = std::move(eval);
        }
      }
    }
    flight.submission = std::move(submission);
    batch->push_back(std::move(flight));
  }
  {
    std::lock_guard lock(mutex_);
    figures_.plans += batch->size();
    figures_.partial += partial;
    figures_.rejected_nodes += rejected;
    ++figures_.batches;
  }
  if (plans->plans().empty()) {
    finish({batch, Applied{.index = follower_.snapshot().index()}});
    return;
  }
  proposer_.propose(
      std::move(command), [batch, completions = completions_](Result<Applied> outcome) {
        std::lock_guard lock(completions->mutex);
        if (!completions->wake) {
          // Stopped: the state itself tells the next leader how this ended.
          for (InFlight& flight : *batch) {
            flight.submission.done(Error{ErrorCode::unavailable, "this server no longer leads"});
          }
          return;
        }
        completions->finished.push_back({batch, std::move(outcome)});
        completions->wake();
      });
}

void PlanApplier::finish(Finished finished) {
  for (InFlight& flight : *finished.batch) {
    verifier_.settle(flight.ticket);
    if (!finished.outcome.ok()) {
      flight.submission.done(finished.outcome.error());
      continue;
    }
    flight.reply.index = std::max(finished.outcome->index, follower_.snapshot().index());
    flight.submission.done(flight.reply);
  }
}

}  // namespace yurt::server
