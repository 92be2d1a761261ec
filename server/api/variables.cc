// Variables: reading them in the clear, and changes of them, sealed before they are proposed.
#include "server/api/executor.h"
#include "server/api/listing.h"
#include "server/api/operations.h"
#include "server/api/proposals.h"
#include "server/api/request_options.h"
#include "server/api/variable_checks.h"
#include "server/api/views.h"
#include "server/variables/keyring.h"

namespace yurt::server {
namespace {

using Change = model::VariableChange;
using WriteDone = Done<model::VariableWriteResponse>;

Status list_variables(Reading& reading, const model::ListRequest&,
                      model::VariableListResponse& response) {
  YURT_ASSIGN(const auto filter,
              parse_filter(reading.query, *model::VariableMetadata::descriptor()));
  struct Row {
    std::string token;  // "<namespace>.<path>"
    const model::SealedVariable* variable;
  };
  std::vector<Row> rows;
  const auto collect = [&](const JobKey& key, const SealedVariableRef& variable) {
    if (key.id.starts_with(reading.query.prefix())) {
      rows.push_back({key.ns + "." + key.id, variable.get()});
    }
  };
  const auto& variables = reading.snapshot.tables().variables;
  if (reading.any_namespace()) {
    variables.each([&](const JobKey& key, const SealedVariableRef& variable) {
      collect(key, variable);
      return true;
    });
  } else {
    const JobKey from{reading.query.namespace_(), reading.query.prefix()};
    variables.scan(from, [&](const JobKey& key, const SealedVariableRef& variable) {
      if (key.ns != from.ns || !key.id.starts_with(from.id)) return false;
      collect(key, variable);
      return true;
    });
  }
  list_by_name(
      reading, std::move(rows), [](const Row& row) -> const std::string& { return row.token; },
      [&](const Row& row) { return !filter || filter->matches({shown(*row.variable)}); },
      [&](const Row& row) { *response.add_variables() = shown(*row.variable); });
  return {};
}

Status read_variable(Reading& reading, const model::VariableReadRequest& request,
                     model::VariableReadResponse& response) {
  const Tables& tables = reading.snapshot.tables();
  const auto* found = tables.variables.find({reading.query.namespace_(), request.path()});
  if (found == nullptr) return Error{ErrorCode::not_found, "variable not found"};
  reading.index = (*found)->metadata().modify_index();
  YURT_ASSIGN(*response.mutable_variable(), reading.serving.core.keyring().open(tables, **found));
  return {};
}

Result<Change::Kind> kind_of(const std::string& operation) {
  if (operation.empty() || operation == "set") return Change::SET;
  if (operation == "delete") return Change::DELETE;
  if (operation == "lock-acquire") return Change::LOCK_ACQUIRE;
  if (operation == "lock-renew") return Change::LOCK_RENEW;
  if (operation == "lock-release") return Change::LOCK_RELEASE;
  return Error{ErrorCode::invalid_argument, "unknown operation \"" + operation + "\""};
}

Status complete(const Serving& serving, model::VariableWriteRequest& request, Change::Kind kind) {
  auto& variable = *request.mutable_variable();
  YURT_TRY(check_variable_path(variable.path()));
  const std::string& asked = request.write().namespace_();
  if (variable.namespace_().empty()) variable.set_namespace_(namespace_or_default(asked));
  if (!asked.empty() && asked != "default" && variable.namespace_() != asked) {
    return Error{ErrorCode::invalid_argument, "the variable's namespace \"" +
                                                  variable.namespace_() +
                                                  "\" is not the request's, \"" + asked + "\""};
  }
  if (kind == Change::SET) YURT_TRY(check_variable_items(variable));
  if (kind == Change::LOCK_ACQUIRE) {
    if (!variable.items().empty()) YURT_TRY(check_variable_items(variable));
    YURT_TRY(complete_lock(*variable.mutable_lock()));
    variable.mutable_lock()->set_id(Uuid::generate(serving.core.random()).to_string());
  }
  const bool needs_lock = kind == Change::LOCK_RENEW || kind == Change::LOCK_RELEASE;
  if (needs_lock && variable.lock().id().empty()) {
    return Error{ErrorCode::invalid_argument, "missing the lock's ID: Lock.ID is required"};
  }
  return {};
}

// What stands there, as somebody who has not changed it may see it.
void show_conflict(const Serving& serving, const model::Variable& wanted, const Applied& applied,
                   model::VariableWriteResponse& response) {
  response.set_conflict(true);
  auto& variable = *response.mutable_variable();
  variable.set_namespace_(wanted.namespace_());
  variable.set_path(wanted.path());
  if (!applied.variable) return;
  fill_variable(shown(*applied.variable), variable);
  const Snapshot snapshot = serving.core.snapshot();
  auto opened = serving.core.keyring().open(snapshot.tables(), *applied.variable);
  if (opened.ok()) variable.mutable_items()->swap(*opened->mutable_items());
}

void propose_change(const Serving& serving, std::shared_ptr<model::VariableWriteRequest> request,
                    Change::Kind kind, WriteDone done) {
  const model::Variable& wanted = request->variable();
  model::Command command;
  auto& change = *command.mutable_change_variables()->add_changes();
  change.set_kind(kind);
  if (request->has_cas()) change.set_cas(request->cas());
  change.set_lock_id(wanted.lock().id());
  auto& sealed = *change.mutable_variable();
  sealed.mutable_metadata()->set_namespace_(wanted.namespace_());
  sealed.mutable_metadata()->set_path(wanted.path());
  if (kind == Change::LOCK_ACQUIRE) *sealed.mutable_metadata()->mutable_lock() = wanted.lock();
  if (!wanted.items().empty() && (kind == Change::SET || kind == Change::LOCK_ACQUIRE)) {
    const Snapshot snapshot = serving.core.snapshot();
    const Status done_sealing =
        serving.core.keyring().seal(snapshot.tables(), wanted.items(), sealed);
    if (!done_sealing.ok()) return done(done_sealing.error());
  }
  propose(serving, std::move(command), std::move(done),
          [serving, request, kind](const Applied& applied) {
            model::VariableWriteResponse response;
            response.set_index(applied.index);
            if (applied.conflict) {
              show_conflict(serving, request->variable(), applied, response);
              return response;
            }
            auto& variable = *response.mutable_variable();
            variable = request->variable();
            if (!applied.variable) return response;
            fill_variable(shown(*applied.variable), variable);
            const bool holds = kind == Change::LOCK_ACQUIRE || kind == Change::LOCK_RENEW;
            if (holds) variable.mutable_lock()->set_id(request->variable().lock().id());
            if (kind == Change::LOCK_RELEASE) variable.clear_lock();
            return response;
          });
}

void write_variable(const Serving& serving, std::unique_ptr<model::VariableWriteRequest> given,
                    WriteDone done) {
  const auto kind = kind_of(given->operation());
  if (!kind.ok()) return done(kind.error());
  if (auto valid = complete(serving, *given, *kind); !valid.ok()) return done(valid.error());
  std::shared_ptr<model::VariableWriteRequest> request = std::move(given);
  const bool seals = !request->variable().items().empty() &&
                     (*kind == Change::SET || *kind == Change::LOCK_ACQUIRE);
  if (!seals || active_root_key(serving.core.snapshot().tables())) {
    return propose_change(serving, std::move(request), *kind, std::move(done));
  }
  // The first variable of the cluster: it needs its first key.
  auto key = serving.core.keyring().make_root_key(Uuid::generate(serving.core.random()).to_string(),
                                                  serving.core.clock().wall_ns());
  if (!key.ok()) return done(key.error());
  model::Command command;
  *command.mutable_upsert_root_keys()->add_keys() = std::move(*key);
  serving.core.propose(
      std::move(command), [serving, request = std::move(request), kind = *kind,
                           done = std::move(done)](Result<Applied> applied) mutable {
        if (!applied) return done(applied.error());
        serving.executor.post(
            [serving, request = std::move(request), kind, done = std::move(done)]() mutable {
              propose_change(serving, std::move(request), kind, std::move(done));
            });
      });
}

}  // namespace

void add_variable_operations(OperationTable& table) {
  table.read("ListVariables", {Table::variables}, &list_variables);
  table.read("ReadVariable", {Table::variables}, &read_variable);
  table.call("WriteVariable", Access::leader, &write_variable);
}

}  // namespace yurt::server
