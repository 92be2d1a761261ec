// status: the list of jobs, or whatever an ID or its prefix names.
#include <algorithm>

#include "cli/pages.h"
#include "cli/show.h"

namespace yurt::cli {
namespace {

using ShowPage = int (*)(Session&, const std::string&, const PageOptions&);

struct Kind {
  const char* context;  // of the search
  const char* name;
  ShowPage show;
};

constexpr Kind kinds[] = {
    {"jobs", "job", show_job},
    {"allocs", "allocation", show_alloc},
    {"nodes", "node", show_node},
    {"evals", "evaluation", show_eval},
    {"deployment", "deployment", show_deployment},
};

struct Match {
  const Kind* kind;
  std::string id;
};

Result<Match> find(Session& session, const std::string& prefix) {
  model::SearchRequest request;
  *request.mutable_query() = query(session);
  request.set_prefix(prefix);
  request.set_context("all");
  YURT_ASSIGN(const auto reply, session.client().get<model::SearchResponse>("Search", request));
  std::vector<Match> found;
  for (const Kind& kind : kinds) {
    const auto matches = reply.matches().find(kind.context);
    if (matches == reply.matches().end()) continue;
    for (const std::string& id : matches->second.values()) {
      if (id == prefix) return Match{&kind, id};
      found.push_back({&kind, id});
    }
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return Error{ErrorCode::not_found, "nothing has the ID or prefix \"" + prefix +
                                           "\": no job, allocation, node, evaluation or deployment"
                                           " in namespace \"" +
                                           session.ns + "\""};
  }
  std::string message =
      "\"" + prefix + "\" names " + std::to_string(found.size()) + " things; give more of the ID:";
  for (const Match& match : found) {
    message += "\n  " + std::string(match.kind->name) + " " + match.id;
  }
  return Error{ErrorCode::invalid_argument, message};
}

struct AnythingOptions : PageOptions {
  std::string id;
};

int show_status(Session& session, const AnythingOptions& options) {
  if (options.id.empty()) return list_jobs(session, options);
  const auto match = find(session, options.id);
  if (!match.ok()) return fail(session, match.error());
  return match->kind->show(session, match->id, options);
}

}  // namespace

void add_status_command(CLI::App& root, Session& session) {
  auto options = std::make_shared<AnythingOptions>();
  CLI::App* command =
      add_command(root, session, "status", "List jobs, or show what an ID or its prefix names",
                  [&session, options] { return show_status(session, *options); });
  command->add_option("id", options->id,
                      "ID or prefix of a job, allocation, node, evaluation or deployment");
  options->output.add_to(*command);
  command->add_flag("--verbose", options->verbose, "Show whole IDs and more");
}

}  // namespace yurt::cli
