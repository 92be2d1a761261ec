// The state as text and as figures, for people, tests and searches.
#include <sstream>

#include "raft/core/node.h"

namespace yurt::raft {
namespace {

void print(std::ostream& out, const Configuration& configuration) {
  out << "{";
  for (const auto& peer : configuration.peers) {
    out << peer.id << (peer.voter ? "v" : "l") << " ";
  }
  out << "}";
}

void print(std::ostream& out, const PeerProgress& peer) {
  out << static_cast<int>(peer.mode) << " m" << peer.match << " n" << peer.next << " c"
      << peer.commit_sent << " w" << peer.waiting << " p" << peer.probe_last << " mr"
      << peer.mark_round << " mi" << peer.mark_index << " r" << peer.acked_round << " u"
      << peer.caught_up << " t" << peer.catch_up_target << " f";
  for (const auto& flight : peer.inflight) out << flight.last << ",";
}

}  // namespace

std::vector<PeerView> Core::Node::peers() const {
  std::vector<PeerView> views;
  for (const auto& [id, peer] : progress_) {
    views.push_back({id, peer.mode, peer.match, peer.next, peer.inflight.size(),
                     peer.inflight_bytes, peer.last_answer_ns, peer.caught_up});
  }
  return views;
}

std::string Core::Node::describe() const {
  std::ostringstream out;
  out << "term " << term_ << " vote " << vote_ << " role " << static_cast<int>(role_) << " leader "
      << leader_ << " commit " << commit_ << " handed " << handed_ << " applied " << applied_
      << " durable " << writes_.durable_index() << " verified " << verified_ << " start "
      << log_.start().index << "\nlog";
  for (Index index = log_.start().index; index <= log_.last_index(); ++index) {
    out << " " << log_.term_at(index);
  }
  out << "\nconfigurations";
  for (const auto& item : configurations_.all()) {
    out << " " << item.index;
    print(out, item.configuration);
  }
  // Sequences count from the last one persisted, so that equal states read alike.
  const std::uint64_t persisted = writes_.persisted_sequence();
  const auto ahead = [&](std::uint64_t sequence) {
    return sequence <= persisted ? 0 : sequence - persisted;
  };
  out << "\nwrites " << ahead(writes_.hard_state_sequence()) << " " << ahead(writes_.log_sequence())
      << " " << ahead(own_vote_after_) << "\nheld";
  for (const auto& held : outbox_.held()) {
    out << " " << ahead(held.after) << ":" << held.message.to << ":" << held.message.body.index();
    if (const auto* reply = std::get_if<AppendReply>(&held.message.body))
      out << ":" << reply->match;
  }
  out << "\nvotes";
  for (const auto& [id, granted] : votes_) out << " " << id << "=" << granted;
  if (installing_) out << "\ninstalling " << installing_->index << "@" << installing_->term;
  for (const auto& [id, peer] : progress_) {
    out << "\npeer " << id << ": ";
    print(out, peer);
  }
  out << "\nnoop " << noop_index_ << " round " << leader_reads_.round() << " lease_broken "
      << lease_broken_ << " reads";
  for (const auto& read : leader_reads_.fresh()) out << " " << read.origin << ":" << read.id;
  for (const auto& read : leader_reads_.waiting()) {
    out << " " << read.origin << ":" << read.id << "@" << read.index << "r" << read.round;
  }
  for (const auto& [id, read] : forwarded_) out << " f" << id << ":" << read.token;
  for (const auto& read : confirmed_reads_) {
    out << " c" << read.answer.token << "@" << read.answer.index;
  }
  if (transfer_) out << "\ntransfer " << transfer_->target << " " << transfer_->told;
  return out.str();
}

}  // namespace yurt::raft
