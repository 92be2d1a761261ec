// What becomes of a compose file at the Engine: containers, environment, limits, labels.
#include "drivers/compose/project/container_body.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "drivers/compose/project/labels.h"

namespace yurt::drivers::compose {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

class ContainerBody : public ::testing::Test {
 protected:
  ContainerBody() {
    std::string pattern = (fs::temp_directory_path() / "yurt-body-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    for (const char* folder : {"alloc", "t/local", "t/secrets", "files"}) {
      fs::create_directories(root_ / folder);
    }
    task_.id = "alloc.t.1";
    task_.alloc_id = "0123456789";
    task_.job_id = "Shop";
    task_.task_name = "t";
    task_.task_dir = (root_ / "t").string();
    task_.alloc_dir = (root_ / "alloc").string();
    task_.secrets_dir = (root_ / "t/secrets").string();
    task_.env = {{"NOMAD_X", "1"}, {"A", "task"}};
    task_.resources.memory_mib = 100;
    task_.resources.cpu_mhz = 1000;
    task_.ports = {{"http", "10.0.0.1", 8080, 0}};
  }
  ~ContainerBody() override { fs::remove_all(root_); }

  std::shared_ptr<const ProjectPlan> plan(const std::string& text) {
    task_.config = Json{{"yaml", text}}.dump();
    auto made = make_project_plan(task_, text);
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message);
    return made.ok() ? *made : std::make_shared<const ProjectPlan>();
  }

  Result<Json> body_of(const std::string& text, std::size_t index = 0) {
    const auto made = plan(text);
    if (made->containers.size() <= index) return Error{};
    return container_body(
        *made, made->containers[index],
        {options_, {1, 41}, "me", "sha256:i", group_, (root_ / "files").string(), "/written", ""});
  }

  Json body(const std::string& text, std::size_t index = 0) {
    const auto made = body_of(text, index);
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message);
    return made.ok() ? *made : Json::object();
  }

  std::string refused(const std::string& text) {
    const auto made = body_of(text);
    EXPECT_FALSE(made.ok());
    return made.ok() ? "" : made.error().message;
  }

  fs::path root_;
  TaskConfig task_;
  docker::DockerOptions options_;
  std::string group_ = "/yurt-compose/x";
};

TEST_F(ContainerBody, is_named_and_labelled_as_docker_compose_does) {
  const std::string text = "services: {web: {image: i, scale: 2, labels: {mine: x}}}";
  EXPECT_EQ(plan(text)->containers[1].name, "shop-t-01234567-web-2");
  const Json labels = body(text, 1)["Labels"];
  EXPECT_EQ(labels[label::project], "shop-t-01234567");
  EXPECT_EQ(labels[label::service], "web");
  EXPECT_EQ(labels[label::number], "2");
  EXPECT_EQ(labels[label::oneoff], "False");
  EXPECT_EQ(labels[label::config_files], "/written");
  EXPECT_EQ(labels["mine"], "x");
  EXPECT_EQ(labels["yurt.task_id"], "alloc.t.1");
  EXPECT_EQ(plan("name: shop\nservices: {web: {image: i}}")->name, "shop");
}

TEST_F(ContainerBody, joins_the_projects_network_under_its_services_name) {
  const Json json = body("services: {web: {image: i}}");
  EXPECT_EQ(json["HostConfig"]["NetworkMode"], "shop-t-01234567_default");
  EXPECT_EQ(json["NetworkingConfig"]["EndpointsConfig"]["shop-t-01234567_default"]["Aliases"],
            Json({"web", "web-1"}));
  EXPECT_EQ(body("services: {web: {image: i, network_mode: host}}")["HostConfig"]["NetworkMode"],
            "host");
}

TEST_F(ContainerBody, the_environment_is_the_tasks_then_the_files_then_the_services) {
  std::ofstream(root_ / "t/env") << "A=file\nB=${A}-x\n";
  const Json env = body(
      "services: {s: {image: i, env_file: env, environment: {B: own, NOMAD_X: , NOT: }}}")["Env"];
  EXPECT_EQ(env, Json({"A=file", "B=own", "NOMAD_X=1"}));
  EXPECT_NE(refused("services: {s: {image: i, env_file: missing}}").find("missing"),
            std::string::npos);
  EXPECT_TRUE(
      body_of("services: {s: {image: i, env_file: [{path: missing, required: false}]}}").ok());
}

TEST_F(ContainerBody, the_tasks_memory_bounds_every_container) {
  const std::string text =
      "services: {a: {image: i, mem_limit: 20m}, b: {image: i}, c: {image: i, mem_limit: 1g}}";
  constexpr std::int64_t mib = 1 << 20;
  EXPECT_EQ(body(text, 0)["HostConfig"]["Memory"], 20 * mib);
  EXPECT_EQ(body(text, 1)["HostConfig"]["Memory"], 100 * mib);
  EXPECT_EQ(body(text, 2)["HostConfig"]["Memory"], 100 * mib);
  EXPECT_EQ(body(text, 0)["HostConfig"]["CgroupParent"], "/yurt-compose/x");
}

TEST_F(ContainerBody, without_a_group_the_limits_are_divided) {
  group_.clear();
  constexpr std::int64_t mib = 1 << 20;
  const std::string text = "services: {a: {image: i, mem_limit: 20m}, b: {image: i, scale: 2}}";
  EXPECT_EQ(body(text, 0)["HostConfig"]["Memory"], 20 * mib);
  EXPECT_EQ(body(text, 1)["HostConfig"]["Memory"], 40 * mib);
  EXPECT_EQ(body(text, 1)["HostConfig"]["CpuShares"], 333);
}

