// Downloading one URL into one file over HTTP(S).
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"

namespace yurt::agent {

struct DownloadRequest {
  std::string url;
  std::map<std::string, std::string> headers;
  bool insecure = false;  // certificates are not checked
};

// Follows redirects (http and https only); tries again a few times after failures that may pass.
// Errors: not_found and permission_denied by the server's answer, unavailable, io.
[[nodiscard]] Status download(const DownloadRequest& request, const std::filesystem::path& file,
                              const std::atomic<bool>& cancelled);

// Asks for `url` with HEAD. Errors: not_found (404, 410), unavailable (any other answer, or none).
[[nodiscard]] Status ask_for(const std::string& url);

}  // namespace yurt::agent
