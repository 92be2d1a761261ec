#include <grpcpp/grpcpp.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "bench/machine/row.h"
#include "bench/machine/scratch_folder.h"
#include "bench/server/api_client.h"
#include "bench/server/rows.h"
#include "bench/server/server_under_test.h"
#include "bench/server/workload.h"
#include "proto/api.grpc.pb.h"

namespace yurt::bench {
namespace {

constexpr int subscribers = 100;

// Counts what it hears until it is stopped.
class Listener {
 public:
  Listener(const std::string& address, std::atomic<std::int64_t>& events) : events_(events) {
    grpc::ChannelArguments own;
    own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stub_ = model::Yurt::NewStub(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), own));
    reader_ = stub_->StreamEvents(&context_, request());
    model::EventLine hello;
    listening_ = reader_->Read(&hello);
    thread_ = std::thread([this] { read(); });
  }
  ~Listener() {
    context_.TryCancel();
    thread_.join();
  }
  [[nodiscard]] bool listening() const { return listening_; }
  [[nodiscard]] bool cut_off() const { return cut_off_; }

 private:
  static model::EventStreamRequest request() {
    model::EventStreamRequest out;
    out.add_topic("Job:*");
    return out;
  }
  void read() {
    model::EventLine line;
    while (reader_->Read(&line)) {
      if (line.index() > 0) ++events_;
    }
    cut_off_ = reader_->Finish().error_code() != grpc::StatusCode::CANCELLED;
  }

  std::atomic<std::int64_t>& events_;
  std::unique_ptr<model::Yurt::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<model::EventLine>> reader_;
  std::atomic<bool> listening_ = false, cut_off_ = false;
  std::thread thread_;
};

}  // namespace

void measure_events(const Arguments& arguments) {
  const int jobs = arguments.quick ? 500 : 3000;
  const ScratchFolder folder(arguments.folder, "server-bench");
  ServerUnderTest server(ServerUnderTest::Kind::server, folder.path());
  server.start();
  const ApiClient api(server.address());
  api.wait_until_serving();
  std::atomic<std::int64_t> heard = 0;
  std::vector<std::unique_ptr<Listener>> listeners;
  bool sound = true;
  for (int i = 0; i < subscribers; ++i) {
    listeners.push_back(std::make_unique<Listener>(server.address(), heard));
    sound &= listeners.back()->listening();
  }
  const SystemClock clock;
  const std::int64_t begin_ns = clock.steady_ns();
  std::atomic<int> open = 0;
  for (int i = 0; i < jobs; ++i) {
    while (open >= 200) std::this_thread::yield();
    ++open;
    api.register_job(make_job({.name = "told-" + std::to_string(i)}),
                     [&](const std::string&) { --open; });
  }
  // Each registration is one event at least, for each subscriber.
  const std::int64_t expected = std::int64_t{jobs} * subscribers;
  const auto all_listen = [&] {
    for (const auto& listener : listeners) {
      if (listener->cut_off()) return false;
    }
    return true;
  };
  while (heard < expected && all_listen())
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const double seconds = static_cast<double>(clock.steady_ns() - begin_ns) / 1e9;
  sound &= all_listen();
  print({.name = "events_per_s_100_subscribers",
         .value = static_cast<double>(heard.load()) / seconds,
         .unit = "events/s",
         .sound = sound},
        {{"subscribers", subscribers}, {"jobs", jobs}, {"seconds", seconds}});
  listeners.clear();
}

}  // namespace yurt::bench
