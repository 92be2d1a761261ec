#include "raft/shell/refusal.h"

namespace yurt::raft {
namespace {

Error not_leader(PeerId leader, const std::string& address) {
  if (leader == 0) {
    return {ErrorCode::unavailable, "no leader is known at present: try again"};
  }
  return {ErrorCode::unavailable, "this server is not the leader; the leader is at " +
                                      (address.empty() ? "an unknown address" : address)};
}

}  // namespace

Error refusal_error(Refusal refusal, PeerId leader, const std::string& leader_address) {
  switch (refusal) {
    case Refusal::none: break;
    case Refusal::not_leader: return not_leader(leader, leader_address);
    case Refusal::lost_leadership:
      return {ErrorCode::unavailable, "leadership was lost meanwhile: try again"};
    case Refusal::too_much_waiting:
      return {ErrorCode::resource_exhausted, "too many commands wait to be committed: try again"};
    case Refusal::transferring:
      return {ErrorCode::unavailable, "leadership is being handed over: try again"};
    case Refusal::not_ready:
      return {ErrorCode::unavailable, "the leader was only just elected: try again"};
    case Refusal::change_in_progress:
      return {ErrorCode::failed_precondition,
              "another membership change is not committed yet: try again"};
    case Refusal::no_such_peer: return {ErrorCode::not_found, "no such member, or it has no vote"};
    case Refusal::already_done: return {ErrorCode::already_exists, "it is so already"};
    case Refusal::behind:
      return {ErrorCode::failed_precondition, "the server has not caught up with the log yet"};
    case Refusal::last_voter:
      return {ErrorCode::failed_precondition, "the last voter cannot be removed"};
    case Refusal::timed_out:
      return {ErrorCode::deadline_exceeded,
              "the other server did not take over within an election timeout"};
  }
  return {ErrorCode::internal, "refused without a reason"};
}

}  // namespace yurt::raft
