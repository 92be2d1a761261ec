#include "server/broker/worker.h"

#include "base/log.h"
#include "base/random.h"
#include "proto/command.pb.h"
#include "scheduler/scheduler.h"
#include "server/broker/eval_update.h"

namespace yurt::server {
namespace {

// How often one evaluation is planned before it is given up; counted anew after progress.
int attempt_limit(const std::string& type) { return type == "batch" || type == "sysbatch" ? 2 : 5; }

// Chance for one attempt: the same evaluation on the same state always gets the same.
SeededRandom random_for(const model::Evaluation& eval, std::uint64_t snapshot_index) {
  const auto id = EvalId::parse_or_nil(eval.id());
  return SeededRandom(std::hash<EvalId>()(id) * 0x9e3779b97f4a7c15 ^ snapshot_index);
}

}  // namespace

Worker::Worker(StateStore& store, EvalBroker& broker, BlockedEvals& blocked, PlanApplier& applier,
               Proposer& proposer, Clock& clock)
    : broker_(broker),
      blocked_(blocked),
      applier_(applier),
      proposer_(proposer),
      clock_(clock),
      follower_(store, scheduler::Counting::until_client_terminal, [&broker] { broker.poke(); }) {
  inbox_->broker = &broker_;
  thread_ = std::thread([this] { run(); });
}

Worker::~Worker() { stop(); }

void Worker::stop() {
  {
    std::lock_guard lock(inbox_->mutex);
    inbox_->broker = nullptr;
  }
  follower_.stop();
  if (thread_.joinable()) thread_.join();
}

void Worker::run() {
  // Few at a time: what is taken early can't be superseded, and waits behind the rest.
  constexpr std::size_t batch_size = 16;
  while (true) {
    const auto deliveries = broker_.dequeue(batch_size);
    std::vector<Answer> answers;
    {
      std::lock_guard lock(inbox_->mutex);
      if (inbox_->broker == nullptr) return;
      answers.swap(inbox_->answers);
    }
    follower_.catch_up();
    for (Answer& answer : answers) handle(std::move(answer));
    for (const auto& delivery : deliveries) {
      if (!follower_.catch_up_to(delivery.eval->modify_index())) return;
      attempt(Task{delivery, nullptr, 0, nullptr});
    }
    if (deliveries.empty() && broker_.stopped()) return;
  }
}

void Worker::handle(Answer answer) {
  follower_.catch_up();
  Task& task = answer.task;
  const EvalId id = EvalId::parse_or_nil(task.delivery.eval->id());
  if (!answer.reply.ok()) {
    if (task.plan) follower_.settle(*task.plan);
    broker_.nack(id, task.delivery.token);
    return;
  }
  if (!follower_.catch_up_to(answer.reply->index)) return;
  if (task.plan) follower_.settle(*task.plan);
  if (answer.reply->complete) {
    broker_.ack(id, task.delivery.token);
    if (task.block_after) block_again(task);
    return;
  }
  if (answer.reply->progress) task.attempts = 0;
  task.plan = nullptr;
  attempt(std::move(task));
}

void Worker::attempt(Task task) {
  const model::Evaluation& eval = *task.delivery.eval;
  ++task.attempts;
  task.block_after = nullptr;
  SeededRandom random = random_for(eval, follower_.snapshot().index());
  scheduler::Outcome outcome = scheduler::schedule({.eval = eval,
                                                    .state = follower_.snapshot(),
                                                    .cluster = follower_.view(),
                                                    .now_ns = clock_.wall_ns(),
                                                    .random = random});
  if (task.attempts > attempt_limit(eval.type())) {
    give_up(std::move(task), outcome);
    return;
  }
  const bool was_blocked = eval.status() == "blocked";
  if (was_blocked && outcome.blocked) {
    task.block_after = std::make_shared<const model::Evaluation>(
        still_blocked(eval, outcome, follower_.snapshot().index()));
    if (outcome.plan.empty()) {
      // Nothing has changed for it: no need to write anything.
      broker_.ack(EvalId::parse_or_nil(eval.id()), task.delivery.token);
      block_again(task);
      return;
    }
  }
  std::vector<model::Evaluation> evaluations;
  if (task.block_after) {
    evaluations.push_back(*task.block_after);
  } else {
    evaluations = finished_evals(eval, outcome, follower_.snapshot().index());
    if (!outcome.blocked) {
      for (const EvalRef& waiting : blocked_.untrack({eval.namespace_(), eval.job_id()})) {
        if (waiting->id() != eval.id()) evaluations.push_back(cancelled(*waiting));
      }
    }
  }
  if (outcome.plan.empty()) {
    write(std::move(task), std::move(evaluations));
    return;
  }
  outcome.plan.snapshot_index = follower_.snapshot().index();
  task.plan = std::make_shared<const scheduler::Plan>(std::move(outcome.plan));
  follower_.expect(*task.plan);
  submit(std::move(task), std::move(evaluations));
}

void Worker::submit(Task task, std::vector<model::Evaluation> evaluations) {
  PlanSubmission submission;
  submission.plan = task.plan;
  submission.evaluations = std::move(evaluations);
  submission.done = [inbox = inbox_, task = std::move(task)](Result<PlanReply> reply) {
    std::lock_guard lock(inbox->mutex);
    if (inbox->broker == nullptr) return;
    inbox->answers.push_back({task, std::move(reply)});
    inbox->broker->poke();
  };
  applier_.submit(std::move(submission));
}

void Worker::write(Task task, std::vector<model::Evaluation> evaluations) {
  model::Command command;
  for (auto& eval : evaluations) {
    *command.mutable_upsert_evaluations()->add_evaluations() = std::move(eval);
  }
  proposer_.propose(
      std::move(command), [inbox = inbox_, task = std::move(task)](Result<Applied> applied) {
        std::lock_guard lock(inbox->mutex);
        if (inbox->broker == nullptr) return;
        Result<PlanReply> reply = applied.ok()
                                      ? Result<PlanReply>(PlanReply{true, false, applied->index})
                                      : Result<PlanReply>(applied.error());
        inbox->answers.push_back({task, std::move(reply)});
        inbox->broker->poke();
      });
}

// After the answer to the broker, which takes nothing that is still out.
void Worker::block_again(const Task& task) {
  if (blocked_.block(task.block_after).ready) broker_.enqueue(task.block_after);
}

void Worker::give_up(Task task, const scheduler::Outcome& outcome) {
  const model::Evaluation& eval = *task.delivery.eval;
  YURT_LOG(warn, "scheduler", "evaluation {} of job {} keeps losing to others; giving it up",
           eval.id(), eval.job_id());
  SystemRandom ids;
  write(std::move(task), out_of_attempts(eval, outcome, follower_.snapshot().index(), ids));
}

}  // namespace yurt::server
