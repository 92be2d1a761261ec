// Operation: one call of the service Yurt (proto/api.proto), described once for both front doors.
//
// An operation is a read (a function over one snapshot, run again when a blocking query's tables
// change), a call (anything that acts and answers once) or a stream. The table of all operations is
// built at start and immutable afterwards; handlers are called from many threads at once.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "jobspec/validate/validate.h"
#include "proto/api.pb.h"
#include "server/core.h"

namespace yurt::server {

using Message = google::protobuf::Message;

// Who may answer.
enum class Access {
  consistent,  // the leader, after making sure that it still leads; any server when stale
  leader,      // the leader only: writes, and calls to agents, which are connected to it
  local,       // whichever server was asked
};

// A message, or its serialized form where nobody had to look inside.
struct Body {
  std::unique_ptr<Message> message;
  std::string bytes;  // counts when message is null
};

struct Caller {
  // Another server passed the call on: it is answered or refused here, never passed on again.
  bool forwarded = false;
  // Set when the caller has gone and nobody waits for the answer; may be null.
  std::shared_ptr<const std::atomic<bool>> gone;

  [[nodiscard]] bool is_gone() const { return gone && gone->load(std::memory_order_relaxed); }
};

class Executor;
class Metrics;

// What handlers may use. The references outlive every call.
struct Serving {
  Core& core;
  Executor& executor;
  Metrics& metrics;
  // What drivers say of a task's config; empty: their configs are not looked into.
  jobspec::ConfigCheck check_config{};
};

// One run of a read.
struct Reading {
  const Serving& serving;
  const Snapshot snapshot;
  const model::QueryOptions& query;  // its namespace is never empty
  // What the answer reflects. Preset to the newest change of the operation's tables; a read of one
  // object sets the object's own, so that a blocking query waits for that object.
  std::uint64_t index = 0;
  std::string next_token;

  [[nodiscard]] bool any_namespace() const { return query.namespace_() == "*"; }
  [[nodiscard]] JobKey job_key(const std::string& id) const { return {query.namespace_(), id}; }
};

template <typename T>
using Done = std::function<void(Result<T>)>;

// Both directions of a stream as the front door that asked for it holds it. Destroying it ends the
// stream; must not be destroyed from within one of its own callbacks.
class CallStream {
 public:
  virtual ~CallStream() = default;
  // From the caller to the operation; false when the stream is over.
  virtual bool send(Body message) = 0;
  // The caller sends no more.
  virtual void finish_sending() = 0;
  // `bytes` of what on_message brought have left: the operation may produce that much more.
  virtual void consumed(std::size_t bytes) = 0;
};

struct StreamEvents {
  // A message for the caller, and how much to report consumed once it was passed on.
  std::function<void(Body message, std::size_t bytes)> on_message;
  // Called once, last.
  std::function<void(Status)> on_end;
};

struct Operation {
  std::string_view name;
  Access access = Access::local;
  bool heavy = false;  // a call that computes for long: kept off the threads that serve sockets
  std::vector<Table> tables;
  const Message* request = nullptr;  // default instances
  const Message* response = nullptr;
  bool caller_streams = false;  // a stream on which the caller, too, sends more than one message

  // Exactly one is set.
  std::function<Status(Reading&, const Message& request, Message& response)> read;
  std::function<void(const Serving&, const Caller&, std::unique_ptr<Message> request,
                     Done<std::unique_ptr<Message>> done)>
      call;
  std::function<Result<std::unique_ptr<CallStream>>(const Serving&, const Message& first,
                                                    StreamEvents events)>
      stream;
};

class OperationTable {
 public:
  // Every operation that this server answers.
  [[nodiscard]] static OperationTable all();

  // Null for an unknown name.
  [[nodiscard]] const Operation* find(std::string_view name) const;
  [[nodiscard]] const std::vector<Operation>& operations() const { return operations_; }
  // Whether the schema lets the caller of `name` send more than one message.
  [[nodiscard]] static bool caller_streams(std::string_view name);

  template <typename Request, typename Response>
  void read(std::string_view name, std::vector<Table> tables,
            Status (*run)(Reading&, const Request&, Response&)) {
    Operation& op = add<Request, Response>(name, Access::consistent);
    op.tables = std::move(tables);
    op.read = [run](Reading& reading, const Message& request, Message& response) {
      return run(reading, static_cast<const Request&>(request), static_cast<Response&>(response));
    };
  }

  template <typename Request, typename Response>
  Operation& call(std::string_view name, Access access,
                  void (*run)(const Serving&, std::unique_ptr<Request>, Done<Response>)) {
    Operation& op = add<Request, Response>(name, access);
    op.call = [run](const Serving& serving, const Caller&, std::unique_ptr<Message> request,
                    Done<std::unique_ptr<Message>> done) {
      run(serving, std::unique_ptr<Request>(static_cast<Request*>(request.release())),
          [done = std::move(done)](Result<Response> result) {
            if (!result) return done(result.error());
            done(std::unique_ptr<Message>(std::make_unique<Response>(std::move(*result))));
          });
    };
    return op;
  }

  // A local call that is answered at once.
  template <typename Request, typename Response>
  Operation& local(std::string_view name,
                   Status (*run)(const Serving&, const Request&, Response&)) {
    Operation& op = add<Request, Response>(name, Access::local);
    op.call = [run](const Serving& serving, const Caller&, std::unique_ptr<Message> request,
                    Done<std::unique_ptr<Message>> done) {
      auto response = std::make_unique<Response>();
      const Status status = run(serving, static_cast<const Request&>(*request), *response);
      if (!status) return done(status.error());
      done(std::unique_ptr<Message>(std::move(response)));
    };
    return op;
  }

  template <typename Request, typename Response>
  void stream(std::string_view name, Access access,
              Result<std::unique_ptr<CallStream>> (*open)(const Serving&, const Request&,
                                                          StreamEvents)) {
    Operation& op = add<Request, Response>(name, access);
    op.stream = [open](const Serving& serving, const Message& first, StreamEvents events) {
      return open(serving, static_cast<const Request&>(first), std::move(events));
    };
  }

 private:
  // The schema's description of the operation; null for an unknown name.
  static const google::protobuf::MethodDescriptor* method_of(std::string_view name);

  template <typename Request, typename Response>
  Operation& add(std::string_view name, Access access) {
    Operation& op = operations_.emplace_back();
    op.name = name;
    op.access = access;
    op.request = &Request::default_instance();
    op.response = &Response::default_instance();
    const auto* method = method_of(name);
    YURT_ASSERT(method != nullptr && method->input_type() == Request::descriptor() &&
                method->output_type() == Response::descriptor());
    op.caller_streams = method->client_streaming();
    return op;
  }

  std::vector<Operation> operations_;  // in order of name once complete
};

}  // namespace yurt::server
