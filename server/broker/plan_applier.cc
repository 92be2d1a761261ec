#include "server/broker/plan_applier.h"

#include <algorithm>
#include <utility>

#include "server/broker/plan_encode.h"
#include "server/broker/plan_parts.h"

namespace yurt::server {
namespace {

// A batch is sent off when it has grown to this: far below what a command can carry, and long
// enough that the cost of one does not count.
constexpr std::size_t batch_bytes = 512 << 10;

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
      follower_(store, scheduler::Counting::until_server_terminal, [this] { wake(); }),
      verifier_(follower_.view()) {
  completions_->wake = [this] { wake(); };
  thread_ = std::thread([this] { run(); });
}

PlanApplier::~PlanApplier() { stop(); }

void PlanApplier::wake() {
  std::lock_guard lock(mutex_);
  woken_ = true;
  wake_.notify_one();
}

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
      wake_.wait(lock, [&] { return stopping_ || woken_ || !waiting_.empty(); });
      if (stopping_) return;
      woken_ = false;
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
  Figures figures;
  figures.plans = submissions.size();
  auto batch = std::make_shared<Batch>();
  const auto send = [&] {
    if (batch->flights.empty()) return;
    ++figures.batches;
    propose(std::exchange(batch, std::make_shared<Batch>()));
  };
  for (PlanSubmission& submission : submissions) {
    const auto verdict = verifier_.verify(*submission.plan, follower_.snapshot());
    const bool whole = verdict.complete();
    const scheduler::Plan part =
        whole ? scheduler::Plan() : scheduler::accepted_part(*submission.plan, verdict);
    const scheduler::Plan& accepted = whole ? *submission.plan : part;
    if (!whole) ++figures.partial;
    figures.rejected_nodes += verdict.rejected_nodes.size();
    if (is_long(accepted)) send();
    const std::shared_ptr<const scheduler::Plan> kept = submission.plan;  // `accepted` may be it
    add(*batch, std::move(submission), accepted, {whole, !accepted.empty(), 0});
    if (batch->commands.size() > 1 || batch->size_bytes >= batch_bytes) send();
  }
  send();
  std::lock_guard lock(mutex_);
  figures_.plans += figures.plans;
  figures_.partial += figures.partial;
  figures_.rejected_nodes += figures.rejected_nodes;
  figures_.batches += figures.batches;
}

void PlanApplier::add(Batch& batch, PlanSubmission submission, const scheduler::Plan& accepted,
                      PlanReply reply) {
  if (batch.commands.empty()) batch.commands.emplace_back();
  const auto encode = [&](const scheduler::Plan& plan) {
    auto* result = batch.commands.back().mutable_apply_plans()->add_plans();
    *result = encode_plan(plan);
    add_preemption_evals(plan, *result);
    return result;
  };
  model::PlanResult* last = nullptr;
  if (is_long(accepted)) {
    for (const scheduler::Plan& part : parts_of(accepted)) {
      if (last != nullptr) batch.commands.emplace_back();
      last = encode(part);
    }
  } else if (!accepted.empty() || reply.complete) {
    last = encode(accepted);
  }
  if (last != nullptr) {
    if (reply.complete) {
      for (auto& eval : submission.evaluations) *last->add_evaluations() = std::move(eval);
    }
    batch.size_bytes += last->ByteSizeLong();
  }
  const auto ticket = verifier_.expect(accepted);
  batch.flights.push_back({std::move(submission), ticket, reply});
}

void PlanApplier::propose(std::shared_ptr<Batch> batch) {
  if (batch->size_bytes == 0) {
    finish({batch, Applied{.index = follower_.snapshot().index()}});
    return;
  }
  propose_next(proposer_, completions_, std::move(batch));
}

void PlanApplier::propose_next(Proposer& proposer, std::shared_ptr<Completions> completions,
                               std::shared_ptr<Batch> batch) {
  model::Command command = std::move(batch->commands[batch->proposed++]);
  proposer.propose(
      std::move(command), [&proposer, batch = std::move(batch),
                           completions = std::move(completions)](Result<Applied> outcome) {
        {
          std::lock_guard lock(completions->mutex);
          if (!completions->wake) {
            // Stopped: the state itself tells the next leader how this ended.
            for (InFlight& flight : batch->flights) {
              flight.submission.done(Error{ErrorCode::unavailable, "this server no longer leads"});
            }
            return;
          }
          if (!outcome.ok() || batch->proposed == batch->commands.size()) {
            completions->finished.push_back({batch, std::move(outcome)});
            completions->wake();
            return;
          }
        }
        propose_next(proposer, completions, batch);
      });
}

void PlanApplier::finish(Finished finished) {
  for (InFlight& flight : finished.batch->flights) {
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
