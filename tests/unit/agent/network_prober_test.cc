// Health checks against real servers: http, tcp and gRPC.
#include "agent/checks/network_prober.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <future>
#include <latch>

#include "agent/checks/grpc_health.h"
#include "base/clock.h"
#include "base/unique_fd.h"
#include "proto/agent_stream.grpc.pb.h"
#include "tests/unit/agent/http_fixture.h"

namespace yurt::agent {
namespace {

using ::testing::HasSubstr;

class Prober : public ::testing::Test {
 protected:
  ProbeResult probe(ProbeRequest request) {
    if (request.address.empty()) request.address = "127.0.0.1";
    if (request.timeout_ns == 0) request.timeout_ns = 30 * nanoseconds_per_second;
    std::promise<ProbeResult> promise;
    prober_.probe(std::move(request),
                  [&](ProbeResult result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  }
  [[nodiscard]] int http_port() const {
    const std::string url = http_.url("");
    return std::stoi(url.substr(url.rfind(':') + 1));
  }
  ProbeRequest http(const std::string& path) {
    ProbeRequest request;
    request.kind = ProbeKind::http;
    request.port = http_port();
    request.path = path;
    return request;
  }

  HttpFixture http_;
  NetworkProber prober_;
};

// A bound port; nobody answers there unless it listens.
class Port {
 public:
  explicit Port(bool listens) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    if (listens) {
      EXPECT_EQ(::listen(fd_.get(), 1024), 0);
    }
    EXPECT_EQ(::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    number_ = ntohs(address.sin_port);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  UniqueFd fd_;
  int number_ = 0;
};

TEST_F(Prober, takes_any_2xx_for_healthy_and_nothing_else) {
  for (const int status : {200, 204, 299}) {
    http_.serve("/", {.status = status});
    const auto result = probe(http("/"));
    EXPECT_EQ(result.health, Health::passing) << status;
    EXPECT_EQ(result.status_code, status);
  }
  for (const int status : {400, 404, 429, 500, 503}) {
    http_.serve("/", {.status = status, .body = "the database is gone"});
    const auto result = probe(http("/"));
    EXPECT_EQ(result.health, Health::critical) << status;
    EXPECT_EQ(result.status_code, status);
    EXPECT_THAT(result.output, HasSubstr("the database is gone"));
  }
}

TEST_F(Prober, sends_the_method_headers_and_body_it_is_given) {
  http_.serve("/up", {});
  ProbeRequest request = http("/up?deep=1");
  request.method = "PUT";
  request.headers = {{"X-Token", "secret"}, {"X-Token", "second"}, {"Content-Type", "text/x"}};
  request.body = "are you there";
  EXPECT_EQ(probe(request).health, Health::passing);
  const std::string asked = http_.requests().back();
  EXPECT_THAT(asked, HasSubstr("PUT /up?deep=1 HTTP/1.1"));
  EXPECT_THAT(asked, HasSubstr("X-Token: secret"));
  EXPECT_THAT(asked, HasSubstr("X-Token: second"));
  EXPECT_THAT(asked, HasSubstr("Content-Type: text/x"));
}

TEST_F(Prober, connects_for_tcp_and_sends_nothing) {
  const Port open(true), closed(false);
  EXPECT_EQ(probe({.kind = ProbeKind::tcp, .port = open.number()}).health, Health::passing);
  const auto refused = probe({.kind = ProbeKind::tcp, .port = closed.number()});
  EXPECT_EQ(refused.health, Health::critical);
  EXPECT_THAT(refused.output, HasSubstr("tcp: "));
}

TEST_F(Prober, gives_up_on_a_server_that_does_not_answer) {
  const Port silent(true);
  for (const ProbeKind kind : {ProbeKind::http, ProbeKind::grpc}) {
    const auto result = probe(
        {.kind = kind, .port = silent.number(), .timeout_ns = 50 * nanoseconds_per_millisecond});
    EXPECT_EQ(result.health, Health::critical);
    EXPECT_THAT(result.output, HasSubstr("no answer within the timeout"));
  }
}

TEST_F(Prober, asks_a_grpc_server_by_the_standard_health_protocol) {
  grpc::EnableDefaultHealthCheckService(true);
  // A server needs some service of its own.
  model::AgentService::Service other;
  grpc::ServerBuilder builder;
  builder.RegisterService(&other);
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  const auto server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr);
  auto* health = server->GetHealthCheckService();
  ASSERT_NE(health, nullptr);
  ProbeRequest request{.kind = ProbeKind::grpc, .port = port};
  auto result = probe(request);
  EXPECT_EQ(result.health, Health::passing) << result.output;
  EXPECT_EQ(result.output, "grpc: SERVING");
  request.grpc_service = "models.Churn";
  result = probe(request);
  EXPECT_EQ(result.health, Health::critical);
  EXPECT_THAT(result.output, HasSubstr("status code 5"));  // NOT_FOUND
  health->SetServingStatus("models.Churn", false);
  result = probe(request);
  EXPECT_EQ(result.health, Health::critical);
  EXPECT_EQ(result.output, "grpc: NOT_SERVING");
  health->SetServingStatus("models.Churn", true);
  EXPECT_EQ(probe(request).health, Health::passing);
  server->Shutdown();
  grpc::EnableDefaultHealthCheckService(false);
}

TEST_F(Prober, takes_no_plain_server_for_one_with_tls) {
  // Not a TLS server at all: what matters is that TLS is spoken to it.
  const Port silent(true);
  ProbeRequest request{.kind = ProbeKind::http, .port = silent.number()};
  request.tls = true;
  request.timeout_ns = 50 * nanoseconds_per_millisecond;
  EXPECT_EQ(probe(request).health, Health::critical);
}

TEST_F(Prober, carries_out_more_probes_than_it_runs_at_a_time) {
  const Port open(true);
  constexpr int count = 600;
  std::latch left(count);
  std::atomic<int> passed = 0;
  for (int i = 0; i < count; ++i) {
    ProbeRequest request{.kind = ProbeKind::tcp, .address = "127.0.0.1", .port = 0};
    request.port = open.number();
    request.timeout_ns = 60 * nanoseconds_per_second;
    prober_.probe(request, [&](const ProbeResult&) {
      ++passed;
      left.count_down();
    });
  }
  left.wait();
  EXPECT_EQ(passed, count);
}

TEST(GrpcHealth, reads_what_servers_answer_and_nothing_else) {
  using namespace std::string_literals;
  EXPECT_EQ(grpc_health::request(""), "\0\0\0\0\0"s);
  EXPECT_EQ(grpc_health::request("ab"), "\0\0\0\0\4\x0a\2ab"s);
  EXPECT_EQ(grpc_health::status_in("\0\0\0\0\2\x08\1"s), "SERVING");
  EXPECT_EQ(grpc_health::status_in("\0\0\0\0\2\x08\2"s), "NOT_SERVING");
  EXPECT_EQ(grpc_health::status_in("\0\0\0\0\0"s), "UNKNOWN");
  EXPECT_EQ(grpc_health::status_in(""), "");
  EXPECT_EQ(grpc_health::status_in("\1\0\0\0\0"s), "");
  EXPECT_EQ(grpc_health::status_in("\0\0\0\0\2\x08"s), "");
  EXPECT_EQ(grpc_health::status_in("<html>"), "");
}

}  // namespace
}  // namespace yurt::agent
