#include "server/http/http_server.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <thread>
#include <vector>

#include "base/log.h"
#include "server/http/connection.h"
#include "server/http/http_state.h"

namespace yurt::server {
namespace {

namespace net = boost::asio;
using tcp = boost::asio::ip::tcp;
using boost::system::error_code;

constexpr const char* too_many =
    "HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain\r\nContent-Length: 50\r\n"
    "Connection: close\r\n\r\nYour IP is issuing too many concurrent connections";

}  // namespace

struct HttpServer::State {
  State(Service& service, Metrics& metrics, HttpOptions options)
      : shared(std::make_shared<HttpState>(service, metrics, std::move(options))),
        work(net::make_work_guard(shared->io)),
        acceptor(net::make_strand(shared->io)) {}

  std::shared_ptr<HttpState> shared;
  net::executor_work_guard<net::io_context::executor_type> work;
  tcp::acceptor acceptor;
  std::uint16_t port = 0;
  std::vector<std::thread> threads;

  Status listen() {
    const HttpOptions& options = shared->options;
    error_code error;
    const auto address = net::ip::make_address(options.address, error);
    if (error) {
      return Error{ErrorCode::invalid_argument,
                   "the HTTP address \"" + options.address + "\" is no IP address"};
    }
    const tcp::endpoint endpoint(address, options.port);
    const auto failed = [&](const char* what) {
      return Error{ErrorCode::io, std::string("can't ") + what + " " + options.address + ":" +
                                      std::to_string(options.port) +
                                      " for HTTP: " + error.message()};
    };
    acceptor.open(endpoint.protocol(), error);
    if (error) return failed("open");
    acceptor.set_option(net::socket_base::reuse_address(true), error);
    acceptor.bind(endpoint, error);
    if (error) return failed("bind");
    acceptor.listen(net::socket_base::max_listen_connections, error);
    if (error) return failed("listen on");
    port = acceptor.local_endpoint().port();
    return {};
  }

  // On the acceptor's strand.
  void accept_next() {
    acceptor.async_accept(
        net::make_strand(shared->io), [this](const error_code& error, Connection::Socket socket) {
          if (error == net::error::operation_aborted || !acceptor.is_open()) return;
          if (error) {
            YURT_LOG(warn, "http", "accepting a connection failed: {}", error.message());
          } else {
            take(std::move(socket));
          }
          accept_next();
        });
  }

  void take(Connection::Socket socket) {
    error_code error;
    const auto peer = socket.remote_endpoint(error);
    if (error) return;
    socket.set_option(tcp::no_delay(true), error);
    const std::string ip = peer.address().to_string();
    if (shared->admit(ip)) {
      std::make_shared<Connection>(shared, std::move(socket), IpSlot(*shared, ip))->start();
      return;
    }
    auto refused = std::make_shared<Connection::Socket>(std::move(socket));
    net::async_write(*refused, net::buffer(std::string_view(too_many)),
                     [refused](const error_code&, std::size_t) {
                       error_code ignored;
                       refused->shutdown(tcp::socket::shutdown_both, ignored);
                     });
  }

  void stop() {
    if (threads.empty()) return;
    net::post(acceptor.get_executor(), [this] {
      error_code ignored;
      acceptor.close(ignored);
    });
    shared->close_all();
    work.reset();
    for (auto& thread : threads) thread.join();
    threads.clear();
  }
};

HttpServer::HttpServer(std::shared_ptr<State> state) : state_(std::move(state)) {}
HttpServer::~HttpServer() { stop(); }

Result<std::unique_ptr<HttpServer>> HttpServer::start(Service& service, Metrics& metrics,
                                                      HttpOptions options) {
  auto state = std::make_shared<State>(service, metrics, std::move(options));
  YURT_TRY(state->listen());
  state->accept_next();
  for (unsigned i = 0; i < state->shared->options.threads; ++i) {
    state->threads.emplace_back([state = state.get()] { state->shared->io.run(); });
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

std::uint16_t HttpServer::port() const { return state_->port; }

void HttpServer::stop() { state_->stop(); }

}  // namespace yurt::server
