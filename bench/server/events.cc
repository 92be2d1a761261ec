#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "bench/machine/row.h"
#include "bench/machine/scratch_folder.h"
#include "bench/server/api_client.h"
#include "bench/server/rows.h"
#include "bench/server/server_under_test.h"
#include "bench/server/workload.h"
#include "proto/api.pb.h"

namespace yurt::bench {
namespace {

constexpr int subscribers = 100;

std::string bytes_of(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const auto& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

// Counts what it hears until it is stopped; a connection of its own.
class Listener final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  Listener(const std::string& address, std::atomic<std::int64_t>& events)
      : events_(events), stub_(own_channel(address)) {
    context_.set_wait_for_ready(true);
    model::EventStreamRequest request;
    request.add_topic("Job:*");
    const grpc::Slice slice(request.SerializeAsString());
    request_ = grpc::ByteBuffer(&slice, 1);
    stub_.PrepareBidiStreamingCall(&context_, "/yurt.model.Yurt/StreamEvents", {}, this);
    StartWriteLast(&request_, {});
    StartRead(&line_);
    StartCall();
  }
  // Blocks until the stream's first line is there; false when there is none.
  bool listens() { return first_.get_future().get(); }
  void stop() {
    context_.TryCancel();
    ended_.get_future().wait();
  }
  [[nodiscard]] bool cut_off() const { return cut_off_; }

  void OnReadDone(bool ok) override {
    if (!std::exchange(told_, true)) first_.set_value(ok);
    if (!ok) return;
    model::EventLine line;
    if (line.ParseFromString(bytes_of(line_)) && line.index() > 0) ++events_;
    StartRead(&line_);
  }
  void OnDone(const grpc::Status& status) override {
    cut_off_ = status.error_code() != grpc::StatusCode::CANCELLED;
    ended_.set_value();
  }

 private:
  static std::shared_ptr<grpc::Channel> own_channel(const std::string& address) {
    grpc::ChannelArguments own;
    own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), own);
  }

  std::atomic<std::int64_t>& events_;
  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  grpc::ByteBuffer request_, line_;
  bool told_ = false;
  std::promise<bool> first_;
  std::promise<void> ended_;
  std::atomic<bool> cut_off_ = false;
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
    sound &= listeners.back()->listens();
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
  for (auto& listener : listeners) listener->stop();
}

}  // namespace yurt::bench
