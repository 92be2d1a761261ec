// Configuration: files in HCL and command-line flags into the settings of a server and an agent.
//
// Several files (or all *.hcl and *.json of a folder, by name) are merged, later ones winning field
// by field. Errors name the file, line and field.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/options.h"
#include "base/random.h"
#include "base/result.h"
#include "proto/config.pb.h"
#include "server/server_core.h"

namespace yurt::program {

// Reads and merges. invalid_argument with rendered diagnostics when something is wrong.
[[nodiscard]] Result<model::Config> load_config(const std::vector<std::string>& paths,
                                                Random& random);

// Where this process listens and what others are told.
struct Listeners {
  std::string bind_address = "127.0.0.1";
  int http_port = 4646;  // 0: any free one
  int rpc_port = 4647;
};
[[nodiscard]] Result<Listeners> listeners_of(const model::Config& config);

[[nodiscard]] Result<server::ServerSettings> server_settings(const model::Config& config);
[[nodiscard]] Result<agent::AgentOptions> agent_options(const model::Config& config);

// The address others use: what is advertised, with `port` when it names none, else `bind`:`port`.
[[nodiscard]] std::string advertised(const std::string& wanted, const std::string& bind, int port);

// invalid_argument when `bind` is reachable by others and nobody has allowed that.
[[nodiscard]] Status check_exposure(const std::string& bind, bool insecure);

}  // namespace yurt::program
