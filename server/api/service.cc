#include "server/api/service.h"

#include <algorithm>
#include <atomic>

#include "server/api/executor.h"
#include "server/api/forwarder.h"
#include "server/api/request_options.h"
#include "server/metrics.h"

namespace yurt::server {
namespace {

// How long a call is held while there is no leader, and how often it looks again.
constexpr std::int64_t leader_patience_ns = 5 * nanoseconds_per_second;
constexpr std::int64_t leader_check_ns = 25 * nanoseconds_per_millisecond;
// A forwarded call gets this long, beyond what a blocking query waits.
constexpr std::int64_t forward_timeout_ms = 120'000;

Error no_leader() { return {ErrorCode::unavailable, "No cluster leader"}; }

}  // namespace

struct Service::Call {
  const Operation& operation;
  const Caller caller;
  Body request;
  const std::function<void(Result<Body>, bool)> done;
  const std::int64_t started_ns;
  // Reads only: the request's options with its namespace resolved, and when to stop waiting.
  model::QueryOptions query;
  std::int64_t deadline_ns = 0;
};

struct Service::Gate {
  std::atomic<bool> closed = false;
  std::atomic<int> inside = 0;

  [[nodiscard]] bool enter() {
    ++inside;
    if (!closed) return true;
    leave();
    return false;
  }
  void leave() {
    if (--inside == 0 && closed) inside.notify_all();
  }
};

template <typename Run>
auto Service::later(Run run) {
  return [gate = gate_, run = std::move(run)](auto&&... arguments) mutable {
    if (!gate->enter()) return;
    run(std::forward<decltype(arguments)>(arguments)...);
    gate->leave();
  };
}

void Service::post(std::function<void()> run) { serving_.executor.post(later(std::move(run))); }

Service::Service(Core& core, Executor& executor, Forwarder& forwarder, Metrics& metrics,
                 jobspec::ConfigCheck check_config)
    : serving_{core, executor, metrics, std::move(check_config)},
      forwarder_(forwarder),
      metrics_(metrics),
      table_(OperationTable::all()),
      gate_(std::make_shared<Gate>()) {}

Service::~Service() {
  gate_->closed = true;
  for (int inside = gate_->inside; inside != 0; inside = gate_->inside) {
    gate_->inside.wait(inside);
  }
}

const Operation* Service::find(std::string_view name) const { return table_.find(name); }

void Service::call(const Operation& operation, Caller caller, Body request,
                   std::function<void(Result<Body>, bool)> done) {
  YURT_ASSERT(!operation.stream);
  route(std::make_shared<Call>(Call{operation,
                                    std::move(caller),
                                    std::move(request),
                                    std::move(done),
                                    serving_.core.clock().steady_ns(),
                                    {},
                                    0}));
}

namespace {

// Makes sure that `body` holds a message of the operation's request type.
Status parse(const Operation& operation, Body& body) {
  if (body.message) return {};
  body.message.reset(operation.request->New());
  if (body.message->ParseFromString(body.bytes)) return {};
  return Error{ErrorCode::invalid_argument,
               "the request is not a serialized " + operation.request->GetTypeName()};
}

}  // namespace

void Service::route(const CallRef& call) {
  const Operation& operation = call->operation;
  if (operation.access == Access::local) return run_here(call);
  if (operation.access == Access::consistent) {
    if (auto parsed = parse(operation, call->request); !parsed) return finish(call, parsed.error());
    if (query_options(*call->request.message)->stale()) return run_here(call);
  }
  const raft::Leadership leadership = serving_.core.consensus().leadership();
  if (leadership.self) return run_here(call);
  if (call->caller.forwarded) return finish(call, no_leader(), true);
  if (leadership.address.empty()) return retry(call, no_leader());
  forward(call, leadership.address);
}

void Service::retry(const CallRef& call, Error why) {
  const std::int64_t now_ns = serving_.core.clock().steady_ns();
  if (call->caller.forwarded || call->caller.is_gone() ||
      now_ns - call->started_ns >= leader_patience_ns) {
    return finish(call, std::move(why), true);
  }
  serving_.core.when_changed({}, 0, now_ns + leader_check_ns,
                             later([this, call] { post([this, call] { route(call); }); }));
}

void Service::forward(const CallRef& call, const std::string& address) {
  std::int64_t timeout_ms = forward_timeout_ms;
  if (call->request.message) {
    if (call->request.bytes.empty()) {
      call->request.bytes = call->request.message->SerializeAsString();
    }
    const auto* query = query_options(*call->request.message);
    if (query != nullptr && query->index() > 0) {
      timeout_ms += blocking_wait_ns(*query, serving_.core.random()) / nanoseconds_per_millisecond;
    }
  }
  forwarder_.call(address, call->operation.name, call->request.bytes, timeout_ms,
                  later([this, call](Result<std::string> reply, bool untouched) {
                    if (reply) return finish(call, Body{nullptr, std::move(*reply)});
                    if (untouched) return retry(call, reply.error());
                    finish(call, reply.error());
                  }));
}

void Service::run_here(const CallRef& call) {
  const Operation& operation = call->operation;
  if (auto parsed = parse(operation, call->request); !parsed) return finish(call, parsed.error());
  const Message& request = *call->request.message;
  if (auto known = check_region(request, serving_.core.identity().region); !known) {
    return finish(call, known.error());
  }

  if (operation.read) {
    call->query = *query_options(request);
    if (call->query.namespace_().empty()) call->query.set_namespace_(default_namespace);
    if (call->query.index() > 0) {
      call->deadline_ns =
          serving_.core.clock().steady_ns() + blocking_wait_ns(call->query, serving_.core.random());
    }
    if (call->query.stale()) {
      return post([this, call] { run_read(call); });
    }
    return serving_.core.consensus().read_barrier(later([this, call](Result<raft::Index> index) {
      post([this, call, index = std::move(index)] {
        if (index) return run_read(call);
        retry(call, index.error());
      });
    }));
  }

  const auto run = [this, call] {
    const bool local = call->operation.access == Access::local;
    call->operation.call(
        serving_, call->caller, std::move(call->request.message),
        later([this, call, local](Result<std::unique_ptr<Message>> reply) {
          auto body = reply ? Result<Body>(Body{std::move(*reply), {}}) : reply.error();
          if (local) return finish(call, std::move(body));
          // This may be the apply thread: writing to sockets is not its business.
          auto shared = std::make_shared<Result<Body>>(std::move(body));
          post([this, call, shared] { finish(call, std::move(*shared)); });
        }));
  };
  if (operation.heavy) return post(run);
  run();
}

void Service::run_read(const CallRef& call) {
  if (call->caller.is_gone()) return finish(call, no_leader());
  const Operation& operation = call->operation;
  Reading reading{serving_, serving_.core.snapshot(), call->query, 0, {}};
  const Tables& tables = reading.snapshot.tables();
  std::uint64_t newest = 0;
  for (const Table table : operation.tables) newest = std::max(newest, tables.index_of(table));
  reading.index = newest;

  std::unique_ptr<Message> response(operation.response->New());
  const Status status = operation.read(reading, *call->request.message, *response);
  // Nobody may see index 0: a client would ask again at once.
  reading.index = std::max<std::uint64_t>(reading.index, 1);

  const bool missing = !status && status.error().code == ErrorCode::not_found;
  const bool waits = call->query.index() > 0 && (status.ok() || missing) &&
                     reading.index <= call->query.index() &&
                     serving_.core.clock().steady_ns() < call->deadline_ns;
  if (waits) {
    return serving_.core.when_changed(
        operation.tables, newest, call->deadline_ns,
        later([this, call] { post([this, call] { run_read(call); }); }));
  }
  if (!status) return finish(call, status.error());

  model::QueryMeta meta;
  meta.set_index(reading.index);
  meta.set_last_contact(serving_.core.consensus().progress().last_contact_ms);
  meta.set_known_leader(serving_.core.consensus().leadership().leader != 0);
  meta.set_next_token(reading.next_token);
  fill_query_meta(meta, *response);
  finish(call, Body{std::move(response), {}});
}

void Service::finish(const CallRef& call, Result<Body> reply, bool untouched) {
  const std::int64_t took_ns = serving_.core.clock().steady_ns() - call->started_ns;
  metrics_.observe_call(call->operation.name, took_ns, reply.ok());
  call->done(std::move(reply), untouched);
}

Result<std::unique_ptr<CallStream>> Service::open(const Operation& operation, const Caller& caller,
                                                  Body first, StreamEvents events) {
  YURT_ASSERT(static_cast<bool>(operation.stream));
  if (operation.access == Access::leader) {
    const raft::Leadership leadership = serving_.core.consensus().leadership();
    if (!leadership.self) {
      if (caller.forwarded || leadership.address.empty()) return no_leader();
      if (first.message) first.bytes = first.message->SerializeAsString();
      return forwarder_.open(leadership.address, operation.name, first.bytes, std::move(events));
    }
  }
  YURT_TRY(parse(operation, first));
  YURT_TRY(check_region(*first.message, serving_.core.identity().region));
  return operation.stream(serving_, *first.message, std::move(events));
}

}  // namespace yurt::server
