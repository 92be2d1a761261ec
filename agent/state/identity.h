// The node's identity: its ID and the secret that proves it, made once and kept in
// <data_dir>/node-id and <data_dir>/node-secret for as long as the folder lives.
#pragma once

#include <filesystem>
#include <string>

#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"

namespace yurt::agent {

struct NodeIdentity {
  NodeId id;
  std::string secret;  // a UUID
};

// Reads the identity, or makes one and stores it durably. corrupt when a file holds something else
// than a UUID: it is never replaced silently, since the node would come back as another one.
[[nodiscard]] Result<NodeIdentity> load_or_create_identity(const std::filesystem::path& data_dir,
                                                           Random& random);

// Which boot of the machine this is (the kernel's random boot ID); "" where it is not told.
[[nodiscard]] std::string read_boot_id();

}  // namespace yurt::agent
