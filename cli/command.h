// Command: one verb of the command line, and how the verbs are put together.
//
// Each command is a function that adds itself to the CLI11 tree and says what to run; help texts,
// docs/cli.md and shell completion all come from that tree. Commands print results to standard
// output and everything else to standard error, and return the exit code that Nomad documents.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "cli/client.h"
#include "cli/terminal.h"

namespace yurt::cli {

// What all commands share; options that every command takes end up here.
struct Session {
  std::string address = "127.0.0.1:4647";
  std::string region;
  std::string ns = "default";
  bool no_color = false;
  Terminal terminal;
  SystemClock clock;
  SystemRandom random;
  // Set by the command line that was given.
  std::function<int()> run;

  [[nodiscard]] Client& client();

 private:
  std::unique_ptr<Client> client_;
};

// Exit codes.
inline constexpr int exit_ok = 0;
inline constexpr int exit_failure = 1;
inline constexpr int exit_unplaced = 2;      // job run: something could not be placed
inline constexpr int exit_plan_changes = 1;  // job plan: allocations would change
inline constexpr int exit_plan_error = 255;

// Prints the error to standard error; returns exit_failure.
int fail(Session& session, const Error& error);

// A subcommand of `parent` that runs `run` and takes the options common to all.
CLI::App* add_command(CLI::App& parent, Session& session, const std::string& name,
                      const std::string& description, std::function<int()> run);
// A word that only groups subcommands, e.g. "job".
CLI::App* add_group(CLI::App& parent, const std::string& name, const std::string& description);

// Each adds the commands of one family.
void add_job_commands(CLI::App& root, Session& session);
void add_alloc_commands(CLI::App& root, Session& session);
void add_node_commands(CLI::App& root, Session& session);
void add_eval_commands(CLI::App& root, Session& session);
void add_deployment_commands(CLI::App& root, Session& session);
void add_server_commands(CLI::App& root, Session& session);
void add_operator_commands(CLI::App& root, Session& session);
void add_system_commands(CLI::App& root, Session& session);

// Go's flag style: "-detach" and "--detach" are the same, "-var=a=b" too. Single letters, numbers
// and what follows "--" stay as they are.
[[nodiscard]] std::vector<std::string> normalise_arguments(int argc, const char* const* argv);

// Parses and runs; the process's exit code. `add_more` adds commands that are not the CLI's own
// (server, agent, dev).
int run_cli(int argc, const char* const* argv,
            const std::function<void(CLI::App&, Session&)>& add_more);

}  // namespace yurt::cli
