#include "server/http/stream_reply.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>

#include "jobspec/json/write.h"
#include "server/api/service.h"
#include "server/http/connection.h"

namespace yurt::server {
namespace {

namespace net = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

// What a browser should take the bytes for: text unless they hold what text does not.
std::string sniff(std::string_view bytes) {
  for (const char c : bytes.substr(0, 512)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool control =
        byte < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && byte != 0x1b;
    if (control) return "application/octet-stream";
  }
  return "text/plain; charset=utf-8";
}

bool is_raw(const Exchange& exchange) {
  const ReplyForm form = exchange.match.route->reply;
  return form != ReplyForm::frames || is_asked(exchange.url, "plain");
}

std::string content_type(const Exchange& exchange, std::string_view first) {
  if (exchange.match.route->reply == ReplyForm::raw) return sniff(first);
  if (exchange.match.route->reply == ReplyForm::snapshot) return "application/x-gzip";
  if (exchange.match.route->reply == ReplyForm::events) return "application/json";
  return is_raw(exchange) ? "text/plain; charset=utf-8" : "application/json";
}

}  // namespace

StreamReply::StreamReply(std::weak_ptr<Connection> connection,
                         std::shared_ptr<const Exchange> exchange)
    : connection_(std::move(connection)),
      exchange_(std::move(exchange)),
      raw_(is_raw(*exchange_)),
      chunked_(exchange_->version >= 11) {}

template <typename Run>
void StreamReply::on_strand(Run run) {
  if (const auto connection = connection_.lock()) {
    net::post(connection->stream().get_executor(), std::move(run));
  }
}

std::shared_ptr<StreamReply> StreamReply::open(const std::shared_ptr<Connection>& connection,
                                               std::shared_ptr<const Exchange> exchange,
                                               std::unique_ptr<Message> request) {
  const std::shared_ptr<StreamReply> reply(new StreamReply(connection, exchange));
  const std::weak_ptr<StreamReply> weak = reply;
  StreamEvents events;
  events.on_message = [state = connection->shared_state(), weak](Body message, std::size_t bytes) {
    const auto self = weak.lock();
    if (!self) return;
    auto piece = std::make_shared<Piece>(Piece{self->encode(message), bytes});
    self->on_strand([self, piece] { self->on_piece(std::move(*piece)); });
  };
  events.on_end = [state = connection->shared_state(), weak](Status status) {
    const auto self = weak.lock();
    if (self) self->on_strand([self, status] { self->on_end(status); });
  };
  auto source = connection->state().service.open(*exchange->operation, Caller{},
                                                 Body{std::move(request), {}}, std::move(events));
  if (!source) {
    connection->respond(*exchange, encode_error(*exchange->match.route, source.error()));
    return nullptr;
  }
  reply->source_ = std::move(*source);
  connection->watch_caller();
  return reply;
}

void StreamReply::abandon() {
  abandoned_ = true;
  source_.reset();
}

// What the caller gets of one message.
std::string StreamReply::encode(const Body& message) {
  std::unique_ptr<Message> parsed;
  const Message* shown = message.message.get();
  if (shown == nullptr) {
    parsed.reset(exchange_->operation->response->New());
    if (!parsed->ParseFromString(message.bytes)) return {};
    shown = parsed.get();
  }
  if (shown->GetDescriptor() == model::SnapshotChunk::descriptor()) {
    const auto& chunk = static_cast<const model::SnapshotChunk&>(*shown);
    if (!chunk.digest().empty()) digest_ = chunk.digest();
    return chunk.data();
  }
  if (shown->GetDescriptor() == model::EventLine::descriptor()) {
    return static_cast<const model::EventLine&>(*shown).json() + "\n";
  }
  const auto& frame = static_cast<const model::StreamFrame&>(*shown);
  return raw_ ? frame.data() : json::write(frame);
}

void StreamReply::on_piece(Piece piece) {
  if (abandoned_) return;
  pieces_.push_back(std::move(piece));
  go_on();
}

void StreamReply::on_end(Status status) {
  if (abandoned_) return;
  end_ = std::move(status);
  go_on();
}

void StreamReply::go_on() {
  if (writing_ || abandoned_) return;
  // Signs of life have no bytes of their own in a raw stream.
  while (!pieces_.empty() && pieces_.front().bytes.empty()) {
    source_->consumed(pieces_.front().weight);
    pieces_.pop_front();
  }
  if (!pieces_.empty()) return header_written_ ? write_piece() : write_header();
  if (!end_) return;
  const auto connection = connection_.lock();
  if (!connection) return;
  if (!header_written_ && !end_->ok()) {
    connection->stop_watching();
    const auto exchange = exchange_;
    HttpReply reply = encode_error(*exchange->match.route, end_->error());
    abandon();
    return connection->respond(*exchange, std::move(reply));
  }
  header_written_ ? finish() : write_header();
}

void StreamReply::write_header() {
  const auto connection = connection_.lock();
  if (!connection) return;
  writing_ = true;
  header_written_ = true;
  auto response =
      std::make_shared<http::response<http::empty_body>>(http::status::ok, exchange_->version);
  response->keep_alive(exchange_->keep_alive && chunked_);
  response->set(http::field::content_type,
                content_type(*exchange_, pieces_.empty() ? "" : pieces_.front().bytes));
  if (exchange_->from_other_origin && !exchange_->match.route->cors.empty()) {
    response->set(http::field::access_control_allow_origin, "*");
  }
  for (const auto& [name, value] : connection->state().options.headers) {
    response->set(name, value);
  }
  if (!digest_.empty()) response->set("Digest", digest_);
  if (chunked_) response->chunked(true);
  connection->state().count_response(200);
  auto serializer = std::make_shared<http::response_serializer<http::empty_body>>(*response);
  connection->stream().expires_after(
      std::chrono::milliseconds(connection->state().options.write_timeout_ms));
  http::async_write_header(connection->stream(), *serializer,
                           [self = shared_from_this(), response, serializer](
                               const error_code& error, std::size_t) { self->written(!error, 0); });
}

void StreamReply::write_piece() {
  const auto connection = connection_.lock();
  if (!connection) return;
  writing_ = true;
  auto piece = std::make_shared<Piece>(std::move(pieces_.front()));
  pieces_.pop_front();
  connection->stream().expires_after(
      std::chrono::milliseconds(connection->state().options.write_timeout_ms));
  const auto done = [self = shared_from_this(), piece](const error_code& error, std::size_t) {
    self->written(!error, piece->weight);
  };
  if (chunked_) {
    net::async_write(connection->stream(), http::make_chunk(net::buffer(piece->bytes)), done);
  } else {
    net::async_write(connection->stream(), net::buffer(piece->bytes), done);
  }
}

void StreamReply::written(bool ok, std::size_t weight) {
  writing_ = false;
  const auto connection = connection_.lock();
  if (!connection || abandoned_) return;
  connection->stream().expires_never();
  if (!ok) return connection->close();
  if (weight > 0) source_->consumed(weight);
  go_on();
}

void StreamReply::finish() {
  const auto connection = connection_.lock();
  if (!connection) return;
  const bool whole = end_->ok();
  abandon();
  connection->stop_watching();
  // A stream that broke off must not look like one that is complete.
  if (!whole || !chunked_) return connection->finish_stream(false);
  net::async_write(
      connection->stream(), http::make_chunk_last(),
      [connection, keep_alive = exchange_->keep_alive](const error_code& error, std::size_t) {
        connection->finish_stream(!error && keep_alive);
      });
}

}  // namespace yurt::server
