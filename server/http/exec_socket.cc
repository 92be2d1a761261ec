#include "server/http/exec_socket.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/websocket.hpp>
#include <deque>
#include <optional>

#include "jobspec/json/query.h"
#include "server/api/service.h"
#include "server/http/exec_messages.h"

namespace yurt::server {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

constexpr std::size_t max_message_bytes = 1 << 20;
constexpr std::size_t max_reason_bytes = 123;  // RFC 6455 §5.5

class Session final : public OpenSocket, public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<HttpState> state, Connection::Stream stream, IpSlot slot,
          std::shared_ptr<const Exchange> exchange)
      : state_(*state),
        state_ref_(state),
        socket_(std::move(stream)),
        slot_(std::move(slot)),
        exchange_(std::move(exchange)) {}

  void start(const beast::http::request<beast::http::string_body>& request) {
    if (!state_.add(shared_from_this())) return;
    socket_.set_option(websocket::stream_base::timeout::suggested(beast::role_type::server));
    socket_.read_message_max(max_message_bytes);
    state_.count_response(101);
    socket_.async_accept(request, [self = shared_from_this()](const error_code& error) {
      if (error) return self->end();
      // The first message of such a session only brings a token.
      if (is_asked(self->exchange_->url, "ws_handshake")) return self->read_handshake();
      self->open();
    });
  }

  void close() override {
    net::post(socket_.get_executor(), [self = shared_from_this()] { self->end(); });
  }

 private:
  void read_handshake() {
    socket_.async_read(incoming_,
                       [self = shared_from_this()](const error_code& error, std::size_t) {
                         if (error) return self->end();
                         self->incoming_.consume(self->incoming_.size());
                         self->open();
                       });
  }

  Result<std::unique_ptr<Message>> first_frame() {
    auto frame = std::make_unique<model::ExecFrame>();
    auto* start = frame->mutable_start();
    start->set_alloc_id(exchange_->match.capture);
    for (const auto& [name, text] : exchange_->url.parameters) {
      if (name == "command") {
        YURT_ASSIGN(const auto command, parse_exec_command(text));
        for (const auto& word : command) start->add_command(word);
        continue;
      }
      if (name == "alloc_id") continue;
      YURT_TRY(yurt::json::set_from_query(*start, name, text));
      YURT_TRY(yurt::json::set_from_query(*start->mutable_query(), name, text));
    }
    return std::unique_ptr<Message>(std::move(frame));
  }

  void open() {
    auto first = first_frame();
    if (!first) return fail(first.error());
    const std::weak_ptr<Session> weak = weak_from_this();
    const auto state = state_ref_.lock();
    auto opened = state_.service.open(
        *exchange_->operation, Caller{}, Body{std::move(*first), {}},
        {.on_message =
             [state, weak](Body message, std::size_t bytes) {
               const auto self = weak.lock();
               if (!self) return;
               auto shared = std::make_shared<Body>(std::move(message));
               net::post(self->socket_.get_executor(),
                         [self, shared, bytes] { self->on_frame(*shared, bytes); });
             },
         .on_end =
             [state, weak](Status status) {
               const auto self = weak.lock();
               if (!self) return;
               net::post(self->socket_.get_executor(), [self, status] { self->on_end(status); });
             }});
    if (!opened) return fail(opened.error());
    source_ = std::move(*opened);
    read_next();
  }

  void read_next() {
    socket_.async_read(
        incoming_, [self = shared_from_this()](const error_code& error, std::size_t) {
          if (error) return self->end();
          const auto frame = parse_exec_message(beast::buffers_to_string(self->incoming_.data()));
          self->incoming_.consume(self->incoming_.size());
          if (!frame) return self->fail(frame.error());
          const bool says_something = frame->ByteSizeLong() > 0;
          if (says_something && self->source_) {
            self->source_->send(Body{std::make_unique<model::ExecFrame>(*frame), {}});
          }
          self->read_next();
        });
  }

  void on_frame(const Body& message, std::size_t bytes) {
    if (ended_) return;
    model::ExecFrame frame;
    if (message.message) {
      frame.CopyFrom(*message.message);
    } else if (!frame.ParseFromString(message.bytes)) {
      return fail({ErrorCode::internal, "the session's data can't be read"});
    }
    auto texts = exec_messages(frame);
    if (texts.empty()) {
      if (source_) source_->consumed(bytes);
      return;
    }
    for (auto& text : texts) outgoing_.push_back({std::move(text), 0});
    outgoing_.back().second = bytes;
    go_on();
  }

  void on_end(const Status& status) {
    if (ended_) return;
    if (!status) return fail(status.error());
    close_with_ = websocket::close_reason(websocket::close_code::normal);
    go_on();
  }

  void fail(const Error& error) {
    const int status = encode_error(*exchange_->match.route, error).status;
    close_with_ = websocket::close_reason(
        status == 500 ? websocket::close_code::internal_error : websocket::close_code::policy_error,
        error.message.substr(0, max_reason_bytes));
    go_on();
  }

  void go_on() {
    if (writing_ || ended_) return;
    if (!outgoing_.empty()) {
      writing_ = true;
      socket_.text(true);
      return socket_.async_write(net::buffer(outgoing_.front().first),
                                 [self = shared_from_this()](const error_code& error, std::size_t) {
                                   self->writing_ = false;
                                   if (error) return self->end();
                                   if (self->source_)
                                     self->source_->consumed(self->outgoing_.front().second);
                                   self->outgoing_.pop_front();
                                   self->go_on();
                                 });
    }
    if (!close_with_) return;
    writing_ = true;
    socket_.async_close(*close_with_,
                        [self = shared_from_this()](const error_code&) { self->end(); });
  }

  void end() {
    if (ended_) return;
    ended_ = true;
    source_.reset();
    beast::get_lowest_layer(socket_).close();
    state_.remove(shared_from_this());
  }

  HttpState& state_;
  const std::weak_ptr<HttpState> state_ref_;  // callbacks that may outlive the server hold it
  websocket::stream<Connection::Stream> socket_;
  IpSlot slot_;
  const std::shared_ptr<const Exchange> exchange_;
  beast::flat_buffer incoming_;
  std::deque<std::pair<std::string, std::size_t>> outgoing_;  // and what to report consumed
  std::unique_ptr<CallStream> source_;
  std::optional<websocket::close_reason> close_with_;
  bool writing_ = false;
  bool ended_ = false;
};

}  // namespace

void ExecSocket::start(std::shared_ptr<HttpState> state, Connection::Stream stream, IpSlot slot,
                       std::shared_ptr<const Exchange> exchange,
                       const beast::http::request<beast::http::string_body>& request) {
  std::make_shared<Session>(std::move(state), std::move(stream), std::move(slot),
                            std::move(exchange))
      ->start(request);
}

}  // namespace yurt::server
