// Cloning a git repository with the machine's git program.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace yurt::agent {

struct GitRequest {
  std::string url;
  std::string ref;           // a branch, tag or commit; "" = the default branch
  std::string depth;         // "" = everything
  std::string ssh_key;       // a private key in base64; "" = none
  bool insecure = false;     // certificates are not checked
  bool allow_files = false;  // repositories on this machine may be read
};

// Clones into `folder`, which must not exist, submodules included; the .git folder stays.
// `scratch` exists and is private: a key is kept there meanwhile.
[[nodiscard]] Status clone(const GitRequest& request, const std::filesystem::path& folder,
                           const std::filesystem::path& scratch,
                           const std::atomic<bool>& cancelled);

}  // namespace yurt::agent
