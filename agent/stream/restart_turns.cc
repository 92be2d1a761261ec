#include "agent/stream/restart_turns.h"

#include <utility>

namespace yurt::agent {

void RestartTurns::ask(AllocId alloc, const std::string& task, std::uint64_t index, Answer answer) {
  auto& turn = turns_[{alloc, task}];
  turn.answer = std::move(answer);
  turn.message.Clear();
  turn.message.set_alloc_id(alloc.to_bytes());
  turn.message.set_task(task);
  turn.message.set_kind(model::RestartTurn::ASK);
  turn.message.set_index(index);
  send(turn.message);
}

void RestartTurns::done(AllocId alloc, const std::string& task) {
  end({alloc, task}, model::RestartTurn::DONE);
}

void RestartTurns::cancel(AllocId alloc, const std::string& task) {
  end({alloc, task}, model::RestartTurn::CANCEL);
}

void RestartTurns::end(const Key& key, model::RestartTurn::Kind kind) {
  auto turn = turns_.extract(key);
  if (turn.empty()) return;
  turn.mapped().message.set_kind(kind);
  turn.mapped().message.set_granted(false);
  send(turn.mapped().message);
}

void RestartTurns::failed(AllocId alloc, const std::string& task) {
  const auto turn = turns_.find({alloc, task});
  if (turn == turns_.end()) return;
  // Kept: a later leader must not go on with this roll either.
  turn->second.message.set_kind(model::RestartTurn::FAILED);
  turn->second.message.set_granted(false);
  turn->second.answer = {};
  send(turn->second.message);
}

void RestartTurns::answered(const model::RestartTurnGrant& grant) {
  const Key key{AllocId::from_bytes(grant.alloc_id()), grant.task()};
  const auto turn = turns_.find(key);
  if (turn == turns_.end()) {
    // It has changed its mind while the grant was on its way.
    model::RestartTurn over;
    over.set_alloc_id(grant.alloc_id());
    over.set_task(grant.task());
    over.set_kind(model::RestartTurn::CANCEL);
    send(over);
    return;
  }
  const Answer answer = std::exchange(turn->second.answer, {});
  if (!answer) return;
  if (grant.refused().empty()) {
    turn->second.message.set_granted(true);
  } else {
    turns_.erase(turn);
  }
  answer(grant.refused());
}

std::vector<model::RestartTurn> RestartTurns::standing() const {
  std::vector<model::RestartTurn> out;
  for (const auto& [key, turn] : turns_) out.push_back(turn.message);
  return out;
}

}  // namespace yurt::agent
