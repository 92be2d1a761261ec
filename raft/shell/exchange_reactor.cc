#include "raft/shell/exchange_reactor.h"

#include <optional>
#include <utility>

#include "base/log.h"
#include "raft/shell/wire_meeting.h"
#include "raft/shell/wire_message.h"

namespace yurt::raft {

void ExchangeRegistry::add(grpc::CallbackServerContext* context) {
  const std::lock_guard lock(mutex_);
  contexts_.insert(context);
}

void ExchangeRegistry::remove(grpc::CallbackServerContext* context) {
  const std::lock_guard lock(mutex_);
  contexts_.erase(context);
  empty_.notify_all();
}

void ExchangeRegistry::cancel_all_and_wait() {
  std::unique_lock lock(mutex_);
  for (grpc::CallbackServerContext* context : contexts_) context->TryCancel();
  empty_.wait(lock, [this] { return contexts_.empty(); });
}

ExchangeReactor::ExchangeReactor(grpc::CallbackServerContext& context, ExchangeRegistry& registry,
                                 Settings settings)
    : context_(context), registry_(registry), settings_(std::move(settings)) {
  registry_.add(&context_);
  StartRead(&incoming_);
}

void ExchangeReactor::OnReadDone(bool ok) {
  if (!ok) return finish(grpc::Status::OK);
  if (peer_ != 0) {
    deliver();
  } else if (incoming_.has_hello()) {
    greeted(incoming_.hello());
    if (peer_ == 0) return;
  } else {
    return finish({grpc::StatusCode::INVALID_ARGUMENT, "the first envelope must hold a greeting"});
  }
  StartRead(&incoming_);
}

void ExchangeReactor::greeted(const wire::Hello& hello) {
  const Greeting greeting = from_wire(hello);
  if (const Status admitted = settings_.admit(greeting); !admitted.ok()) {
    return finish({admitted.error().code == ErrorCode::permission_denied
                       ? grpc::StatusCode::PERMISSION_DENIED
                       : grpc::StatusCode::UNAVAILABLE,
                   admitted.error().message});
  }
  peer_ = greeting.from;
  settings_.met(greeting);
  *hello_.mutable_hello() =
      to_wire(Greeting{greeting.cluster_id, settings_.self, greeting.from, settings_.own_address});
  write(hello_);
}

void ExchangeReactor::deliver() {
  std::vector<Message> messages;
  messages.reserve(static_cast<std::size_t>(incoming_.messages_size()));
  for (wire::Message& wire_message : *incoming_.mutable_messages()) {
    std::optional<Message> message = from_wire(std::move(wire_message), peer_, settings_.self);
    if (message) messages.push_back(std::move(*message));
  }
  if (!messages.empty()) settings_.messages(std::move(messages));
  if (incoming_.echo()) write(echo_);
}

void ExchangeReactor::write(const wire::Envelope& envelope) {
  const std::lock_guard lock(mutex_);
  if (finishing_) return;
  if (writing_) {
    echo_due_ = true;  // only echoes can meet a write under way
    return;
  }
  writing_ = true;
  StartWrite(&envelope);
}

void ExchangeReactor::OnWriteDone(bool /*ok*/) {
  const std::lock_guard lock(mutex_);
  writing_ = false;
  if (finishing_) return Finish(final_status_);
  if (std::exchange(echo_due_, false)) {
    writing_ = true;
    StartWrite(&echo_);
  }
}

void ExchangeReactor::finish(grpc::Status status) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(finishing_, true)) return;
  final_status_ = std::move(status);
  if (!writing_) Finish(final_status_);
}

void ExchangeReactor::OnDone() {
  ExchangeRegistry& registry = registry_;
  grpc::CallbackServerContext* context = &context_;
  delete this;
  registry.remove(context);
}

}  // namespace yurt::raft
