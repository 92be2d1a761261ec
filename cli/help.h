// Help: what a command prints for -help, and docs/cli.md, both from the tree of commands.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace yurt::cli {

// Makes `root`, and all commands added to it later, print help in Nomad's manner.
void use_help_texts(CLI::App& root);

// The help of one command.
[[nodiscard]] std::string help_text(const CLI::App& app);

// The whole reference as Markdown: docs/cli.md.
[[nodiscard]] std::string reference_markdown(const CLI::App& root);

// "yurt job run [flags] FILE".
[[nodiscard]] std::string usage(const CLI::App& app);

// Commands in this group are other names of commands elsewhere: listed, not described again.
inline constexpr const char* short_forms_group = "Short forms";

}  // namespace yurt::cli
