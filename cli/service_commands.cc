// service list, info, delete: what jobs offer to each other.
#include "cli/output.h"
#include "cli/service_tables.h"
#include "cli/show.h"
#include "proto/release.pb.h"

namespace yurt::cli {
namespace {

struct ServiceOptions {
  std::string name, id, filter, choose;
  bool healthy = false, verbose = false;
  OutputOptions output;
};

int list_services(Session& session, const ServiceOptions& options) {
  model::ListRequest request;
  *request.mutable_query() = query(session);
  request.mutable_query()->set_filter(options.filter);
  const auto reply = session.client().get<model::ServiceListResponse>("ListServices", request);
  if (!reply.ok()) return fail(session, reply.error());
  if (options.output.wanted()) {
    return print_field(session, options.output, *reply, "services");
  }
  const bool all = session.ns == "*";
  std::vector<Row> rows{all ? Row{"Service Name", "Namespace", "Tags"}
                            : Row{"Service Name", "Tags"}};
  for (const auto& of_namespace : reply->services()) {
    for (const auto& service : of_namespace.services()) {
      std::string tags;
      for (const auto& tag : service.tags()) tags += (tags.empty() ? "" : ",") + tag;
      Row row{service.service_name(), "[" + tags + "]"};
      if (all) row.insert(row.begin() + 1, of_namespace.namespace_());
      rows.push_back(std::move(row));
    }
  }
  session.terminal.print(rows.size() == 1 ? "No service registrations found"
                                          : table(session.terminal, rows));
  return exit_ok;
}

int show_service(Session& session, const ServiceOptions& options) {
  model::ServiceReadRequest request;
  *request.mutable_query() = query(session);
  request.mutable_query()->set_filter(options.filter);
  request.set_service_name(options.name);
  request.set_healthy(options.healthy);
  request.set_choose(options.choose);
  const auto reply = session.client().get<model::ServiceReadResponse>("ReadService", request);
  if (!reply.ok()) return fail(session, reply.error());
  if (options.output.wanted()) {
    return print_field(session, options.output, *reply, "services");
  }
  session.terminal.print(reply->services().empty()
                             ? std::string(options.healthy ? "No healthy instances found"
                                                           : "No service registrations found")
                             : service_table(session, reply->services(), options.verbose));
  return exit_ok;
}

int delete_service(Session& session, const ServiceOptions& options) {
  model::ServiceDeleteRequest request;
  *request.mutable_write() = write(session);
  request.set_service_name(options.name);
  request.set_id(options.id);
  const auto reply = session.client().get<model::WriteResponse>("DeleteService", request);
  if (!reply.ok()) return fail(session, reply.error());
  session.terminal.print("Successfully deleted service registration");
  return exit_ok;
}

std::pair<CLI::App*, std::shared_ptr<ServiceOptions>> add_service(
    CLI::App& parent, Session& session, const char* name, const char* description,
    int (*run)(Session&, const ServiceOptions&)) {
  auto options = std::make_shared<ServiceOptions>();
  CLI::App* command = add_command(parent, session, name, description,
                                  [&session, options, run] { return run(session, *options); });
  return {command, options};
}

}  // namespace

void add_service_commands(CLI::App& root, Session& session) {
  CLI::App* service = add_group(root, "service", "Find what jobs offer: services and their health");
  auto [list, list_options] =
      add_service(*service, session, "list", "List services by name", list_services);
  list->add_option("--filter", list_options->filter, "Only what this expression accepts");
  list_options->output.add_to(*list);
  auto [info, info_options] =
      add_service(*service, session, "info", "Show the instances of a service", show_service);
  info->add_option("service", info_options->name, "The service's name")->required();
  info->add_flag("--healthy", info_options->healthy, "Only instances whose checks pass");
  info->add_option("--choose", info_options->choose,
                   "\"n|key\": n of them, always the same ones for a key");
  info->add_option("--filter", info_options->filter, "Only what this expression accepts");
  info->add_flag("--verbose", info_options->verbose, "Print whole IDs");
  info_options->output.add_to(*info);
  auto [remove, remove_options] =
      add_service(*service, session, "delete", "Take an instance out by hand", delete_service);
  remove->add_option("service", remove_options->name, "The service's name")->required();
  remove->add_option("id", remove_options->id, "The registration's ID")->required();
}

}  // namespace yurt::cli
