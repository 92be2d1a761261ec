// A service's place in the networks: networks, network_mode, ports.
#include <array>
#include <charconv>

#include "drivers/compose/model/service_parts.h"

namespace yurt::drivers::compose {
namespace {

template <typename T, auto member>
void network_plain(NodeReader& reader, const std::string& field, const YamlNode& node, T& into) {
  reader.read(field, node, into.*member);
}

using N = ServiceNetwork;
constexpr auto network_keys = std::to_array<NodeReader::Key<N>>({
    {"aliases", network_plain<N, &N::aliases>},
    {"ipv4_address", network_plain<N, &N::ipv4>},
    {"ipv6_address", network_plain<N, &N::ipv6>},
    {"link_local_ips", network_plain<N, &N::link_local>},
    {"mac_address", network_plain<N, &N::mac>},
    {"priority", network_plain<N, &N::priority>},
});

// "8080" or "8080-8090"
bool read_range(std::string_view text, int& first, int& last) {
  const auto number = [](std::string_view digits, int& into) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), into);
    return error == std::errc() && end == digits.data() + digits.size() && into >= 1 &&
           into <= 65535;
  };
  const std::size_t dash = std::min(text.find('-'), text.size());
  if (!number(text.substr(0, dash), first)) return false;
  last = first;
  return dash == text.size() || (number(text.substr(dash + 1), last) && last >= first);
}

struct LongPort {
  std::string target, published, host_ip, protocol = "tcp", mode, name, app_protocol;
};

using L = LongPort;
constexpr auto long_port_keys = std::to_array<NodeReader::Key<L>>({
    {"target", network_plain<L, &L::target>},
    {"published", network_plain<L, &L::published>},
    {"host_ip", network_plain<L, &L::host_ip>},
    {"protocol", network_plain<L, &L::protocol>},
    {"mode", network_plain<L, &L::mode>},
    {"name", network_plain<L, &L::name>},
    {"app_protocol", network_plain<L, &L::app_protocol>},
});

// One port for each of the container's: ranges of the same length go together; a longer range of
// the machine's for one port of the container means any of it.
void add_port(NodeReader& reader, const std::string& field, const YamlNode& node,
              const LongPort& port, Service& into) {
  int first = 0;
  int last = 0;
  int host_first = 0;
  int host_last = 0;
  if (!read_range(port.target, first, last)) {
    return reader.fail(node, field,
                       "must be a port of the container like \"80\", \"8080:80\", "
                       "\"127.0.0.1:8080:80/tcp\" or a map with target");
  }
  const bool any = port.published.empty() || port.published == "0";
  if (!any && !read_range(port.published, host_first, host_last)) {
    return reader.fail(node, field,
                       "publishes \"" + port.published + "\", which is no port from 1 to 65535");
  }
  if (port.protocol != "tcp" && port.protocol != "udp" && port.protocol != "sctp") {
    return reader.fail(node, field,
                       "has the protocol \"" + port.protocol + "\"; there are tcp, udp and sctp");
  }
  if (!any && last > first && last - first != host_last - host_first) {
    return reader.fail(node, field, "maps ranges of different lengths");
  }
  for (int container = first; container <= last; ++container) {
    PublishedPort published{port.host_ip, host_first,    host_last,
                            container,    port.protocol, node.line};
    if (!any && last > first) {
      published.first_host = published.last_host = host_first + container - first;
    }
    into.ports.push_back(std::move(published));
  }
}

// "[[ip:]host:]container[/protocol]", the address perhaps in brackets.
LongPort split_port(std::string_view text) {
  LongPort port;
  const std::size_t slash = text.rfind('/');
  if (slash != std::string_view::npos) {
    port.protocol = text.substr(slash + 1);
    text = text.substr(0, slash);
  }
  const std::size_t last = text.rfind(':');
  if (last == std::string_view::npos) {
    port.target = text;
    return port;
  }
  port.target = text.substr(last + 1);
  text = text.substr(0, last);
  const std::size_t ip_end =
      text.starts_with('[') ? std::min(text.find(']') + 1, text.size()) : text.rfind(':');
  if (ip_end == std::string_view::npos || (text.starts_with('[') && ip_end == text.size())) {
    port.published = text;
    return port;
  }
  port.host_ip = text.substr(0, ip_end);
  if (port.host_ip.starts_with('[')) {
    port.host_ip = port.host_ip.substr(1, port.host_ip.size() - 2);
  }
  port.published = text.substr(ip_end + 1);
  return port;
}

}  // namespace

void read_service_networks(NodeReader& reader, const std::string& field, const YamlNode& node,
                           Service& into) {
  if (node.open) return;
  if (node.is_map()) {
    for (const YamlEntry& entry : node.entries) {
      ServiceNetwork& network = into.networks.emplace_back();
      network.key = entry.key;
      network.line = entry.line;
      reader.read_map<ServiceNetwork>(field + "." + entry.key, entry.value, network_keys, network);
    }
    return;
  }
  reader.each_item(field, node, [&](const std::string& own, const YamlNode& item) {
    ServiceNetwork& network = into.networks.emplace_back();
    network.line = item.line;
    reader.read(own, item, network.key);
  });
}

void read_network_mode(NodeReader& reader, const std::string& field, const YamlNode& node,
                       Service& into) {
  std::string mode;
  reader.read(field, node, mode);
  if (node.open) return;
  constexpr std::string_view of_service = "service:";
  if (mode.starts_with(of_service)) {
    into.network_of_service = mode.substr(of_service.size());
  } else if (mode == "host" || mode == "none" || mode == "bridge" ||
             mode.starts_with("container:")) {
    into.container.network_mode = mode;
  } else {
    reader.fail(node, field,
                "must be host, none, bridge, \"service:<name>\" or \"container:<name>\"");
  }
}

void read_ports(NodeReader& reader, const std::string& field, const YamlNode& node, Service& into) {
  reader.each_item(field, node, [&](const std::string& own, const YamlNode& item) {
    if (item.open) return;
    LongPort port;
    if (item.is_map()) {
      bool open = false;
      for (const YamlEntry& entry : item.entries) open |= entry.value.open;
      reader.read_map<LongPort>(own, item, long_port_keys, port);
      if (!port.mode.empty() && port.mode != "host" && port.mode != "ingress") {
        reader.fail(item, own + ".mode", "must be host or ingress");
      }
      if (open) return;
    } else {
      std::string text;
      reader.read(own, item, text);
      port = split_port(text);
    }
    add_port(reader, own, item, port, into);
  });
}

}  // namespace yurt::drivers::compose
