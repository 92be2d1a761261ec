// Worker: takes evaluations from the broker, schedules them and submits the plans.
//
// One thread each. It does not wait for a plan to be committed before it takes the next evaluation:
// its own view counts what it has planned, so that its plans rarely collide. Leader only.
#pragma once

#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "server/broker/blocked_evals.h"
#include "server/broker/eval_broker.h"
#include "server/broker/plan_applier.h"
#include "server/broker/view_follower.h"

namespace yurt::server {

class Worker {
 public:
  Worker(StateStore& store, EvalBroker& broker, BlockedEvals& blocked, PlanApplier& applier,
         Proposer& proposer, Clock& clock);
  ~Worker();
  // REQUIRES: the broker and the applier have been stopped
  void stop();

 private:
  // One evaluation being dealt with, through several attempts if plans are refused.
  struct Task {
    EvalBroker::Delivery delivery;
    std::shared_ptr<const scheduler::Plan> plan;  // submitted and not yet answered
    int attempts = 0;
    // What happened to a blocked evaluation that found no room again: it only waits on.
    std::shared_ptr<const model::Evaluation> block_after;
  };
  struct Answer {
    Task task;
    Result<PlanReply> reply;
  };
  // Answers come from other threads, perhaps after stop().
  struct Inbox {
    std::mutex mutex;
    std::vector<Answer> answers;
    EvalBroker* broker = nullptr;  // null once stopped
  };

  void run();
  void handle(Answer answer);
  void attempt(Task task);
  void submit(Task task, std::vector<model::Evaluation> evaluations);
  void write(Task task, std::vector<model::Evaluation> evaluations);
  void block_again(const Task& task);
  void give_up(Task task, const scheduler::Outcome& outcome);

  EvalBroker& broker_;
  BlockedEvals& blocked_;
  PlanApplier& applier_;
  Proposer& proposer_;
  Clock& clock_;
  ViewFollower follower_;
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  std::thread thread_;
};

}  // namespace yurt::server
