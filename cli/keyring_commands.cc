#include "cli/keyring_commands.h"

#include "cli/output.h"
#include "cli/show.h"

namespace yurt::cli {
namespace {

struct KeyringOptions {
  OutputOptions output;
  std::string key_id;
  bool full = false, force = false, verbose = false;
};

int list_keys(Session& session, const KeyringOptions& options) {
  model::ListRequest request;
  *request.mutable_query() = query(session);
  const auto reply = session.client().get<model::RootKeyListResponse>("ListRootKeys", request);
  if (!reply.ok()) return fail(session, reply.error());
  if (options.output.wanted()) return print_field(session, options.output, *reply, "keys");
  std::vector<Row> rows{{"Key", "State", "Create Time"}};
  for (const auto& key : reply->keys()) {
    rows.push_back(
        {short_id(key.key_id(), options.verbose), key.state(), timestamp(key.create_time())});
  }
  session.terminal.print(rows.size() > 1 ? table(session.terminal, rows) : "No root keys");
  return exit_ok;
}

int rotate_key(Session& session, const KeyringOptions& options) {
  model::RootKeyRequest request;
  *request.mutable_write() = write(session);
  request.set_full(options.full);
  const auto reply = session.client().get<model::RootKeyResponse>("RotateRootKey", request);
  if (!reply.ok()) return fail(session, reply.error());
  session.terminal.print("Root key " + short_id(reply->key().key_id(), options.verbose) +
                         " is active" +
                         (options.full ? "; variables are being sealed anew with it" : ""));
  return exit_ok;
}

int remove_key(Session& session, const KeyringOptions& options) {
  model::RootKeyRequest request;
  *request.mutable_write() = write(session);
  request.set_key_id(options.key_id);
  request.set_force(options.force);
  const auto reply = session.client().get<model::WriteResponse>("RemoveRootKey", request);
  if (!reply.ok()) return fail(session, reply.error());
  session.terminal.print("Removed root key " + options.key_id);
  return exit_ok;
}

std::pair<CLI::App*, std::shared_ptr<KeyringOptions>> add_keyring(
    CLI::App& parent, Session& session, const char* name, const char* description,
    int (*run)(Session&, const KeyringOptions&)) {
  auto options = std::make_shared<KeyringOptions>();
  CLI::App* command = add_command(parent, session, name, description,
                                  [&session, options, run] { return run(session, *options); });
  return {command, options};
}

}  // namespace

void add_keyring_commands(CLI::App& operation, Session& session) {
  CLI::App* root = add_group(operation, "root", "What secrets are sealed with");
  CLI::App* keyring = add_group(*root, "keyring", "The root keys");
  auto [list, list_options] =
      add_keyring(*keyring, session, "list", "List the root keys", list_keys);
  list->add_flag("-v,--verbose", list_options->verbose, "Whole IDs");
  list_options->output.add_to(*list);
  auto [rotate, rotate_options] =
      add_keyring(*keyring, session, "rotate", "Make a new active root key", rotate_key);
  rotate->add_flag("--full", rotate_options->full,
                   "Seal every variable anew with it; the old keys can be removed then");
  rotate->add_flag("-v,--verbose", rotate_options->verbose, "Whole IDs");
  auto [remove, remove_options] =
      add_keyring(*keyring, session, "remove", "Remove a root key that is not active", remove_key);
  remove->add_option("key", remove_options->key_id, "Its ID, or how it begins")->required();
  remove->add_flag("--force", remove_options->force,
                   "Although variables are sealed with it: they are lost");
}

}  // namespace yurt::cli
