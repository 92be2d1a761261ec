// The docker driver's config block, and the container that becomes of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "drivers/docker/config/docker_config.h"
#include "drivers/docker/container/container_spec.h"
#include "drivers/docker/container/labels.h"
#include "drivers/docker/container/policy.h"
#include "drivers/docker/docker.h"

namespace yurt::drivers::docker {
namespace {

using Json = nlohmann::json;

std::vector<std::string> problems(const Json& config, bool lenient = false) {
  DockerConfig read;
  std::vector<std::string> messages;
  for (const auto& error : parse_docker_config(config.dump(), lenient, read)) {
    messages.push_back(error.message);
  }
  return messages;
}

DockerConfig parsed(Json config) {
  if (!config.contains("image")) config["image"] = "app:1";
  DockerConfig read;
  const auto errors = parse_docker_config(config.dump(), false, read);
  EXPECT_TRUE(errors.empty()) << errors.front().message;
  return read;
}

TEST(DockerConfig, an_image_is_all_it_needs) {
  EXPECT_TRUE(problems({{"image", "redis:7"}}).empty());
  EXPECT_EQ(problems(Json::object()), std::vector<std::string>{"image is required"});
}

TEST(DockerConfig, an_unknown_setting_is_refused_with_the_nearest_known_one) {
  EXPECT_EQ(problems({{"image", "a"}, {"comand", "x"}}),
            std::vector<std::string>{"comand is no setting of docker; did you mean command?"});
  EXPECT_EQ(
      problems({{"image", "a"}, {"mount", {{{"target", "/a"}, {"readonyl", true}}}}}),
      std::vector<std::string>{"mount.readonyl is no setting of mount; did you mean readonly?"});
}

TEST(DockerConfig, everything_wrong_is_told_at_once) {
  EXPECT_EQ(problems({{"image", "a"}, {"privileged", "maybe"}, {"args", "x"}, {"pids_limit", 1.5}})
                .size(),
            3U);
}

TEST(DockerConfig, blocks_and_maps_of_job_files_are_read_alike) {
  const Json as_blocks{{"labels", {{{"a", "1"}}, {{"b", 2}}}},
                       {"auth", {{{"username", "me"}, {"password", "p"}}}}};
  const DockerConfig config = parsed(as_blocks);
  EXPECT_EQ(config.labels, (TextMap{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(config.auth.username, "me");
  EXPECT_EQ(parsed({{"labels", {{"a", "1"}}}}).labels, (TextMap{{"a", "1"}}));
}

TEST(DockerConfig, what_is_interpolated_later_passes_validation_only) {
  const Json config{{"image", "a"}, {"pids_limit", "${meta.pids}"}, {"init", "${meta.init}"}};
  EXPECT_TRUE(problems(config, true).empty());
  EXPECT_EQ(problems(config, false).size(), 2U);
  EXPECT_EQ(parsed({{"pids_limit", "64"}, {"init", "true"}}).pids_limit, 64);
}

TEST(DockerConfig, values_out_of_their_range_are_refused) {
  for (const Json& wrong : std::initializer_list<Json>{
           {{"oom_score_adj", 2000}},
           {{"cpu_cfs_period", 10}},
           {{"ulimit", {{"nofile", "many"}}}},
           {{"tmpfs", {"relative"}}},
           {{"port_map", {{"http", 70000}}}},
           {{"mount", {{{"type", "magic"}, {"target", "/a"}}}}},
           {{"devices", {{{"container_path", "/dev/x"}}}}},
           {{"image_pull_timeout", "soon"}},
           {{"ports", {"a"}}, {"port_map", {{"a", 1}}}},
       }) {
    Json config = wrong;
    config["image"] = "a";
    EXPECT_EQ(problems(config).size(), 1U) << wrong.dump();
  }
}

// --- The container -------------------------------------------------------------------------------

struct SpecTest : ::testing::Test {
  SpecTest() {
    folder =
        std::filesystem::temp_directory_path() / ("yurt-docker-spec-" + std::to_string(::getpid()));
    task.id = "a.t.1";
    task.alloc_id = "a";
    task.alloc_dir = (folder / "alloc").string();
    task.task_dir = (folder / "t").string();
    task.secrets_dir = (folder / "t/secrets").string();
    std::filesystem::create_directories(task.alloc_dir);
    std::filesystem::create_directories(task.task_dir + "/local");
    task.resources.cpu_mhz = 500;
    task.resources.memory_mib = 64;
    task.resources.machine_cpu_mhz = 1000;
    task.ports = {{"http", "192.0.2.7", 21000, 80}, {"plain", "192.0.2.7", 21001, 21001}};
    task.env = {{"NOMAD_PORT_http", "80"}};
  }
  ~SpecTest() override { std::filesystem::remove_all(folder); }

  Result<Json> spec(const Json& config) {
    const DockerConfig read = parsed(config);
    return container_spec({task, read, options, ApiVersion{1, 41}, "sha256:x", "owner", "state"});
  }
  Json host(const Json& config) {
    const auto made = spec(config);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return made->at("HostConfig");
  }

  std::filesystem::path folder;
  TaskConfig task;
  DockerOptions options;
};

TEST_F(SpecTest, command_and_arguments_become_the_images_command) {
  EXPECT_EQ(spec({{"command", "run"}, {"args", {"-v"}}})->at("Cmd"), Json({"run", "-v"}));
  EXPECT_EQ(spec({{"args", {"-v"}}})->at("Cmd"), Json({"-v"}));
  EXPECT_FALSE(spec(Json::object())->contains("Cmd"));
}

TEST_F(SpecTest, memory_is_a_hard_limit_and_with_memory_max_a_reservation_below_it) {
  EXPECT_EQ(host({})["Memory"], 64 << 20);
  EXPECT_EQ(host({})["MemorySwap"], 64 << 20) << "no swap beyond the limit";
  EXPECT_FALSE(host({}).contains("MemoryReservation"));
  task.resources.memory_max_mib = 128;
  EXPECT_EQ(host({})["Memory"], 128 << 20);
  EXPECT_EQ(host({})["MemoryReservation"], 64 << 20);
  task.resources.memory_max_mib = -1;
  EXPECT_FALSE(host({}).contains("Memory"));
  EXPECT_EQ(host({})["MemoryReservation"], 64 << 20);
}

TEST_F(SpecTest, a_hard_cpu_limit_is_the_tasks_share_of_the_machine) {
  EXPECT_FALSE(host({}).contains("CpuQuota"));
  const auto cores = static_cast<std::int64_t>(std::thread::hardware_concurrency());
  EXPECT_EQ(host({{"cpu_hard_limit", true}})["CpuQuota"], 50'000 * cores);
}

TEST_F(SpecTest, ports_are_published_under_the_number_the_program_listens_on) {
  const Json bound = host({{"ports", {"http", "plain"}}})["PortBindings"];
  EXPECT_EQ(bound["80/tcp"][0], Json({{"HostIp", "192.0.2.7"}, {"HostPort", "21000"}}));
  EXPECT_EQ(bound["21001/udp"][0]["HostPort"], "21001");
  EXPECT_FALSE(spec({{"ports", {"nope"}}}).ok());
  EXPECT_FALSE(host({{"ports", {"http"}}, {"network_mode", "host"}}).contains("PortBindings"));
}

TEST_F(SpecTest, a_port_map_tells_the_program_its_port) {
  const auto made = spec({{"port_map", {{"http", 8080}}}});
  EXPECT_EQ(made->at("Env"), Json({"NOMAD_PORT_http=8080"}));
  EXPECT_TRUE(made->at("HostConfig")["PortBindings"].contains("8080/tcp"));
}

TEST_F(SpecTest, labels_of_the_job_cannot_pose_as_ours) {
  const auto labels = spec({{"labels", {{label::owner, "me"}, {"x", "y"}}}})->at("Labels");
  EXPECT_EQ(labels[label::owner], "owner");
  EXPECT_EQ(labels["x"], "y");
}

TEST_F(SpecTest, paths_stay_within_the_allocation_unless_volumes_are_enabled) {
  const auto has_bind = [this](const std::string& bind) {
    const Json binds = host({{"volumes", {"local/data:/data:ro"}}})["Binds"];
    return std::find(binds.begin(), binds.end(), bind) != binds.end();
  };
  EXPECT_TRUE(has_bind(task.task_dir + "/local/data:/data:ro"));
  std::filesystem::create_directory_symlink("/etc", task.task_dir + "/local/link");
  for (const char* outside : {"/etc:/x", "../../..:/x", "local/link:/x"}) {
    const auto made = spec({{"volumes", {outside}}});
    ASSERT_FALSE(made.ok()) << outside;
    EXPECT_EQ(made.error().code, ErrorCode::permission_denied);
  }
  EXPECT_FALSE(spec({{"mount", {{{"type", "volume"}, {"source", "v"}, {"target", "/v"}}}}}).ok());
  options.volumes_enabled = true;
  EXPECT_TRUE(spec({{"volumes", {"/etc:/x"}}}).ok());
  EXPECT_FALSE(spec({{"volumes", {"local/link:/x"}}}).ok()) << "a link of the task's making";
}

TEST_F(SpecTest, the_engines_own_log_is_bounded) {
  const Json log = host({})["LogConfig"];
  EXPECT_EQ(log["Type"], "json-file");
  EXPECT_TRUE(log["Config"].contains("max-size") && log["Config"].contains("max-file"));
  EXPECT_EQ(host({{"logging", {{"type", "syslog"}}}})["LogConfig"]["Type"], "syslog");
  task.logs.disabled = true;
  EXPECT_EQ(host({})["LogConfig"]["Type"], "none");
}

TEST_F(SpecTest, what_could_take_over_the_machine_needs_the_agents_permission) {
  for (const Json& config : std::initializer_list<Json>{
           {{"privileged", true}},
           {{"pid_mode", "host"}},
           {{"ipc_mode", "container:other"}},
           {{"userns_mode", "host"}},
           {{"devices", {{{"host_path", "/dev/sda"}}}}},
           {{"cap_add", {"CAP_SYS_ADMIN"}}},
           {{"runtime", "kata"}},
       }) {
    const auto made = spec(config);
    ASSERT_FALSE(made.ok()) << config.dump();
    EXPECT_EQ(made.error().code, ErrorCode::permission_denied);
  }
  options.allow_privileged = true;
  options.allow_caps = {"all"};
  EXPECT_TRUE(spec({{"privileged", true}, {"cap_add", {"sys_admin"}}, {"pid_mode", "host"}}).ok());
}

TEST_F(SpecTest, capabilities_that_the_agent_does_not_allow_are_dropped) {
  EXPECT_EQ(host({{"cap_drop", {"chown"}}})["CapDrop"], Json({"chown", "net_raw"}));
  options.allow_caps = {"all"};
  EXPECT_FALSE(host({}).contains("CapDrop"));
}

}  // namespace
}  // namespace yurt::drivers::docker
