// var put, get, list, purge, init: variables that configure jobs.
#include "cli/variable_commands.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "cli/output.h"
#include "cli/show.h"
#include "cli/variable_file.h"
#include "jobspec/json/write.h"

namespace yurt::cli {
namespace {

struct VarOptions {
  OutputOptions output;
  std::string path, item, out, in, tmpl, filter, page_token;
  std::vector<std::string> items;
  std::optional<std::uint64_t> check_index;
  std::int32_t per_page = 0;
  bool force = false, quiet = false;
};

// Why a change did not come about.
int report_conflict(Session& session, const model::Variable& there,
                    std::optional<std::uint64_t> wanted) {
  const std::string name = "variable \"" + there.path() + "\"";
  if (there.has_lock()) {
    return fail(session, {ErrorCode::conflict, name + " is locked: only the lock's holder may "
                                                      "change it while it is"});
  }
  const std::string stands = there.modify_index() == 0
                                 ? "it does not exist"
                                 : "its modify index is " + std::to_string(there.modify_index());
  return fail(session, {ErrorCode::conflict,
                        "check-and-set conflict: " + name + " was not changed, since " + stands +
                            (wanted ? ", not the check index " + std::to_string(*wanted) : "") +
                            "; give that as -check-index, or -force to write whatever is there"});
}

int show_variable(Session& session, const VarOptions& options, const model::Variable& variable) {
  const std::string json = json::write(variable, {.pretty = true});
  if (!options.tmpl.empty() || options.out == "go-template") {
    if (options.tmpl.empty()) {
      return fail(session, {ErrorCode::invalid_argument,
                            "-out=go-template needs the template: give it with -template"});
    }
    const auto text = format_json(json, options.tmpl);
    if (!text.ok()) return fail(session, text.error());
    session.terminal.print(*text);
    return exit_ok;
  }
  if (options.out == "none") return exit_ok;
  if (options.out == "json") {
    session.terminal.print(json);
    return exit_ok;
  }
  if (options.out == "hcl") {
    session.terminal.print(variable_as_hcl(variable));
    return exit_ok;
  }
  std::vector<std::pair<std::string, std::string>> facts{
      {"Namespace", variable.namespace_()},
      {"Path", variable.path()},
      {"Create Time", timestamp(variable.create_time())}};
  if (variable.create_index() != variable.modify_index()) {
    facts.emplace_back("Modify Time", timestamp(variable.modify_time()));
  }
  facts.emplace_back("Check Index", std::to_string(variable.modify_index()));
  if (variable.has_lock()) facts.emplace_back("Lock", "held");
  session.terminal.print(key_values(session.terminal, facts));
  std::vector<std::pair<std::string, std::string>> items(variable.items().begin(),
                                                         variable.items().end());
  std::sort(items.begin(), items.end());
  session.terminal.print("\n" + session.terminal.paint(Color::bold, "Items") + "\n" +
                         key_values(session.terminal, items));
  return exit_ok;
}

// The variable that the words describe: a path, or "@file" or "-" for a specification.
Result<model::Variable> wanted_variable(Session& session, const VarOptions& options) {
  model::Variable variable;
  const bool from_input = options.path == "-";
  if (from_input || options.path.starts_with("@")) {
    const std::string name = from_input ? "standard input" : options.path.substr(1);
    std::string text;
    if (from_input) {
      text = read_standard_input();
    } else {
      YURT_ASSIGN(text, read_file(name));
    }
    YURT_ASSIGN(variable, parse_variable(name, std::move(text), options.in, session.random));
  } else {
    variable.set_path(options.path);
  }
  YURT_TRY(add_items(options.items, variable));
  if (session.ns != "default" || variable.namespace_().empty()) {
    variable.set_namespace_(session.ns);
  }
  return variable;
}

int put_variable(Session& session, const VarOptions& options) {
  auto variable = wanted_variable(session, options);
  if (!variable.ok()) return fail(session, variable.error());
  model::VariableWriteRequest request;
  *request.mutable_write() = write(session);
  request.mutable_write()->set_namespace_(variable->namespace_());
  if (!options.force) request.set_cas(options.check_index.value_or(variable->modify_index()));
  *request.mutable_variable() = std::move(*variable);
  const auto reply = session.client().get<model::VariableWriteResponse>("WriteVariable", request);
  if (!reply.ok()) return fail(session, reply.error());
  if (reply->conflict()) {
    return report_conflict(session, reply->variable(),
                           request.has_cas() ? std::optional(request.cas()) : std::nullopt);
  }
  if (!options.out.empty() || !options.tmpl.empty()) {
    return show_variable(session, options, reply->variable());
  }
  session.terminal.print("Wrote variable \"" + reply->variable().path() + "\" with modify index " +
                         std::to_string(reply->variable().modify_index()));
  return exit_ok;
}

int get_variable(Session& session, const VarOptions& options) {
  model::VariableReadRequest request;
  *request.mutable_query() = query(session);
  request.set_path(options.path);
  const auto reply = session.client().get<model::VariableReadResponse>("ReadVariable", request);
  if (!reply.ok()) {
    if (reply.error().code == ErrorCode::not_found) {
      return fail(session, {ErrorCode::not_found, "there is no variable \"" + options.path +
                                                      "\" in namespace \"" + session.ns + "\""});
    }
    return fail(session, reply.error());
  }
  if (options.item.empty()) return show_variable(session, options, reply->variable());
  const auto item = reply->variable().items().find(options.item);
  if (item == reply->variable().items().end()) {
    return fail(session, {ErrorCode::not_found, "variable \"" + options.path + "\" has no item \"" +
                                                    options.item + "\""});
  }
  session.terminal.print(item->second);
  return exit_ok;
}

int list_variables(Session& session, const VarOptions& options) {
  model::ListRequest request;
  *request.mutable_query() = query(session);
  request.mutable_query()->set_prefix(options.path);
  request.mutable_query()->set_filter(options.filter);
  request.mutable_query()->set_per_page(options.per_page);
  request.mutable_query()->set_next_token(options.page_token);
  const auto reply = session.client().get<model::VariableListResponse>("ListVariables", request);
  if (!reply.ok()) return fail(session, reply.error());
  if (options.output.wanted()) return print_field(session, options.output, *reply, "variables");
  if (options.out == "json") {
    session.terminal.print(json::write_field(*reply, "variables", {.pretty = true}));
    return exit_ok;
  }
  std::vector<Row> rows{{"Namespace", "Path", "Last Updated"}};
  for (const auto& variable : reply->variables()) {
    if (options.out == "terse") {
      session.terminal.print(variable.path());
      continue;
    }
    rows.push_back({variable.namespace_(), variable.path(), timestamp(variable.modify_time())});
  }
  if (options.out != "terse") {
    session.terminal.print(rows.size() > 1 ? table(session.terminal, rows) : "No variables");
  }
  if (!reply->query_meta().next_token().empty()) {
    session.terminal.print_error("More follow: -page-token=" + reply->query_meta().next_token());
  }
  return exit_ok;
}

int purge_variable(Session& session, const VarOptions& options) {
  model::VariableWriteRequest request;
  *request.mutable_write() = write(session);
  request.set_operation("delete");
  request.mutable_variable()->set_path(options.path);
  if (options.check_index) request.set_cas(*options.check_index);
  const auto reply = session.client().get<model::VariableWriteResponse>("WriteVariable", request);
  if (!reply.ok()) return fail(session, reply.error());
  if (reply->conflict()) return report_conflict(session, reply->variable(), options.check_index);
  session.terminal.print("Purged variable \"" + options.path + "\"");
  return exit_ok;
}

int init_variable(Session& session, const VarOptions& options) {
  const bool json = options.out == "json";
  const std::string file = !options.path.empty() ? options.path
                           : json                ? "spec.nv.json"
                                                 : "spec.nv.hcl";
  if (std::filesystem::exists(file)) {
    return fail(session, {ErrorCode::already_exists, file + " exists already"});
  }
  const Status written = write_file_atomically(file, variable_template(json));
  if (!written.ok()) return fail(session, written.error());
  if (!options.quiet) {
    session.terminal.print("Wrote " + file + ": edit it, then `yurt var put @" + file + "`");
  }
  return exit_ok;
}

std::pair<CLI::App*, std::shared_ptr<VarOptions>> add_var(CLI::App& var, Session& session,
                                                          const char* name, const char* description,
                                                          int (*run)(Session&, const VarOptions&)) {
  auto options = std::make_shared<VarOptions>();
  CLI::App* command = add_command(var, session, name, description,
                                  [&session, options, run] { return run(session, *options); });
  return {command, options};
}

void add_out(CLI::App& command, const std::shared_ptr<VarOptions>& options,
             std::vector<std::string> forms) {
  command.add_option("--out", options->out, "How to print it")->check(CLI::IsMember(forms));
}

}  // namespace

void add_var_commands(CLI::App& root, Session& session) {
  CLI::App* var = add_group(root, "var", "Variables, which configure jobs");
  auto [put, put_options] = add_var(*var, session, "put", "Write a variable", put_variable);
  put->add_option("path", put_options->path,
                  "Its path; or @file or - for a specification in HCL or JSON")
      ->required();
  put->add_option("items", put_options->items,
                  "key=value; key=@file and key=- take a file or standard input");
  put->add_option("--check-index", put_options->check_index,
                  "Write only while this is its modify index; 0: only if it does not exist, which "
                  "is the rule when nothing is said");
  put->add_flag("--force", put_options->force, "Write whatever is there");
  put->add_option("--in", put_options->in, "The specification's form")
      ->check(CLI::IsMember({"hcl", "json"}));
  add_out(*put, put_options, {"go-template", "hcl", "json", "none", "table"});
  put->add_option("--template", put_options->tmpl, "A template to print the result with");

  auto [get, get_options] = add_var(*var, session, "get", "Show a variable", get_variable);
  get->add_option("path", get_options->path, "Its path")->required();
  get->add_option("--item", get_options->item, "Print this item's value alone");
  add_out(*get, get_options, {"go-template", "hcl", "json", "none", "table"});
  get->add_option("--template", get_options->tmpl, "A template to print it with");

  auto [list, list_options] = add_var(*var, session, "list", "List variables", list_variables);
  list->add_option("prefix", list_options->path, "Only those whose path begins with this");
  list->add_option("--filter", list_options->filter, "An expression, e.g. Path contains \"a\"");
  list->add_option("--per-page", list_options->per_page, "At most this many");
  list->add_option("--page-token", list_options->page_token, "Where the page begins");
  add_out(*list, list_options, {"json", "table", "terse"});
  list_options->output.add_to(*list);

  auto [purge, purge_options] =
      add_var(*var, session, "purge", "Remove a variable", purge_variable);
  purge->add_option("path", purge_options->path, "Its path")->required();
  purge->add_option("--check-index", purge_options->check_index,
                    "Remove it only while this is its modify index");

  auto [init, init_options] =
      add_var(*var, session, "init", "Write a specification to start from", init_variable);
  init->add_option("file", init_options->path, "spec.nv.hcl or spec.nv.json when not given");
  add_out(*init, init_options, {"hcl", "json"});
  init->add_flag("--quiet", init_options->quiet, "Say nothing");

  add_var_lock(*var, session);
}

}  // namespace yurt::cli
