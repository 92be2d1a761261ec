// Outputs: whether what a job leaves behind exists already, so that it need not run again.
//
// An output is an absolute path, a file:// URL or an http(s):// URL, with nothing left to fill in.
// A URL is asked with HEAD: any 2xx answer is an output, 404 and 410 are none. Blocks; thread-safe.
#pragma once

#include <string>
#include <vector>

namespace yurt::agent {

struct OutputsAnswer {
  bool all_exist = false;
  std::string missing{};  // the first that does not exist, or of which it is not known
  std::string problem{};  // why it is not known; "" when it is known
};

// REQUIRES: outputs is not empty
[[nodiscard]] OutputsAnswer look_for_outputs(const std::vector<std::string>& outputs);

}  // namespace yurt::agent
