// Root keys: what variables are sealed with. Their material is never shown.
#include "server/leader/root_keys.h"

#include "server/api/operations.h"
#include "server/api/proposals.h"
#include "server/api/views.h"
#include "server/variables/keyring.h"

namespace yurt::server {
namespace {

model::RootKey without_material(model::RootKey key) {
  key.clear_nonce();
  key.clear_wrapped();
  return key;
}

Status list_root_keys(Reading& reading, const model::ListRequest&,
                      model::RootKeyListResponse& response) {
  reading.snapshot.tables().root_keys.each([&](const std::string&, const RootKeyRef& key) {
    *response.add_keys() = without_material(*key);
    return true;
  });
  return {};
}

void rotate_root_key(const Serving& serving, std::unique_ptr<model::RootKeyRequest> request,
                     Done<model::RootKeyResponse> done) {
  const Snapshot snapshot = serving.core.snapshot();
  auto key = serving.core.keyring().make_root_key(Uuid::generate(serving.core.random()).to_string(),
                                                  serving.core.clock().wall_ns());
  if (!key.ok()) return done(key.error());
  propose(serving, rotation(snapshot, *key, request->full()), std::move(done),
          [key = without_material(*key)](const Applied& applied) {
            model::RootKeyResponse response;
            *response.mutable_key() = key;
            response.mutable_key()->set_create_index(applied.index);
            response.mutable_key()->set_modify_index(applied.index);
            response.set_index(applied.index);
            return response;
          });
}

// The key that `id` names, in full or by its beginning.
Result<RootKeyRef> find_root_key(const Snapshot& snapshot, const std::string& id) {
  std::vector<RootKeyRef> found;
  snapshot.tables().root_keys.each([&](const std::string& key_id, const RootKeyRef& key) {
    if (!id.empty() && key_id.starts_with(id)) found.push_back(key);
    return true;
  });
  if (found.empty()) return not_found("root key \"" + id + "\"");
  if (found.size() > 1) {
    return Error{ErrorCode::invalid_argument,
                 std::to_string(found.size()) + " root keys begin with \"" + id + "\""};
  }
  return found.front();
}

void remove_root_key(const Serving& serving, std::unique_ptr<model::RootKeyRequest> request,
                     Done<model::WriteResponse> done) {
  const Snapshot snapshot = serving.core.snapshot();
  const auto key = find_root_key(snapshot, request->key_id());
  if (!key.ok()) return done(key.error());
  const std::string& id = (*key)->key_id();
  if ((*key)->state() == "active") {
    return done(Error{ErrorCode::failed_precondition,
                      "root key " + id + " is active and cannot be removed: rotate first"});
  }
  const std::size_t used = variables_sealed_with(snapshot, id, SIZE_MAX).size();
  if (used > 0 && !request->force()) {
    return done(Error{ErrorCode::failed_precondition,
                      std::to_string(used) + " variables are still sealed with root key " + id +
                          ": seal them anew with `operator root keyring rotate -full`, or lose "
                          "them with -force"});
  }
  model::Command command;
  command.mutable_upsert_root_keys()->add_keys()->set_key_id(id);
  propose(serving, std::move(command), std::move(done), [](const Applied& applied) {
    model::WriteResponse response;
    response.set_index(applied.index);
    return response;
  });
}

}  // namespace

void add_root_key_operations(OperationTable& table) {
  table.read("ListRootKeys", {Table::root_keys}, &list_root_keys);
  table.call("RotateRootKey", Access::leader, &rotate_root_key);
  table.call("RemoveRootKey", Access::leader, &remove_root_key);
}

}  // namespace yurt::server