TEST_F(ContainerBody, only_ports_of_the_allocation_are_published) {
  const Json host = body("services: {s: {image: i, ports: [\"8080:80\", 81]}}")["HostConfig"];
  EXPECT_EQ(host["PortBindings"]["80/tcp"][0],
            Json({{"HostIp", "10.0.0.1"}, {"HostPort", "8080"}}));
  EXPECT_EQ(host["PortBindings"]["81/tcp"][0]["HostPort"], "");
  EXPECT_NE(refused("services: {s: {image: i, ports: [\"8081:80\"]}}").find("port 8081"),
            std::string::npos);
}

TEST_F(ContainerBody, only_gpus_of_the_task_are_handed_on) {
  EXPECT_NE(refused("services: {s: {image: i, gpus: all}}").find("was given none"),
            std::string::npos);
  task_.devices.granted = {{"nvidia", "GPU-1", {}}, {"nvidia", "GPU-2", {}}};
  const auto devices = [&](const std::string& gpus) {
    return body("services: {s: {image: i, gpus: " + gpus +
                "}}")["HostConfig"]["DeviceRequests"][0]["DeviceIDs"];
  };
  EXPECT_EQ(devices("all"), Json({"GPU-1", "GPU-2"}));
  EXPECT_EQ(devices("[{count: 1}]"), Json({"GPU-1"}));
  EXPECT_EQ(devices("[{device_ids: [GPU-2]}]"), Json({"GPU-2"}));
  EXPECT_NE(refused("services: {s: {image: i, gpus: 3}}").find("more than"), std::string::npos);
  EXPECT_NE(refused("services: {s: {image: i, gpus: [{device_ids: [GPU-9]}]}}").find("other than"),
            std::string::npos);
}

TEST_F(ContainerBody, gpus_go_to_the_services_that_ask_or_to_all_when_none_does) {
  task_.devices.granted = {{"nvidia", "GPU-1", {}}};
  task_.env.emplace_back("NVIDIA_VISIBLE_DEVICES", "GPU-1");
  const Json shared = body("services: {a: {image: i}, b: {image: i}}", 1);
  EXPECT_EQ(shared["HostConfig"]["DeviceRequests"][0]["DeviceIDs"], Json({"GPU-1"}));
  const std::string one = "services: {a: {image: i, gpus: all}, b: {image: i}}";
  EXPECT_EQ(body(one, 0)["HostConfig"]["DeviceRequests"].size(), 1U);
  EXPECT_FALSE(body(one, 1)["HostConfig"].contains("DeviceRequests"));
  EXPECT_EQ(body(one, 1)["Env"].dump().find("NVIDIA"), std::string::npos);
}

TEST_F(ContainerBody, paths_lie_in_the_task_and_may_not_leave_the_allocation) {
  const Json host = body(
      "services: {s: {image: i, volumes: [\"./local/c:/c:ro\", \"/alloc/d:/d\"]}}")["HostConfig"];
  const std::string all = host["Binds"].dump();
  EXPECT_NE(all.find("/t/local/c:/c:ro"), std::string::npos);
  EXPECT_NE(all.find("/alloc/d:/d"), std::string::npos);
  EXPECT_FALSE(body_of("services: {s: {image: i, volumes: [\"/etc:/c\"]}}").ok());
  EXPECT_FALSE(body_of("services: {s: {image: i, volumes: [\"../../../etc:/c\"]}}").ok());
  EXPECT_NE(refused("services: {s: {image: i, volumes: [\"~/x:/c\"]}}").find("no home"),
            std::string::npos);
}

TEST_F(ContainerBody, secrets_are_files_with_the_mode_that_is_asked_for) {
  std::ofstream(root_ / "t/key") << "secret";
  const Json host = body(
      "services: {s: {image: i, secrets: [{source: k, mode: 0400}], configs: [c]}}\n"
      "secrets: {k: {file: key}}\nconfigs: {c: {environment: A}}\n")["HostConfig"];
  const std::string first = (root_ / "files/s-1.0").string();
  EXPECT_NE(host["Binds"].dump().find(first + ":/run/secrets/k:ro"), std::string::npos);
  EXPECT_EQ(fs::status(first).permissions(), fs::perms::owner_read);
  std::string text;
  std::ifstream(root_ / "files/s-1.1") >> text;
  EXPECT_EQ(text, "task");
}

TEST_F(ContainerBody, stops_as_its_service_says) {
  const Json json =
      body("services: {s: {image: i, stop_signal: SIGINT, stop_grace_period: 1500ms}}");
  EXPECT_EQ(json["StopSignal"], "2");
  EXPECT_EQ(json["StopTimeout"], 2);
  EXPECT_EQ(json["HostConfig"]["RestartPolicy"]["Name"], "no");
}

TEST(EnvFile, has_quotes_comments_exports_and_variables) {
  const Variables set{{"A", "1"}};
  const auto read = parse_env_file(
      "# comment\n\nX=1\nexport Y = two words # said\nZ=\"q # "
      "${A}\"\nW='${A}'\nA\nN\nV=${X}\r\nE=\n",
      set);
  EXPECT_EQ(*read, (docker::TextMap{{"X", "1"},
                                    {"Y", "two words"},
                                    {"Z", "q # 1"},
                                    {"W", "${A}"},
                                    {"A", "1"},
                                    {"V", "1"},
                                    {"E", ""}}));
  EXPECT_NE(parse_env_file("X=1\n=2\n", set).error().message.find("line 2"), std::string::npos);
}

}  // namespace
}  // namespace yurt::drivers::compose
