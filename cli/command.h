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

// Exit codes.
inline constexpr int exit_ok = 0;
inline constexpr int exit_failure = 1;
inline constexpr int exit_unplaced = 2;      // job run: something could not be placed
inline constexpr int exit_plan_changes = 1;  // job plan: allocations would change
inline constexpr int exit_plan_error = 255;

// What all commands share; options that every command takes end up here.
struct Session {
  // From the environment, as docs/cli.md says.
  Session();

  std::string address;
  std::string region;
  std::string ns;
  bool no_color = false, force_color = false;
  Terminal terminal;
  SystemClock clock;
  SystemRandom random;
  // Set by the command line that was given.
  std::function<int()> run;

  [[nodiscard]] Client& client();

 private:
  std::unique_ptr<Client> client_;
};

// Prints the error to standard error; returns exit_failure.
int fail(Session& session, const Error& error);

// Asks a person yes or no. Where nobody can be asked the answer is no, and how to say yes is
// printed.
[[nodiscard]] bool ask(Session& session, const std::string& question);

// A subcommand of `parent` that runs `run` and takes the options common to all.
CLI::App* add_command(CLI::App& parent, Session& session, const std::string& name,
                      const std::string& description, std::function<int()> run);
// A word that only groups subcommands, e.g. "job".
CLI::App* add_group(CLI::App& parent, const std::string& name, const std::string& description);

// Each adds the commands of one family.
void add_job_commands(CLI::App& root, Session& session);
void add_sweep_commands(CLI::App& root, Session& session);
void add_run_commands(CLI::App& root, Session& session);
void add_alloc_commands(CLI::App& root, Session& session);
void add_service_commands(CLI::App& root, Session& session);
void add_event_commands(CLI::App& root, Session& session);
void add_node_commands(CLI::App& root, Session& session);
void add_gpu_commands(CLI::App& root, Session& session);
void add_eval_commands(CLI::App& root, Session& session);
void add_deployment_commands(CLI::App& root, Session& session);
void add_server_commands(CLI::App& root, Session& session);
void add_operator_commands(CLI::App& root, Session& session);
void add_var_commands(CLI::App& root, Session& session);
void add_system_commands(CLI::App& root, Session& session);
void add_status_command(CLI::App& root, Session& session);
// completion, and the hidden commands that print words to complete and docs/cli.md.
void add_completion_commands(CLI::App& root, Session& session);
// `yurt run` for `yurt job run`, and the like.
void add_short_forms(CLI::App& root, Session& session);

// Parses and runs; the process's exit code. `add_more` adds commands that are not the CLI's own
// (server, agent, dev).
int run_cli(int argc, const char* const* argv,
            const std::function<void(CLI::App&, Session&)>& add_more);

}  // namespace yurt::cli
