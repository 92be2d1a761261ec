#include "bench/raft/node_machine.h"

#include <cstring>

#include "base/assert.h"

namespace yurt::bench {

std::string make_command(const CommandId& id, std::size_t size_bytes) {
  YURT_ASSERT(size_bytes >= sizeof id);
  std::string command(size_bytes, 'x');
  std::memcpy(command.data(), &id, sizeof id);
  return command;
}

std::vector<std::any> NodeMachine::apply(std::span<const Committed> batch) {
  const std::lock_guard lock(mutex_);
  for (const Committed& committed : batch) {
    CommandId id;
    YURT_ASSERT(committed.command.size() >= sizeof id);
    std::memcpy(&id, committed.command.data(), sizeof id);
    std::vector<bool>& numbers = applied_[{id.server, id.run}];
    if (numbers.size() <= id.number) numbers.resize(id.number + 1);
    numbers[id.number] = true;
  }
  return std::vector<std::any>(batch.size());
}

Result<raft::StateMachine::Snapshot> NodeMachine::take_snapshot(
    const std::filesystem::path& /*scratch*/) {
  return Error{ErrorCode::unimplemented, "the benchmark's machine keeps its whole log"};
}

Status NodeMachine::restore(const std::filesystem::path& /*folder*/, raft::Index /*index*/) {
  return Error{ErrorCode::unimplemented, "the benchmark's machine keeps its whole log"};
}

bool NodeMachine::has(const CommandId& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = applied_.find({id.server, id.run});
  return found != applied_.end() && id.number < found->second.size() && found->second[id.number];
}

}  // namespace yurt::bench
