#include "cli/command.h"

#include <unistd.h>

#include <iostream>

#include "cli/address.h"
#include "cli/arguments.h"
#include "cli/help.h"

namespace yurt::cli {

Session::Session()
    : address(environment({"YURT_ADDR", "NOMAD_ADDR"}, default_address)),
      region(environment({"YURT_REGION", "NOMAD_REGION"}, "")),
      ns(environment({"YURT_NAMESPACE", "NOMAD_NAMESPACE"}, "default")) {}

Client& Session::client() {
  if (!client_) client_ = std::make_unique<Client>(address);
  return *client_;
}

int fail(Session& session, const Error& error) {
  std::string message = error.message;
  if (message == "No path to region") {
    message = "this cluster has no region \"" + session.region +
              "\", which -region, YURT_REGION or NOMAD_REGION names (No path to region)";
  }
  session.terminal.print_error(session.terminal.paint(Color::red, "Error: ") + message);
  return exit_failure;
}

bool ask(Session& session, const std::string& question) {
  if (isatty(STDIN_FILENO) == 0 || !session.terminal.interactive()) {
    session.terminal.print_error(question + " Nobody can be asked here: say so with -yes.");
    return false;
  }
  std::cout << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

CLI::App* add_group(CLI::App& parent, const std::string& name, const std::string& description) {
  CLI::App* group = parent.add_subcommand(name, description);
  group->require_subcommand(1);
  return group;
}

CLI::App* add_command(CLI::App& parent, Session& session, const std::string& name,
                      const std::string& description, std::function<int()> run) {
  CLI::App* command = parent.add_subcommand(name, description);
  command
      ->add_option("--address", session.address,
                   "The server: host:port of its gRPC endpoint, or http://host:port of its HTTP "
                   "endpoint; $YURT_ADDR, $NOMAD_ADDR or 127.0.0.1:4647 when not given")
      ->group("Connection");
  command->add_option("--region", session.region, "Region; $YURT_REGION or $NOMAD_REGION")
      ->group("Connection");
  command
      ->add_option("--namespace", session.ns,
                   "Namespace; $YURT_NAMESPACE, $NOMAD_NAMESPACE or \"default\"")
      ->group("Connection");
  command->add_flag("--no-color", session.no_color, "Print without colours")->group("Connection");
  command->add_flag("--force-color", session.force_color, "Print colours even where no terminal is")
      ->group("Connection");
  command->callback([&session, run = std::move(run)] {
    if (session.force_color) session.terminal.set_color(true);
    if (session.no_color) session.terminal.set_color(false);
    session.run = run;
  });
  return command;
}

namespace {

// A command line that cannot be run.
int refuse(Session& session, const Error& error, const CLI::App& command) {
  fail(session, error);
  session.terminal.print_error("See `" + full_name(command) + " -help`.");
  return command.get_name() == "plan" ? exit_plan_error : exit_failure;
}

}  // namespace

int run_cli(int argc, const char* const* argv,
            const std::function<void(CLI::App&, Session&)>& add_more) {
  Session session;
  CLI::App root("Yurt: an orchestrator for machine-learning jobs, with Nomad's job files", "yurt");
  use_help_texts(root);
  root.set_help_flag("-h,--help", "Print this help");
  root.require_subcommand(1);
  add_job_commands(root, session);
  add_sweep_commands(root, session);
  add_service_commands(root, session);
  add_event_commands(root, session);
  add_run_commands(root, session);
  add_alloc_commands(root, session);
  add_node_commands(root, session);
  add_gpu_commands(root, session);
  add_eval_commands(root, session);
  add_deployment_commands(root, session);
  add_var_commands(root, session);
  add_server_commands(root, session);
  add_operator_commands(root, session);
  add_system_commands(root, session);
  add_status_command(root, session);
  add_more(root, session);
  add_completion_commands(root, session);
  add_short_forms(root, session);

  Arguments arguments;
  const Status read = normalise(root, std::vector<std::string>(argv + 1, argv + argc), arguments);
  const CLI::App& command = *arguments.command;
  if (!read.ok()) return refuse(session, read.error(), command);
  // CLI11 takes them from the back.
  std::vector<std::string> words(arguments.words.rbegin(), arguments.words.rend());
  try {
    root.parse(words);
  } catch (const CLI::CallForHelp&) {
    session.terminal.print(help_text(command));
    return exit_ok;
  } catch (const CLI::CallForVersion& version) {
    session.terminal.print(version.what());
    return exit_ok;
  } catch (const CLI::ParseError& error) {
    if (!command.get_subcommands({}).empty() && command.get_require_subcommand_min() > 0) {
      session.terminal.print_error(help_text(command));
      return exit_failure;
    }
    return refuse(session, {ErrorCode::invalid_argument, error.what()}, command);
  }
  return session.run ? session.run() : exit_ok;
}

}  // namespace yurt::cli
