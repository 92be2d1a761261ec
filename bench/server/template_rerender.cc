#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <vector>

#include "base/assert.h"
#include "base/clock.h"
#include "bench/machine/row.h"
#include "bench/machine/scratch_folder.h"
#include "bench/server/api_client.h"
#include "bench/server/rows.h"
#include "bench/server/server_under_test.h"
#include "bench/server/workload.h"
#include "proto/api.pb.h"

namespace yurt::bench {
namespace {

namespace fs = std::filesystem;

void put_value(const ApiClient& api, const std::string& value) {
  model::VariableWriteRequest request;
  request.mutable_variable()->set_path("bench/value");
  (*request.mutable_variable()->mutable_items())["value"] = value;
  model::VariableWriteResponse response;
  api.call("WriteVariable", request, response);
  YURT_ASSERT(!response.conflict());
}

std::string content_of(const fs::path& file) {
  std::ifstream in(file);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// Every rendered file beneath the agent's folder of allocations.
std::vector<fs::path> rendered_files(const fs::path& allocations) {
  std::vector<fs::path> out;
  std::error_code none;
  for (const auto& alloc : fs::directory_iterator(allocations, none)) {
    fs::path file = alloc.path() / "work" / "local" / "value";
    if (fs::exists(file, none)) out.push_back(std::move(file));
  }
  return out;
}

void wait_a_little() { std::this_thread::sleep_for(std::chrono::milliseconds(2)); }

}  // namespace

void measure_template_rerender(const Arguments& arguments) {
  const std::size_t allocations = arguments.quick ? 100 : 1000;
  const int changes = 5;
  const ScratchFolder folder(arguments.folder, "server-bench");
  ServerUnderTest server(ServerUnderTest::Kind::dev, folder.path());
  server.start();
  const ApiClient api(server.address());
  api.wait_until_serving();
  api.wait_for_nodes(1);
  put_value(api, "0");
  model::Job job = make_job(
      {.name = "rendered", .count = static_cast<int>(allocations), .command = "/bin/sleep"});
  auto& group = *job.mutable_group(0);
  group.mutable_ephemeral_disk()->set_size(10);
  auto& task = *group.mutable_task(0);
  (*task.mutable_config()->mutable_fields())["args"]
      .mutable_list_value()
      ->add_values()
      ->set_string_value("100000");
  task.mutable_resources()->set_cpu(1);
  task.mutable_resources()->set_memory(10);
  auto& block = *task.add_template_();
  block.set_data("{{ with nomadVar \"bench/value\" }}{{ .value }}{{ end }}");
  block.set_destination("local/value");
  block.set_change_mode("noop");
  api.register_job(job, [](const std::string&) {});
  std::vector<fs::path> files;
  while (files.size() < allocations) {
    wait_a_little();
    files = rendered_files(folder.path() / "data" / "agent" / "alloc");
  }

  const SystemClock clock;
  std::vector<double> taken_s;
  for (int i = 1; i <= changes; ++i) {
    const std::string value = std::to_string(i);
    const std::int64_t start_ns = clock.steady_ns();
    put_value(api, value);
    for (const fs::path& file : files) {
      while (content_of(file) != value) wait_a_little();
    }
    taken_s.push_back(static_cast<double>(clock.steady_ns() - start_ns) / 1e9);
  }
  std::sort(taken_s.begin(), taken_s.end());
  // The tasks would outlive the agent.
  model::JobDeregisterRequest stop;
  stop.set_job_id("rendered");
  model::JobDeregisterResponse stopped;
  api.call("DeregisterJob", stop, stopped);
  while (api.completed("rendered") < static_cast<int>(allocations)) wait_a_little();
  server.terminate();
  print({.name = "template_rerender_1000_allocs_s",
         .value = taken_s[taken_s.size() / 2],
         .unit = "s",
         .better = Better::lower,
         .aim = 1},
        {{"allocations", allocations},
         {"changes", changes},
         {"least_s", taken_s.front()},
         {"most_s", taken_s.back()}});
}

}  // namespace yurt::bench
