// Measures parts of the agent; one JSON object a line on standard output.
//
//   agent_bench [--quick] [ROW...]
//
// check_cost_per_thousand_percent: processor time of a thousand http checks, each every ten
// seconds, as a share of one core. The server that answers them is a process of its own.
#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <nlohmann/json.hpp>
#include <string_view>
#include <thread>

#include "agent/checks/network_prober.h"
#include "agent/executor/loop.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/unique_fd.h"
#include "bench/machine/arguments.h"
#include "bench/machine/row.h"

namespace yurt::bench {
namespace {

constexpr int checks = 1000;
constexpr std::int64_t interval_ns = 10 * nanoseconds_per_second;

double processor_seconds() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Answers every request alike, one connection after the other.
[[noreturn]] void serve(int listener) {
  constexpr std::string_view answer =
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";
  char request[4096];
  while (true) {
    const UniqueFd connection(::accept(listener, nullptr, nullptr));
    if (connection.get() < 0) continue;
    if (::read(connection.get(), request, sizeof request) <= 0) continue;
    (void)!::write(connection.get(), answer.data(), answer.size());
  }
}

// A listener on loopback; the port it got.
int listen_somewhere(const UniqueFd& listener) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  YURT_ASSERT(::bind(listener.get(), generic, size) == 0);
  YURT_ASSERT(::listen(listener.get(), 1024) == 0);
  YURT_ASSERT(::getsockname(listener.get(), generic, &size) == 0);
  return ntohs(address.sin_port);
}

// One check after the other on the agent's loop, as an allocation's services run them.
class Checks {
 public:
  Checks(SystemClock& clock, int port) : clock_(clock), loop_(clock) {
    request_.kind = agent::ProbeKind::http;
    request_.address = "127.0.0.1";
    request_.port = port;
    request_.path = "/health";
    request_.timeout_ns = 5 * nanoseconds_per_second;
  }
  ~Checks() {
    prober_.stop();
    loop_.stop();
  }

  void start() {
    loop_.post([this] {
      const std::int64_t now_ns = clock_.steady_ns();
      for (int i = 0; i < checks; ++i) run_at(now_ns + interval_ns * i / checks);
    });
  }
  [[nodiscard]] int done() const { return done_; }
  [[nodiscard]] int failed() const { return failed_; }

 private:
  void run_at(std::int64_t at_ns) {
    loop_.at(at_ns, [this, at_ns] {
      prober_.probe(request_, [this, at_ns](const agent::ProbeResult& result) {
        ++done_;
        if (result.health != agent::Health::passing) ++failed_;
        loop_.post([this, at_ns] { run_at(at_ns + interval_ns); });
      });
    });
  }

  SystemClock& clock_;
  agent::Loop loop_;
  agent::NetworkProber prober_;
  agent::ProbeRequest request_;
  std::atomic<int> done_ = 0, failed_ = 0;
};

void measure_checks(const Arguments& arguments) {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int port = listen_somewhere(listener);
  const pid_t server = ::fork();
  YURT_ASSERT(server >= 0);
  if (server == 0) serve(listener.get());
  SystemClock clock;
  const std::int64_t rounds = arguments.quick ? 1 : 3;
  int done = 0, failed = 0;
  double percent = 0;
  {
    Checks running(clock, port);
    const double before_s = processor_seconds();
    const std::int64_t begin_ns = clock.steady_ns();
    running.start();
    while (running.done() < checks * rounds) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    const double took_s = static_cast<double>(clock.steady_ns() - begin_ns) / 1e9;
    percent = (processor_seconds() - before_s) / took_s * 100;
    done = running.done();
    failed = running.failed();
  }
  ::kill(server, SIGKILL);
  ::waitpid(server, nullptr, 0);
  print({.name = "check_cost_per_thousand_percent",
         .value = percent,
         .unit = "% of a core",
         .better = Better::lower,
         .aim = 5,
         .sound = failed == 0},
        {{"checks", checks}, {"interval_s", 10}, {"done", done}, {"failed", failed}});
}

}  // namespace
}  // namespace yurt::bench

int main(int argc, char** argv) {
  using namespace yurt::bench;
  const Arguments arguments = parse_arguments(argc, argv);
  if (arguments.wants("check_cost_per_thousand_percent")) measure_checks(arguments);
  return 0;
}
