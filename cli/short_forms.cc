// `yurt run` for `yurt job run`: what Nomad takes at the top level as well.
#include <tuple>

#include "cli/help.h"
#include "cli/named_commands.h"

namespace yurt::cli {

void add_short_forms(CLI::App& root, Session& session) {
  const std::tuple<const char*, const char*, AddNamed> forms[] = {
      {"run", "yurt job run", add_run},
      {"plan", "yurt job plan", add_plan},
      {"validate", "yurt job validate", add_validate},
      {"fmt", "yurt job fmt", add_format},
      {"stop", "yurt job stop", add_stop},
      {"inspect", "yurt job inspect", add_inspect},
      {"logs", "yurt alloc logs", add_logs},
      {"fs", "yurt alloc fs", add_files},
      {"exec", "yurt alloc exec", add_exec},
      {"alloc-status", "yurt alloc status", add_alloc_status},
      {"eval-status", "yurt eval status", add_eval_status},
      {"node-status", "yurt node status", add_node_status},
      {"node-drain", "yurt node drain", add_node_drain},
      {"server-members", "yurt server members", add_members},
  };
  for (const auto& [name, stands_for, add] : forms) {
    add(root, session, name)->group(short_forms_group)->footer(stands_for);
  }
}

}  // namespace yurt::cli
