// Pages: one object shown whole. `yurt status ID` shows whichever kind the ID names.
//
// Each takes an ID or a prefix of one and returns the exit code.
#pragma once

#include <string>

#include "cli/command.h"
#include "cli/output.h"

namespace yurt::cli {

struct PageOptions {
  OutputOptions output;
  bool verbose = false;
};

int list_jobs(Session& session, const PageOptions& options);
int show_job(Session& session, const std::string& job, const PageOptions& options);
int show_alloc(Session& session, const std::string& alloc, const PageOptions& options);
int show_eval(Session& session, const std::string& eval, const PageOptions& options);
int show_deployment(Session& session, const std::string& deployment, const PageOptions& options);
int show_node(Session& session, const std::string& node, const PageOptions& options);

}  // namespace yurt::cli
