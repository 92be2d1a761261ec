// PortSet: which ports of one host address are taken, and how often.
//
// A port can be taken twice for a while: a replaced task that is still going away and its
// successor share a static port. So uses are counted, not flagged. Kept as a sorted array, since
// nodes use dozens of ports, not thousands. A plain value; no thread-safety of its own.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace yurt::scheduler {

class PortSet {
 public:
  void add(std::uint16_t port);
  // REQUIRES: contains(port)
  void remove(std::uint16_t port);
  [[nodiscard]] bool contains(std::uint16_t port) const;
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  // How many different ports are taken.
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  bool operator==(const PortSet&) const = default;

 private:
  struct Entry {
    std::uint16_t port;
    std::uint16_t uses;
    bool operator==(const Entry&) const = default;
  };
  std::vector<Entry> entries_;  // ascending by port
};

// Reads "22,80,8500-8600". Blanks around numbers are allowed; anything else, port 0 or a range
// that runs backwards is an invalid_argument error.
[[nodiscard]] Result<std::vector<std::uint16_t>> parse_port_list(std::string_view text);

}  // namespace yurt::scheduler
