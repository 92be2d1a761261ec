// PlanApplier: verifies plans against the newest state, in order, and commits what fits.
//
// One thread. Everything that waits is verified as one batch and proposed as one command; while
// that is being committed, the next batch is verified already, counting what is on its way. Leader
// only. Thread-safe.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "proto/state.pb.h"
#include "scheduler/verify.h"
#include "server/broker/view_follower.h"
#include "server/proposer.h"

namespace yurt::server {

struct PlanReply {
  bool complete = false;    // all of it was committed
  bool progress = false;    // some of it was
  std::uint64_t index = 0;  // the state to look at before planning again
};

struct PlanSubmission {
  std::shared_ptr<const scheduler::Plan> plan;
  // Written with the plan when all of it is committed: the evaluation's end and what follows it.
  std::vector<model::Evaluation> evaluations;
  // Called once, on some thread; an error means that nothing is known to be committed.
  std::function<void(Result<PlanReply>)> done;
};

class PlanApplier {
 public:
  PlanApplier(StateStore& store, Proposer& proposer);
  ~PlanApplier();

  void submit(PlanSubmission submission);
  // Answers what still waits with unavailable and ends the thread.
  void stop();

  struct Figures {
    std::uint64_t plans = 0, partial = 0, rejected_nodes = 0, batches = 0;
  };
  [[nodiscard]] Figures figures() const;

 private:
  struct InFlight {
    PlanSubmission submission;
    scheduler::PlanVerifier::Ticket ticket = 0;
    PlanReply reply;
  };
  struct Finished {
    std::shared_ptr<std::vector<InFlight>> batch;
    Result<Applied> outcome;
  };

  void run();
  void verify_and_propose(std::vector<PlanSubmission> batch);
  void finish(Finished finished);

  Proposer& proposer_;
  ViewFollower follower_;
  scheduler::PlanVerifier verifier_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<PlanSubmission> waiting_;
  // Completions come from consensus threads, perhaps after stop(): they share this, not `this`.
  struct Completions {
    std::mutex mutex;
    std::vector<Finished> finished;
    std::function<void()> wake;
  };
  std::shared_ptr<Completions> completions_ = std::make_shared<Completions>();
  bool completed_ = false;
  bool stopping_ = false;
  Figures figures_;
  std::thread thread_;
};

}  // namespace yurt::server
