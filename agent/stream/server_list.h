// ServerList: which server to dial next, and how long to wait before. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

namespace yurt::agent {

class ServerList {
 public:
  // Addresses as configured, "host:port". They stay candidates for ever, behind those that servers
  // have told.
  explicit ServerList(std::vector<std::string> configured);

  // What a server says the servers are; an empty list changes nothing.
  void learn(const std::vector<std::string>& told);
  [[nodiscard]] const std::vector<std::string>& told() const { return told_; }

  struct Dial {
    std::string address;
    std::int64_t wait_ns = 0;
  };
  // The next attempt after a failure or at the start. The first round over all servers comes
  // without waiting; later ones wait longer and longer, up to ten seconds, spread by `fraction`
  // in [0, 1).
  [[nodiscard]] Dial next(double fraction);
  // A follower named the leader ("" when it knows none).
  [[nodiscard]] Dial redirected(const std::string& leader, double fraction);
  // A server took us: the next failure starts from the beginning.
  void succeeded();

 private:
  [[nodiscard]] std::vector<std::string> candidates() const;
  [[nodiscard]] std::int64_t wait(double fraction) const;

  std::vector<std::string> configured_;
  std::vector<std::string> told_;
  std::size_t position_ = 0;
  std::size_t attempts_ = 0;  // since the last success
  std::size_t redirects_ = 0;
};

}  // namespace yurt::agent
