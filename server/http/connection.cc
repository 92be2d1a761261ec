#include "server/http/connection.h"

#include <sys/socket.h>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <cerrno>
#include <chrono>

#include "server/api/service.h"
#include "server/http/exec_socket.h"
#include "server/http/gzip.h"
#include "server/http/stream_reply.h"

namespace yurt::server {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::int64_t linger_ms = 2000;
constexpr std::size_t dropped_at_once_bytes = 64 << 10;

std::chrono::milliseconds timeout(std::int64_t milliseconds) {
  return std::chrono::milliseconds(milliseconds);
}

// The headers of one answer, in the order in which Nomad's Go client reads the first four: it gives
// up at the first that is missing.
void set_headers(const HttpState& state, const Exchange& exchange, const HttpReply& reply,
                 auto& response) {
  response.keep_alive(exchange.keep_alive);
  const auto set = [&](const char* name, const std::string& value) {
    if (!value.empty()) response.set(name, value);
  };
  set("X-Nomad-Index", reply.meta.index);
  set("X-Nomad-LastContact", reply.meta.last_contact);
  set("X-Nomad-NextToken", reply.meta.next_token);
  set("X-Nomad-KnownLeader", reply.meta.known_leader);
  if (!reply.content_type.empty()) response.set(http::field::content_type, reply.content_type);
  response.set(http::field::vary, "Accept-Encoding");
  if (exchange.from_other_origin && exchange.match.route != nullptr &&
      !exchange.match.route->cors.empty()) {
    response.set(http::field::access_control_allow_origin, "*");
  }
  for (const auto& [name, value] : state.options.headers) response.set(name, value);
}

}  // namespace

Connection::Connection(std::shared_ptr<HttpState> state, Socket socket, IpSlot slot)
    : state_(*state), state_ref_(state), stream_(std::move(socket)), slot_(std::move(slot)) {}

Connection::~Connection() = default;

void Connection::start() {
  if (!state_.add(shared_from_this())) return;
  net::dispatch(stream_.get_executor(), [self = shared_from_this()] { self->read_next(); });
}

void Connection::close() {
  net::post(stream_.get_executor(), [self = shared_from_this()] { self->end(); });
}

void Connection::end() {
  if (ended_) return;
  ended_ = true;
  if (gone_) gone_->store(true, std::memory_order_relaxed);
  if (streaming_) streaming_->abandon();
  streaming_.reset();
  error_code ignored;
  stream_.socket().shutdown(net::ip::tcp::socket::shutdown_both, ignored);
  stream_.close();
  state_.remove(shared_from_this());
}

void Connection::read_next() {
  if (ended_) return;
  parser_.emplace();
  parser_->header_limit(state_.options.max_header_bytes);
  parser_->body_limit(state_.options.max_body_bytes);
  stream_.expires_after(timeout(state_.options.read_timeout_ms));
  http::async_read_header(stream_, buffer_, *parser_,
                          [self = shared_from_this()](const error_code& error, std::size_t) {
                            self->on_header(error);
                          });
}

// A request that could not be read: an answer where the caller may still be listening.
void Connection::refuse(const error_code& error) {
  Exchange exchange;
  exchange.keep_alive = false;
  if (error == http::error::body_limit) {
    return respond(exchange, text_reply(413, "http: request body too large"));
  }
  if (error == http::error::header_limit) {
    return respond(exchange, text_reply(431, "http: request header too large"));
  }
  const bool malformed =
      error.category() == http::make_error_code(http::error::bad_method).category() &&
      error != http::error::end_of_stream && error != http::error::partial_message;
  if (malformed) return respond(exchange, text_reply(400, "400 Bad Request"));
  end();
}

void Connection::on_header(const error_code& error) {
  if (error) return refuse(error);
  if (beast::websocket::is_upgrade(parser_->get())) return upgrade();
  if (!beast::iequals(parser_->get()[http::field::expect], "100-continue")) return read_body();
  auto response = std::make_shared<http::response<http::empty_body>>(http::status::continue_,
                                                                     parser_->get().version());
  http::async_write(stream_, *response,
                    [self = shared_from_this(), response](const error_code& failed, std::size_t) {
                      if (failed) return self->end();
                      self->read_body();
                    });
}

void Connection::read_body() {
  stream_.expires_after(timeout(state_.options.read_timeout_ms));
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](const error_code& error, std::size_t) {
                     self->on_request(error);
                   });
}

