#include "scheduler/place/port_choice.h"

#include <algorithm>

namespace yurt::scheduler {
namespace {

// A few random tries find a port on any node that isn't nearly full; then every port is looked at.
constexpr int random_tries = 20;

class Chooser {
 public:
  Chooser(const ClusterView& view, Slot slot, Random& random)
      : facts_(view.facts(slot)), use_(view.use(slot)), node_(*view.node(slot)), random_(random) {}

  std::string add(const PortAsk& ask) {
    const std::string network = ask.host_network.resolve(node_).value_or("");
    bool any_address = false;
    for (const NodeFacts::Address& address : facts_.addresses) {
      if (address.network != network) continue;
      any_address = true;
      const std::uint16_t port = ask.value != 0 ? static_port(ask, address) : dynamic_port(address);
      if (port == 0) continue;
      granted_.push_back(
          {ask.label, port, ask.to == -1 ? port : ask.to, address.host_ip, ask.ignore_collision});
      return "";
    }
    if (!any_address) return "no addresses available for \"" + network + "\" network";
    if (ask.value == 0) return "dynamic port selection failed";
    return "reserved port collision " + ask.label + "=" + std::to_string(ask.value);
  }

  std::vector<GrantedPort> take() { return std::move(granted_); }

 private:
  [[nodiscard]] bool is_free(const NodeFacts::Address& address, std::uint16_t port) const {
    return !address.reserved.contains(port) && !use_.port_used(address.host_ip, port) &&
           std::none_of(granted_.begin(), granted_.end(), [&](const GrantedPort& granted) {
             return granted.value == port && granted.host_ip == address.host_ip;
           });
  }
  [[nodiscard]] std::uint16_t static_port(const PortAsk& ask,
                                          const NodeFacts::Address& address) const {
    return ask.ignore_collision || is_free(address, ask.value) ? ask.value : 0;
  }
  [[nodiscard]] std::uint16_t dynamic_port(const NodeFacts::Address& address) {
    const unsigned first = facts_.min_dynamic_port, last = facts_.max_dynamic_port;
    if (last < first) return 0;
    for (int i = 0; i < random_tries; ++i) {
      const auto port = static_cast<std::uint16_t>(first + random_.below(last - first + 1));
      if (is_free(address, port)) return port;
    }
    for (unsigned port = first; port <= last; ++port) {
      if (is_free(address, static_cast<std::uint16_t>(port))) {
        return static_cast<std::uint16_t>(port);
      }
    }
    return 0;
  }

  const NodeFacts& facts_;
  const NodeUse& use_;
  const model::Node& node_;
  Random& random_;
  std::vector<GrantedPort> granted_;
};

}  // namespace

std::variant<std::vector<GrantedPort>, std::string> choose_ports(const std::vector<PortAsk>& asks,
                                                                 const ClusterView& view, Slot slot,
                                                                 Random& random) {
  Chooser chooser(view, slot, random);
  // Static ports first: a dynamic one must not take what a static one needs.
  for (const bool want_static : {true, false}) {
    for (const PortAsk& ask : asks) {
      if ((ask.value != 0) != want_static) continue;
      if (auto refusal = chooser.add(ask); !refusal.empty()) return refusal;
    }
  }
  return chooser.take();
}

}  // namespace yurt::scheduler
