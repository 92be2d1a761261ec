// Completion: what the shells ask while somebody types.
//
// `yurt completion bash|zsh|fish` prints a script that hands the words typed so far to a hidden
// command; that one answers from the tree of commands, and asks the server for IDs. So the scripts
// never go stale.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace yurt::cli {

struct Candidate {
  std::string word, description;
};

// What may stand for the last of `words` (which may be ""), given those before it. Empty where a
// file name belongs, and when no server can be reached.
[[nodiscard]] std::vector<Candidate> complete(const CLI::App& root, Session& session,
                                              const std::vector<std::string>& words);

}  // namespace yurt::cli
