// Address: which server the command line talks to.
//
// Yurt's own clients speak gRPC, Nomad's speak HTTP, and people have NOMAD_ADDR set to an HTTP
// endpoint: such an address is taken too, by asking that endpoint for the gRPC one.
#pragma once

#include <initializer_list>
#include <string>

#include "base/result.h"

namespace yurt::cli {

inline constexpr const char* default_address = "127.0.0.1:4647";

// The first of the variables that is set and not empty; `otherwise` when none is.
[[nodiscard]] std::string environment(std::initializer_list<const char*> variables,
                                      const std::string& otherwise);

struct Address {
  std::string host, port;
  bool http = false;  // of an HTTP endpoint

  [[nodiscard]] std::string text() const;  // "host:port", "[::1]:4647"
};

// "host", "host:port", "[::1]:port", "http://host:port/". invalid_argument says what is wrong.
[[nodiscard]] Result<Address> parse_address(const std::string& text);

// The gRPC endpoint that `text` means. Asks an HTTP endpoint, which may take seconds.
[[nodiscard]] Result<std::string> find_rpc_address(const std::string& text);

}  // namespace yurt::cli
