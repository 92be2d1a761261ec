#include "cli/command.h"
#include "program/run_commands.h"
#include "program/stop_signal.h"

int main(int argc, char** argv) {
  const std::string verb = argc > 1 ? argv[1] : "";
  // Before any thread exists, so that all of them leave these signals to the main one.
  const bool stays = (verb == "server" && (argc < 3 || std::string(argv[2]) != "members")) ||
                     verb == "agent" || verb == "dev";
  if (stays) yurt::program::block_stop_signals();
  return yurt::cli::run_cli(argc, argv, yurt::program::add_run_commands);
}
