// Commands that have a short form at the top level: each can be added anywhere, by any name.
#pragma once

#include "cli/command.h"

namespace yurt::cli {

using AddNamed = CLI::App* (*)(CLI::App& parent, Session& session, const std::string& name);

CLI::App* add_run(CLI::App& parent, Session& session, const std::string& name);
CLI::App* add_plan(CLI::App& parent, Session& session, const std::string& name);
CLI::App* add_validate(CLI::App& parent, Session& session, const std::string& name);
CLI::App* add_format(CLI::App& parent, Session& session, const std::string& name);
CLI::App* add_stop(CLI::App& parent, Session& session, const std::string& name);
CLI::App* add_inspect(CLI::App& parent, Session& session, const std::string& name);
CLI::App* add_logs(CLI::App& parent, Session& session, const std::string& name);
CLI::App* add_files(CLI::App& parent, Session& session, const std::string& name);
CLI::App* add_exec(CLI::App& parent, Session& session, const std::string& name);
CLI::App* add_alloc_status(CLI::App& parent, Session& session, const std::string& name);
CLI::App* add_eval_status(CLI::App& parent, Session& session, const std::string& name);
CLI::App* add_node_status(CLI::App& parent, Session& session, const std::string& name);
CLI::App* add_node_drain(CLI::App& parent, Session& session, const std::string& name);
CLI::App* add_members(CLI::App& parent, Session& session, const std::string& name);

}  // namespace yurt::cli
