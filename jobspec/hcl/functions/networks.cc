// cidrhost cidrnetmask cidrsubnet cidrsubnets
#include <arpa/inet.h>

#include <charconv>

#include "jobspec/hcl/functions/registry.h"

namespace yurt::hcl {
namespace {

__extension__ typedef unsigned __int128 Bits;

struct Prefix {
  Bits address = 0;
  int length = 0;
  int width = 32;  // 32 or 128

  [[nodiscard]] int host_bits() const { return width - length; }
};

Bits low_bits(int count) { return count >= 128 ? ~Bits(0) : (Bits(1) << count) - 1; }

std::string address_text(Bits address, int width) {
  unsigned char bytes[16];
  const int count = width / 8;
  for (int i = 0; i < count; ++i) {
    bytes[i] = static_cast<unsigned char>(address >> (width - 8 * (i + 1)));
  }
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(width == 32 ? AF_INET : AF_INET6, bytes, text, sizeof text);
  return text;
}

std::string prefix_text(const Prefix& prefix) {
  return address_text(prefix.address, prefix.width) + "/" + std::to_string(prefix.length);
}

std::optional<Prefix> parse_prefix(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return std::nullopt;
  const std::string address = text.substr(0, slash);
  Prefix prefix;
  unsigned char bytes[16];
  if (inet_pton(AF_INET, address.c_str(), bytes) != 1) {
    if (inet_pton(AF_INET6, address.c_str(), bytes) != 1) return std::nullopt;
    prefix.width = 128;
  }
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + slash + 1, end, prefix.length);
  if (parsed.ec != std::errc() || parsed.ptr != end || text[slash + 1] == '-' ||
      prefix.length > prefix.width) {
    return std::nullopt;
  }
  for (int i = 0; i < prefix.width / 8; ++i) prefix.address = (prefix.address << 8) | bytes[i];
  prefix.address &= ~low_bits(prefix.host_bits());
  return prefix;
}

CallError bad_prefix(const Value& value) {
  return call_error(
      "invalid CIDR expression: \"" + value.as_string() + "\"; expected e.g. \"10.0.0.0/8\"", 0);
}

CallResult cidr_host(Arguments arguments, std::uint64_t) {
  const auto prefix = parse_prefix(arguments[0].as_string());
  if (!prefix) return bad_prefix(arguments[0]);
  const auto number = whole(arguments[1]);
  if (!number) return call_error("the host number must be a whole number", 1);
  const Bits largest = low_bits(prefix->host_bits());
  // Negative numbers count from the end.
  const Bits distance =
      *number < 0 ? static_cast<Bits>(-(*number + 1)) : static_cast<Bits>(*number);
  if (distance > largest) {
    return call_error("prefix of " + std::to_string(prefix->length) +
                          " does not accommodate a host numbered " + std::to_string(*number),
                      1);
  }
  const Bits host = *number < 0 ? largest - distance : distance;
  return Value::string(address_text(prefix->address | host, prefix->width));
}

CallResult cidr_netmask(Arguments arguments, std::uint64_t) {
  const auto prefix = parse_prefix(arguments[0].as_string());
  if (!prefix) return bad_prefix(arguments[0]);
  if (prefix->width != 32) {
    return call_error("IPv6 addresses cannot have a netmask: " + arguments[0].as_string(), 0);
  }
  return Value::string(address_text(low_bits(32) & ~low_bits(prefix->host_bits()), 32));
}

// Empty when `new_bits` more fit behind the prefix.
std::string extension_problem(const Prefix& prefix, std::int64_t new_bits) {
  if (new_bits <= prefix.host_bits()) return "";
  return "insufficient address space to extend prefix of " + std::to_string(prefix.length) +
         " by " + std::to_string(new_bits);
}

CallResult cidr_subnet(Arguments arguments, std::uint64_t) {
  auto prefix = parse_prefix(arguments[0].as_string());
  if (!prefix) return bad_prefix(arguments[0]);
  const auto new_bits = whole(arguments[1]), number = whole(arguments[2]);
  if (!new_bits || *new_bits < 0)
    return call_error("newbits must be a whole number, not negative", 1);
  if (!number || *number < 0) return call_error("netnum must be a whole number, not negative", 2);
  if (const auto problem = extension_problem(*prefix, *new_bits); !problem.empty()) {
    return call_error(problem, 1);
  }
  const int bits = static_cast<int>(*new_bits);
  if (static_cast<Bits>(*number) > low_bits(bits)) {
    return call_error("prefix extension of " + std::to_string(bits) +
                          " does not accommodate a subnet numbered " + std::to_string(*number),
                      2);
  }
  prefix->length += bits;
  if (prefix->host_bits() < 128) {
    prefix->address |= static_cast<Bits>(*number) << prefix->host_bits();
  }
  return Value::string(prefix_text(*prefix));
}

// Subnets of the given extra lengths, one after the other, each on its own size's border.
CallResult cidr_subnets(Arguments arguments, std::uint64_t) {
  const auto prefix = parse_prefix(arguments[0].as_string());
  if (!prefix) return bad_prefix(arguments[0]);
  Value::Elements subnets;
  Bits used = 0;  // from the prefix's first address
  bool full = false;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const auto new_bits = whole(arguments[i]);
    if (!new_bits || *new_bits < 1) {
      return call_error("must extend prefix by at least one bit", i);
    }
    if (const auto problem = extension_problem(*prefix, *new_bits); !problem.empty()) {
      return call_error(problem, i);
    }
    Prefix subnet = *prefix;
    subnet.length += static_cast<int>(*new_bits);
    const Bits mask = low_bits(subnet.host_bits());
    const Bits begin = (used + mask) & ~mask;
    if (full || begin < used || begin > low_bits(prefix->host_bits())) {
      return call_error("not enough remaining address space for a subnet with a prefix of " +
                            std::to_string(subnet.length) + " bits in " + prefix_text(*prefix),
                        i);
    }
    subnet.address = prefix->address | begin;
    subnets.push_back(Value::string(prefix_text(subnet)));
    full = begin + mask == low_bits(prefix->host_bits());
    used = begin + mask + 1;
  }
  return Value::list(std::move(subnets));
}

}  // namespace

void add_network_functions(FunctionTable& table) {
  table["cidrhost"] = {{string_parameter("prefix"), number_parameter("hostnum")}, {}, cidr_host};
  table["cidrnetmask"] = {{string_parameter("prefix")}, {}, cidr_netmask};
  table["cidrsubnet"] = {
      {string_parameter("prefix"), number_parameter("newbits"), number_parameter("netnum")},
      {},
      cidr_subnet};
  table["cidrsubnets"] = {{string_parameter("prefix")}, number_parameter("newbits"), cidr_subnets};
}

}  // namespace yurt::hcl
