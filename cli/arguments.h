// Arguments: from words as Nomad's users type them to words as CLI11 reads them.
//
// Go's flag style becomes CLI11's: "-detach" and "--detach" are the same, as are "-var a=b" and
// "-var=a=b"; "-i=false" turns a flag off; flags may stand before and after the other words. Where
// a command runs another one (alloc exec), the words after its own first one stay as they are. The
// tree of commands says which flags take a value. Pure.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace yurt::cli {

// Marks a command whose words after the first are somebody else's.
void pass_words_on(CLI::App& command);

struct Arguments {
  std::vector<std::string> words;     // in the order given, for CLI11
  const CLI::App* command = nullptr;  // the innermost one that was named
};

// Reads `words`, which do not hold the program's name. invalid_argument for a command or flag that
// does not exist, with the nearest that does; `out.command` is the one that was named so far.
[[nodiscard]] Status normalise(const CLI::App& root, const std::vector<std::string>& words,
                               Arguments& out);

// The subcommands that help and documentation show, in the order they were added.
[[nodiscard]] std::vector<const CLI::App*> shown_subcommands(const CLI::App& app);
// All options of a command, flags first to last; its positional words are not among them.
[[nodiscard]] std::vector<const CLI::Option*> flags_of(const CLI::App& app);
// The words a command takes, in order.
[[nodiscard]] std::vector<const CLI::Option*> words_of(const CLI::App& app);
[[nodiscard]] bool takes_value(const CLI::Option& option);
// "-n, -lines": a flag as it is shown.
[[nodiscard]] std::string flag_names(const CLI::Option& option);
// "yurt job run".
[[nodiscard]] std::string full_name(const CLI::App& app);

}  // namespace yurt::cli