std::shared_ptr<Exchange> Connection::describe(const Parser::value_type& request) {
  auto exchange = std::make_shared<Exchange>();
  exchange->method = std::string(request.method_string());
  exchange->version = request.version();
  exchange->keep_alive = request.keep_alive();
  exchange->gzip = accepts_gzip(request[http::field::accept_encoding]);
  exchange->from_other_origin = request.find(http::field::origin) != request.end();
  return exchange;
}

void Connection::on_request(const error_code& error) {
  if (error) return refuse(error);
  stream_.expires_never();
  auto request = parser_->release();
  const auto exchange = describe(request);
  auto url = parse_url({request.target().data(), request.target().size()});
  if (!url) return respond(*exchange, text_reply(400, url.error().message));
  exchange->url = std::move(*url);
  dispatch(exchange, request.body());
}

// What needs no operation. False when the request does.
bool Connection::answer_fixed(const Exchange& exchange) {
  if (exchange.match.route == nullptr) {
    respond(exchange, text_reply(405, "Invalid method"));
  } else if (exchange.match.route->reply == ReplyForm::fixed) {
    respond(exchange, text_reply(exchange.match.route->status, exchange.match.route->text));
  } else if (exchange.match.route->reply == ReplyForm::exec) {
    respond(exchange, text_reply(400, "this is a websocket: ask for an upgrade"));
  } else {
    return false;
  }
  return true;
}

void Connection::dispatch(const std::shared_ptr<Exchange>& exchange, const std::string& body) {
  const std::string& path = exchange->url.path;
  if (path == "/") {
    HttpReply reply = text_reply(307, "");
    reply.location = "/ui/" + (exchange->url.query.empty() ? "" : "?" + exchange->url.query);
    return respond(*exchange, std::move(reply));
  }
  const bool preflight = exchange->method == "OPTIONS";
  auto match = find_route(preflight ? "GET" : exchange->method, path);
  if (!match) return respond(*exchange, text_reply(404, ""));
  exchange->match = std::move(*match);
  if (preflight && exchange->match.route != nullptr && !exchange->match.route->cors.empty()) {
    HttpReply reply = text_reply(204, "");
    reply.allow_methods = exchange->match.route->cors;
    return respond(*exchange, std::move(reply));
  }
  if (preflight) exchange->match.route = nullptr;
  if (answer_fixed(*exchange)) return;

  const Route& route = *exchange->match.route;
  exchange->operation = state_.service.find(route.operation);
  YURT_ASSERT(exchange->operation != nullptr);
  auto request = decode_request(*exchange->operation, exchange->match, exchange->url, body);
  if (!request) return respond(*exchange, text_reply(400, request.error().message));
  if (exchange->operation->stream) {
    if (exchange->method == "HEAD") return respond(*exchange, text_reply(405, "Invalid method"));
    streaming_ = StreamReply::open(shared_from_this(), exchange, std::move(*request));
    return;
  }
  call(exchange, std::move(*request));
}

void Connection::call(const std::shared_ptr<Exchange>& exchange, std::unique_ptr<Message> request) {
  gone_ = std::make_shared<std::atomic<bool>>(false);
  Caller caller;
  caller.gone = gone_;
  watch_caller();
  state_.service.call(
      *exchange->operation, std::move(caller), Body{std::move(request), {}},
      [weak = weak_from_this(), state = shared_state(), exchange](Result<Body> answer, bool) {
        const auto self = weak.lock();
        if (!self) return;
        const Route& route = *exchange->match.route;
        // Encoded here, so that the threads of sockets only move bytes.
        HttpReply reply;
        if (!answer) {
          reply = encode_error(route, answer.error());
        } else {
          if (!answer->message) {
            answer->message.reset(exchange->operation->response->New());
            if (!answer->message->ParseFromString(answer->bytes)) {
              reply = text_reply(500, "the leader's answer can't be read");
            }
          }
          if (reply.body.empty()) {
            reply =
                encode_reply(exchange->match, exchange->url, exchange->method, *answer->message);
          }
        }
        if (exchange->gzip && reply.body.size() >= min_gzip_bytes) {
          reply.body = gzip(reply.body);
          reply.gzipped = true;
        }
        auto shared = std::make_shared<HttpReply>(std::move(reply));
        net::post(self->stream_.get_executor(), [self, exchange, shared] {
          self->stop_watching();
          self->respond(*exchange, std::move(*shared));
        });
      });
}

