#include "agent/stream/server_list.h"

#include <algorithm>

namespace yurt::agent {
namespace {

constexpr std::int64_t first_wait_ns = 200 * nanoseconds_per_millisecond;
constexpr std::int64_t longest_wait_ns = 10 * nanoseconds_per_second;
constexpr std::size_t trusted_redirects = 3;

}  // namespace

ServerList::ServerList(std::vector<std::string> configured) : configured_(std::move(configured)) {}

void ServerList::learn(const std::vector<std::string>& told) {
  if (!told.empty()) told_ = told;
}

std::vector<std::string> ServerList::candidates() const {
  std::vector<std::string> all = told_;
  for (const auto& address : configured_) {
    if (std::find(all.begin(), all.end(), address) == all.end()) all.push_back(address);
  }
  return all;
}

std::int64_t ServerList::wait(double fraction) const {
  const std::size_t servers = std::max<std::size_t>(1, candidates().size());
  if (attempts_ <= servers) return 0;
  const std::size_t round = std::min<std::size_t>((attempts_ - 1) / servers - 1, 10);
  const std::int64_t most_ns = std::min(longest_wait_ns, first_wait_ns << round);
  return most_ns / 2 + static_cast<std::int64_t>(static_cast<double>(most_ns / 2) * fraction);
}

ServerList::Dial ServerList::next(double fraction) {
  const auto all = candidates();
  ++attempts_;
  if (all.empty()) return {"", wait(fraction)};
  return {all[position_++ % all.size()], wait(fraction)};
}

ServerList::Dial ServerList::redirected(const std::string& leader, double fraction) {
  if (leader.empty() || ++redirects_ > trusted_redirects) {
    redirects_ = 0;
    // No leader now: an election takes a moment, so do not come back at once.
    const auto dial = next(fraction);
    return {dial.address, std::max(dial.wait_ns, first_wait_ns)};
  }
  return {leader, 0};
}

void ServerList::succeeded() {
  attempts_ = 0;
  redirects_ = 0;
}

}  // namespace yurt::agent
