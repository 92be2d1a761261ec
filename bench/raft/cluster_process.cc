#include "bench/raft/cluster_process.h"

#include <poll.h>

#include <algorithm>

#include "base/assert.h"
#include "base/clock.h"
#include "bench/machine/held_port.h"

namespace yurt::bench {
ClusterProcess::ClusterProcess(std::string program, int size, std::filesystem::path folder)
    : program_(std::move(program)),
      folder_(std::move(folder)),
      addresses_(static_cast<std::size_t>(size)),
      nodes_(static_cast<std::size_t>(size)),
      leads_(static_cast<std::size_t>(size)) {
  for (std::string& address : addresses_) {
    HeldPort port = hold_port();
    address = std::move(port.address);
    ports_.push_back(std::move(port.holder));
  }
  for (int node = 0; node < size; ++node) start(node);
}

void ClusterProcess::start(int node) {
  const auto at = static_cast<std::size_t>(node);
  std::vector<std::string> arguments{program_, std::to_string(node + 1), addresses_[at],
                                     folder_.string(), std::to_string(nodes_.size())};
  arguments.insert(arguments.end(), addresses_.begin(), addresses_.end());
  nodes_[at] = std::make_unique<ChildProcess>(arguments);
}

std::int64_t ClusterProcess::kill(int node) {
  const std::int64_t at_ns = SystemClock().steady_ns();
  nodes_[static_cast<std::size_t>(node)].reset();
  leads_[static_cast<std::size_t>(node)] = false;
  std::erase_if(lines_, [node](const auto& line) { return line.first == node; });
  return at_ns;
}

void ClusterProcess::listen() {
  std::vector<pollfd> polls;
  std::vector<int> which;
  for (int node = 0; node < size(); ++node) {
    const auto& process = nodes_[static_cast<std::size_t>(node)];
    if (!process) continue;
    polls.push_back({process->readable_fd(), POLLIN, 0});
    which.push_back(node);
  }
  YURT_ASSERT(::poll(polls.data(), polls.size(), -1) > 0);
  for (std::size_t i = 0; i < polls.size(); ++i) {
    const auto node = static_cast<std::size_t>(which[i]);
    for (std::string& line : nodes_[node]->read_lines()) {
      if (line.starts_with("leads")) leads_[node] = true;
      if (line.starts_with("follows")) leads_[node] = false;
      lines_.emplace_back(which[i], std::move(line));
    }
    // It ended by itself: a bug, and waiting for it would never end.
    YURT_ASSERT((polls[i].revents & (POLLHUP | POLLERR)) == 0);
  }
}

int ClusterProcess::wait_for_leader() {
  while (true) {
    const auto leader = std::find(leads_.begin(), leads_.end(), true);
    if (leader != leads_.end()) return static_cast<int>(leader - leads_.begin());
    listen();
  }
}

std::string ClusterProcess::wait_for(const std::string& verb, int* which) {
  while (true) {
    for (auto at = lines_.begin(); at != lines_.end(); ++at) {
      if (!at->second.starts_with(verb)) continue;
      if (which != nullptr) *which = at->first;
      std::string line = std::move(at->second);
      lines_.erase(at);
      return line;
    }
    listen();
  }
}

std::string ClusterProcess::ask(int node, const std::string& line, const std::string& verb) {
  tell(node, line);
  while (true) {
    for (auto at = lines_.begin(); at != lines_.end(); ++at) {
      if (at->first != node || !at->second.starts_with(verb)) continue;
      std::string answer = std::move(at->second);
      lines_.erase(at);
      return answer;
    }
    listen();
  }
}

void ClusterProcess::tell(int node, const std::string& line) {
  nodes_[static_cast<std::size_t>(node)]->tell(line);
}

void ClusterProcess::tell_all(const std::string& line) {
  for (const auto& node : nodes_) {
    if (node) node->tell(line);
  }
}

}  // namespace yurt::bench
