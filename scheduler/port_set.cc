#include "scheduler/port_set.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace yurt::scheduler {
namespace {

std::string_view trimmed_part(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Result<std::uint16_t> parse_port(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > 65535) {
    return Error{ErrorCode::invalid_argument,
                 "\"" + std::string(text) + "\" is not a port (1 to 65535)"};
  }
  return static_cast<std::uint16_t>(value);
}

}  // namespace

void PortSet::add(std::uint16_t port) {
  auto at = std::lower_bound(entries_.begin(), entries_.end(), port,
                             [](const Entry& entry, std::uint16_t p) { return entry.port < p; });
  if (at != entries_.end() && at->port == port) {
    ++at->uses;
  } else {
    entries_.insert(at, Entry{port, 1});
  }
}

void PortSet::remove(std::uint16_t port) {
  auto at = std::lower_bound(entries_.begin(), entries_.end(), port,
                             [](const Entry& entry, std::uint16_t p) { return entry.port < p; });
  YURT_ASSERT(at != entries_.end() && at->port == port);
  if (--at->uses == 0) entries_.erase(at);
}

bool PortSet::contains(std::uint16_t port) const {
  auto at = std::lower_bound(entries_.begin(), entries_.end(), port,
                             [](const Entry& entry, std::uint16_t p) { return entry.port < p; });
  return at != entries_.end() && at->port == port;
}

Result<std::vector<std::uint16_t>> parse_port_list(std::string_view text) {
  std::vector<std::uint16_t> ports;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string_view part = trimmed_part(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    if (part.empty()) continue;
    const auto dash = part.find('-');
    YURT_ASSIGN(const std::uint16_t first, parse_port(trimmed_part(part.substr(0, dash))));
    std::uint16_t last = first;
    if (dash != std::string_view::npos) {
      YURT_ASSIGN(last, parse_port(trimmed_part(part.substr(dash + 1))));
    }
    if (last < first) {
      return Error{ErrorCode::invalid_argument,
                   "the port range \"" + std::string(part) + "\" runs backwards"};
    }
    for (unsigned port = first; port <= last; ++port) {
      ports.push_back(static_cast<std::uint16_t>(port));
    }
  }
  std::sort(ports.begin(), ports.end());
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  return ports;
}

}  // namespace yurt::scheduler
