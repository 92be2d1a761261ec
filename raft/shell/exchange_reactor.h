// ExchangeReactor: the receiving end of one peer's stream of messages.
//
// Owned by gRPC: deletes itself when the stream is done. The registry knows all that live, so that
// the service can end them and wait. Callbacks come from gRPC's threads, one at a time for each of
// reads, writes and the end.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "raft/core/message.h"
#include "raft/raft.pb.h"
#include "raft/shell/greeting.h"

namespace yurt::raft {

class ExchangeRegistry {
 public:
  void add(grpc::CallbackServerContext* context);
  void remove(grpc::CallbackServerContext* context);
  void cancel_all_and_wait();

 private:
  std::mutex mutex_;
  std::condition_variable empty_;
  std::set<grpc::CallbackServerContext*> contexts_;
};

// Ends a stream before it began.
class RefusedExchange final : public grpc::ServerBidiReactor<wire::Envelope, wire::Envelope> {
 public:
  explicit RefusedExchange(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

class ExchangeReactor final : public grpc::ServerBidiReactor<wire::Envelope, wire::Envelope> {
 public:
  struct Settings {
    PeerId self = 0;
    std::string own_address;
    Doorkeeper admit;
    std::function<void(const Greeting&)> met;
    std::function<void(std::vector<Message>)> messages;
  };

  ExchangeReactor(grpc::CallbackServerContext& context, ExchangeRegistry& registry,
                  Settings settings);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone() override;

 private:
  void greeted(const wire::Hello& hello);
  void deliver();
  void write(const wire::Envelope& envelope);
  // Ends the stream once, after the write under way.
  void finish(grpc::Status status);

  grpc::CallbackServerContext& context_;
  ExchangeRegistry& registry_;
  const Settings settings_;
  PeerId peer_ = 0;  // 0 until it has greeted
  wire::Envelope incoming_;
  wire::Envelope hello_;
  const wire::Envelope echo_;

  std::mutex mutex_;
  bool writing_ = false;
  bool echo_due_ = false;
  bool finishing_ = false;
  grpc::Status final_status_;
};

}  // namespace yurt::raft
