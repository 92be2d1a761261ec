// Connection: one HTTP/1.1 connection, one request after another. Inside this folder only.
//
// Everything runs on the connection's strand. The connection lives in HttpState until it closes;
// what waits for the service layer holds it weakly.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>

#include "server/http/http_state.h"
#include "server/http/transcode.h"

namespace yurt::server {

class StreamReply;

// One request, as the answer needs to know it. Immutable once dispatched.
struct Exchange {
  Url url;
  RouteMatch match;
  const Operation* operation = nullptr;
  std::string method;
  unsigned version = 11;
  bool keep_alive = true;
  bool gzip = false;
  bool from_other_origin = false;
};

class Connection final : public OpenSocket, public std::enable_shared_from_this<Connection> {
 public:
  using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;
  using Stream = boost::beast::basic_stream<boost::asio::ip::tcp, Strand>;
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Strand>;

  Connection(std::shared_ptr<HttpState> state, Socket socket, IpSlot slot);
  ~Connection() override;

  void start();
  void close() override;

  // For replies; all on the strand.
  [[nodiscard]] Stream& stream() { return stream_; }
  [[nodiscard]] HttpState& state() { return state_; }
  // Callbacks that may outlive the server hold this: it owns the strand's io_context.
  [[nodiscard]] std::shared_ptr<HttpState> shared_state() const { return state_ref_.lock(); }
  // Writes a whole answer and goes on to the next request.
  void respond(const Exchange& exchange, HttpReply reply);
  // A streamed reply is over: on to the next request, or the end.
  void finish_stream(bool keep_alive);
  // Notices when the caller goes away while it waits for an answer.
  void watch_caller();
  void stop_watching();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void read_next();
  void on_header(const boost::system::error_code& error);
  void read_body();
  void on_request(const boost::system::error_code& error);
  void refuse(const boost::system::error_code& error);
  void dispatch(const std::shared_ptr<Exchange>& exchange, const std::string& body);
  void call(const std::shared_ptr<Exchange>& exchange, std::unique_ptr<Message> request);
  bool answer_fixed(const Exchange& exchange);
  void upgrade();
  [[nodiscard]] std::shared_ptr<Exchange> describe(const Parser::value_type& request);
  void linger();
  void drop_input();
  void end();

  HttpState& state_;  // outlives what runs on its io_context
  const std::weak_ptr<HttpState> state_ref_;
  Stream stream_;
  IpSlot slot_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::shared_ptr<std::atomic<bool>> gone_;  // of the call under way
  std::shared_ptr<StreamReply> streaming_;
  std::uint64_t watch_ = 0;
  bool watching_ = false;
  bool ended_ = false;
};

}  // namespace yurt::server
