// Monitor: follows an evaluation until it is dealt with and its deployment, if it made one, is
// over.
#pragma once

#include <string>

#include "cli/command.h"

namespace yurt::cli {

struct MonitorOptions {
  bool verbose = false;
  // Follow the deployment as well, until it has succeeded or failed.
  bool deployment = true;
};

// Prints progress: redrawn on a terminal, line by line otherwise. exit_ok, exit_unplaced when
// something could not be placed, exit_failure when the evaluation or its deployment failed.
int monitor_evaluation(Session& session, const std::string& eval_id, const MonitorOptions& options);

// Follows a deployment alone.
int monitor_deployment(Session& session, const std::string& deployment_id, bool verbose);

}  // namespace yurt::cli
