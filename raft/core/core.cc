#include "raft/core/core.h"

#include <utility>

#include "raft/core/node.h"

namespace yurt::raft {

Core::Core(const CoreOptions& options, const CoreState& state, LogReader& log, std::int64_t now_ns,
           const Mutations& mutations)
    : node_(std::make_unique<Node>(options, state, log, now_ns, mutations)) {}
Core::Core(std::unique_ptr<Node> node) : node_(std::move(node)) {}
Core::~Core() = default;
Core::Core(Core&&) noexcept = default;
Core& Core::operator=(Core&&) noexcept = default;

void Core::step(std::int64_t now_ns, Event event) { node_->step(now_ns, std::move(event)); }
Output Core::take_output() { return node_->take_output(); }

const RoleState& Core::role() const { return node_->role_state(); }
HardState Core::hard_state() const { return node_->hard_state(); }
Index Core::start_index() const { return node_->log().start().index; }
Index Core::last_index() const { return node_->log().last_index(); }
Index Core::durable_index() const { return node_->durable_index(); }
Index Core::commit_index() const { return node_->commit_index(); }
Index Core::applied_index() const { return node_->applied_index(); }
std::int64_t Core::leader_contact_ns() const { return node_->leader_contact_ns(); }
const Configuration& Core::configuration() const { return node_->configuration(); }
std::vector<PeerView> Core::peers() const { return node_->peers(); }
SnapshotMeta Core::describe_snapshot(Index index) const { return node_->describe_snapshot(index); }
Term Core::term_at(Index index) const { return node_->log().term_at(index); }

Core Core::clone(LogReader& log) const {
  auto copy = std::make_unique<Node>(*node_);
  copy->set_reader(log);
  return Core(std::move(copy));
}
std::string Core::describe() const { return node_->describe(); }

}  // namespace yurt::raft
