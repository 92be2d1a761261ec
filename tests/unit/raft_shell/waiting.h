// Waiting: turns the consensus facade's callbacks into values that a test can wait for.
#pragma once

#include <future>
#include <memory>
#include <string>

#include "raft/consensus.h"

namespace yurt::raft::testing {

// Calls `start(done)` and waits for the value that done is called with.
template <typename T, typename Start>
T wait_for_done(const Start& start) {
  auto promise = std::make_shared<std::promise<T>>();
  std::future<T> future = promise->get_future();
  start([promise](T value) { promise->set_value(std::move(value)); });
  return future.get();
}

inline Result<Proposed> propose(Consensus& consensus, std::string command) {
  return wait_for_done<Result<Proposed>>(
      [&](auto done) { consensus.propose(std::move(command), std::move(done)); });
}

inline Result<Index> read_barrier(Consensus& consensus) {
  return wait_for_done<Result<Index>>([&](auto done) { consensus.read_barrier(std::move(done)); });
}

inline Status compact(Consensus& consensus) {
  return wait_for_done<Status>([&](auto done) { consensus.compact(std::move(done)); });
}

}  // namespace yurt::raft::testing
