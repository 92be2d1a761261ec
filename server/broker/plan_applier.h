// PlanApplier: verifies plans against the newest state, in order, and commits what fits.
//
// One thread. What waits is verified and proposed in batches, a command each; while one is being
// committed, the next is verified already, counting what is on its way. A plan too long for one
// command goes in several, one after the other. Leader only. Thread-safe.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "proto/command.pb.h"
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
  struct Batch {
    std::vector<InFlight> flights;
    // Several: the parts of one long plan, each proposed when the one before it is committed.
    std::vector<model::Command> commands;
    std::size_t proposed = 0;
    std::size_t size_bytes = 0;
  };
  struct Finished {
    std::shared_ptr<Batch> batch;
    Result<Applied> outcome;
  };
  // Completions come from consensus threads, perhaps after stop(): they share this, not `this`.
  struct Completions {
    std::mutex mutex;
    std::vector<Finished> finished;
    std::function<void()> wake;  // null once stopped
  };

  void run();
  void wake();
  void verify_and_propose(std::vector<PlanSubmission> submissions);
  void add(Batch& batch, PlanSubmission submission, const scheduler::Plan& accepted,
           PlanReply reply);
  void propose(std::shared_ptr<Batch> batch);
  static void propose_next(Proposer& proposer, std::shared_ptr<Completions> completions,
                           std::shared_ptr<Batch> batch);
  void finish(Finished finished);

  Proposer& proposer_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<PlanSubmission> waiting_;
  bool woken_ = false;  // something was completed, or the state has moved far
  bool stopping_ = false;
  Figures figures_;
  std::shared_ptr<Completions> completions_ = std::make_shared<Completions>();

  ViewFollower follower_;
  scheduler::PlanVerifier verifier_;
  std::thread thread_;
};

}  // namespace yurt::server