void Connection::respond(const Exchange& exchange, HttpReply reply) {
  if (ended_) return;
  gone_.reset();
  streaming_.reset();
  state_.count_response(reply.status);
  stream_.expires_after(timeout(state_.options.write_timeout_ms));
  const auto complete = [self = shared_from_this(), keep_alive = exchange.keep_alive](
                            const auto& response, const error_code& error) {
    if (error) return self->end();
    if (!keep_alive || response->need_eof()) return self->linger();
    self->read_next();
  };
  const auto fill = [&](auto& response) {
    set_headers(state_, exchange, reply, response);
    if (!reply.location.empty()) response.set(http::field::location, reply.location);
    if (!reply.allow_methods.empty()) {
      response.set(http::field::access_control_allow_origin, "*");
      response.set(http::field::access_control_allow_methods, reply.allow_methods);
      response.set(http::field::access_control_allow_headers, "*");
    }
    if (reply.gzipped) response.set(http::field::content_encoding, "gzip");
  };
  const auto status = static_cast<http::status>(reply.status);
  if (exchange.method == "HEAD") {
    auto response = std::make_shared<http::response<http::empty_body>>(status, exchange.version);
    fill(*response);
    response->content_length(reply.body.size());
    http::async_write(
        stream_, *response,
        [response, complete](const error_code& error, std::size_t) { complete(response, error); });
    return;
  }
  auto response = std::make_shared<http::response<http::string_body>>(status, exchange.version);
  fill(*response);
  response->body() = std::move(reply.body);
  response->prepare_payload();
  http::async_write(stream_, *response, [response, complete](const error_code& error, std::size_t) {
    complete(response, error);
  });
}

// Closing while the caller still sends would cut off the answer on its way to it (RFC 9112 §9.6):
// what comes is read and dropped, for a while.
void Connection::linger() {
  if (ended_) return;
  error_code ignored;
  stream_.socket().shutdown(net::ip::tcp::socket::shutdown_send, ignored);
  stream_.expires_after(timeout(linger_ms));
  drop_input();
}

void Connection::drop_input() {
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(dropped_at_once_bytes),
                          [self = shared_from_this()](const error_code& error, std::size_t) {
                            error ? self->end() : self->drop_input();
                          });
}

void Connection::finish_stream(bool keep_alive) {
  streaming_.reset();
  if (ended_ || !keep_alive) return end();
  read_next();
}

void Connection::watch_caller() {
  watching_ = true;
  stream_.socket().async_wait(
      net::ip::tcp::socket::wait_read,
      [self = shared_from_this(), watch = ++watch_](const error_code& error) {
        if (error || !self->watching_ || watch != self->watch_) return;
        char next = 0;
        const ssize_t found =
            ::recv(self->stream_.socket().native_handle(), &next, 1, MSG_PEEK | MSG_DONTWAIT);
        if (found > 0) return;  // ahead of us with its next request, which waits
        // A wait may also end for what was read since it was reported.
        if (found < 0 && (errno == EAGAIN || errno == EINTR)) return self->watch_caller();
        self->end();
      });
}

void Connection::stop_watching() {
  if (!watching_) return;
  watching_ = false;
  error_code ignored;
  if (!ended_) stream_.socket().cancel(ignored);
}

void Connection::upgrade() {
  stream_.expires_never();
  const auto request = parser_->release();
  const auto exchange = describe(request);
  auto url = parse_url({request.target().data(), request.target().size()});
  if (!url) return respond(*exchange, text_reply(400, url.error().message));
  exchange->url = std::move(*url);
  exchange->keep_alive = false;
  auto match = find_route(exchange->method, exchange->url.path);
  if (!match) return respond(*exchange, text_reply(404, ""));
  exchange->match = std::move(*match);
  if (exchange->match.route == nullptr || exchange->match.route->reply != ReplyForm::exec) {
    return respond(*exchange, text_reply(400, "this is no websocket"));
  }
  exchange->operation = state_.service.find(exchange->match.route->operation);
  YURT_ASSERT(exchange->operation != nullptr);
  // The socket changes hands.
  ended_ = true;
  const auto self = shared_from_this();
  ExecSocket::start(shared_state(), std::move(stream_), std::move(slot_), exchange, request);
  state_.remove(self);
}

}  // namespace yurt::server
