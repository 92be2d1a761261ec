// Progress: what a person at a terminal sees while an evaluation and its deployment are followed.
// Pure: lines from what is known so far.
#pragma once

#include <string>
#include <vector>

#include "cli/show.h"

namespace yurt::cli {

struct Progress {
  model::Evaluation evaluation;
  std::vector<model::AllocationStub> allocations;
  model::Deployment deployment;  // without an ID: none
};

// At most a screen of lines: of many allocations, those that are not yet well come first and the
// rest are counted.
[[nodiscard]] std::vector<std::string> progress_lines(const Terminal& terminal,
                                                      const Progress& progress, bool verbose);

// "[======>   ]": how much of `total` is done. REQUIRES: width >= 2
[[nodiscard]] std::string progress_bar(int done, int total, int width);

// What to do about a deployment whose canaries are healthy and wait for somebody; else "".
[[nodiscard]] std::string promotion_hint(const model::Deployment& deployment, bool verbose);

// The deployment's state and one line a group, as lines that tell a change apart.
[[nodiscard]] std::vector<std::string> deployment_lines(const Terminal& terminal,
                                                        const model::Deployment& deployment,
                                                        bool verbose);

}  // namespace yurt::cli
