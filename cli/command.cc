#include "cli/command.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace yurt::cli {
namespace {

// Nomad's NOMAD_ADDR names its HTTP endpoint, which this client does not speak.
std::string default_address() {
  const char* address = std::getenv("YURT_ADDR");
  return address != nullptr && *address != '\0' ? address : "127.0.0.1:4647";
}

std::string strip_scheme(const std::string& address) {
  const auto scheme = address.find("://");
  return scheme == std::string::npos ? address : address.substr(scheme + 3);
}

}  // namespace

Client& Session::client() {
  if (!client_) client_ = std::make_unique<Client>(strip_scheme(address));
  return *client_;
}

int fail(Session& session, const Error& error) {
  session.terminal.print_error(session.terminal.paint(Color::red, "Error: ") + error.message);
  return exit_failure;
}

CLI::App* add_group(CLI::App& parent, const std::string& name, const std::string& description) {
  CLI::App* group = parent.add_subcommand(name, description);
  group->require_subcommand(1);
  return group;
}

CLI::App* add_command(CLI::App& parent, Session& session, const std::string& name,
                      const std::string& description, std::function<int()> run) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->add_option("--address", session.address, "host:port of a server's gRPC endpoint")
      ->envname("YURT_ADDR")
      ->capture_default_str()
      ->group("Connection");
  command->add_option("--region", session.region, "Region to ask")
      ->envname("NOMAD_REGION")
      ->group("Connection");
  command->add_option("--namespace", session.ns, "Namespace to work in")
      ->envname("NOMAD_NAMESPACE")
      ->capture_default_str()
      ->group("Connection");
  command->add_flag("--no-color", session.no_color, "Print without colours")->group("Connection");
  command->callback([&session, run = std::move(run)] {
    if (session.no_color) session.terminal.forbid_color();
    session.run = run;
  });
  return command;
}

std::vector<std::string> normalise_arguments(int argc, const char* const* argv) {
  std::vector<std::string> out;
  bool literal = false;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    literal |= word == "--";
    const bool flag = !literal && word.size() > 2 && word[0] == '-' && word[1] != '-' &&
                      std::isdigit(static_cast<unsigned char>(word[1])) == 0;
    const bool single_letter = word.size() > 2 && word[2] == '=';
    out.push_back(flag && !single_letter ? "-" + word : word);
  }
  return out;
}

int run_cli(int argc, const char* const* argv,
            const std::function<void(CLI::App&, Session&)>& add_more) {
  Session session;
  session.address = default_address();
  CLI::App root("Yurt: an orchestrator for machine-learning jobs", "yurt");
  root.require_subcommand(1);
  root.set_help_all_flag("--help-all", "Print the help of every command");
  add_job_commands(root, session);
  add_alloc_commands(root, session);
  add_node_commands(root, session);
  add_eval_commands(root, session);
  add_deployment_commands(root, session);
  add_server_commands(root, session);
  add_operator_commands(root, session);
  add_system_commands(root, session);
  add_more(root, session);
  std::vector<std::string> arguments = normalise_arguments(argc, argv);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    root.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return root.exit(error);
  }
  return session.run ? session.run() : exit_ok;
}

}  // namespace yurt::cli
