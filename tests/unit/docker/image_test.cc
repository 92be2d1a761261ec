// Image names, credentials, the story of a pull, and which images are collected.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "drivers/docker/image/credentials.h"
#include "drivers/docker/image/image_name.h"
#include "drivers/docker/image/image_uses.h"
#include "drivers/docker/image/pull_progress.h"

namespace yurt::drivers::docker {
namespace {

TEST(ImageName, is_completed_and_taken_apart) {
  struct Case {
    const char* text;
    const char* complete;
    const char* registry;
  };
  for (const Case& c : {
           Case{"redis", "redis:latest", "docker.io"},
           Case{"team/app:1.2", "team/app:1.2", "docker.io"},
           Case{"localhost/app:1", "localhost/app:1", "localhost"},
           Case{"reg.example:5000/a/b", "reg.example:5000/a/b:latest", "reg.example:5000"},
           Case{"https://reg.example/a:2", "reg.example/a:2", "reg.example"},
           Case{"a:1@sha256:00ff", "a@sha256:00ff", "docker.io"},
       }) {
    const auto name = ImageName::parse(c.text);
    ASSERT_TRUE(name.ok()) << c.text;
    EXPECT_EQ(name->text(), c.complete);
    EXPECT_EQ(name->registry(), c.registry);
  }
}

TEST(ImageName, refuses_what_names_nothing) {
  for (const char* text : {"", ":1", "a:", "a b", "/a", "a/", "a@", "a?x=1", "a\nb"}) {
    EXPECT_FALSE(ImageName::parse(text).ok()) << text;
  }
}

TEST(ImageName, only_latest_may_mean_another_image_tomorrow) {
  EXPECT_TRUE(ImageName::parse("redis")->moves());
  EXPECT_TRUE(ImageName::parse("redis:latest")->moves());
  EXPECT_FALSE(ImageName::parse("redis:7")->moves());
  EXPECT_FALSE(ImageName::parse("redis@sha256:00")->moves());
}

nlohmann::json opened(std::string header) {
  for (char& c : header) {
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  return nlohmann::json::parse(base64_decode(header).value());
}

TEST(Credentials, of_the_job_go_before_those_of_the_agent) {
  AuthConfig auth;
  auth.username = "me";
  auth.password = "p";
  const auto header = registry_auth(auth, false, "reg.example", {});
  EXPECT_EQ(opened(*header)["username"], "me");
  EXPECT_EQ(opened(*header)["serveraddress"], "reg.example");
  EXPECT_EQ(registry_auth({}, false, "reg.example", {}).value(), "");
}

TEST(Credentials, are_found_in_the_file_that_docker_login_writes) {
  const std::string file =
      nlohmann::json{{"auths",
                      {{"https://index.docker.io/v1/", {{"auth", base64_encode("hub:a:b")}}},
                       {"reg.example:5000", {{"identitytoken", "tok"}}}}},
                     {"credHelpers", {{"cloud.example", "cloud"}}}}
          .dump();
  EXPECT_EQ(opened(auth_from_file(file, "docker.io")->header)["password"], "a:b");
  EXPECT_EQ(opened(auth_from_file(file, "reg.example:5000")->header)["identitytoken"], "tok");
  EXPECT_EQ(auth_from_file(file, "cloud.example")->helper, "cloud");
  EXPECT_EQ(auth_from_file(file, "other.example").error().code, ErrorCode::not_found);
  EXPECT_EQ(auth_from_file("nonsense", "x").error().code, ErrorCode::corrupt);
}

TEST(Credentials, that_cannot_be_had_stop_the_pull_unless_it_may_go_without) {
  DockerOptions options;
  options.auth_config_file = "/no/such/file";
  EXPECT_FALSE(registry_auth({}, false, "x", options).ok());
  EXPECT_EQ(registry_auth({}, true, "x", options).value(), "");
}

TEST(PullProgress, counts_layers_and_bytes_across_pieces) {
  PullProgress progress;
  progress.feed(R"({"status":"Pulling from team/app","id":"1"}
{"status":"Already exists","id":"aa"}
{"status":"Downloading","progressDetail":{"current":1048576,"total":4194304},"id":"bb"}
{"status":"Pulling fs la)");
  progress.feed("yer\",\"id\":\"cc\"}\n");
  EXPECT_EQ(progress.summary(), "1 of 3 layers, 1.0 of 4.0 MiB");
  EXPECT_FALSE(progress.error());
}

TEST(PullProgress, tells_failures_that_pass_from_those_that_do_not) {
  const auto code = [](const std::string& message) {
    PullProgress progress;
    progress.feed(nlohmann::json{{"error", message}}.dump() + "\n");
    return progress.error()->code;
  };
  EXPECT_EQ(code("manifest for a:1 not found: manifest unknown"), ErrorCode::not_found);
  EXPECT_EQ(code("pull access denied for a"), ErrorCode::permission_denied);
  EXPECT_EQ(code("received unexpected HTTP status: 503"), ErrorCode::unavailable);
}

TEST(ImageCollection, takes_the_longest_unused_and_spares_what_is_used) {
  const std::vector<KnownImage> images{{"old", 10, 5}, {"new", 90, 5}, {"used", 1, 5}};
  using Names = std::vector<std::string>;
  EXPECT_EQ(images_to_remove(images, {"used"}, 100, 50, 0), Names{"old"});
  EXPECT_EQ(images_to_remove(images, {"used"}, 100, 1000, 0), Names{});
  EXPECT_EQ(images_to_remove(images, {"used"}, 100, 1000, 7), Names{"old"}) << "by size";
  EXPECT_EQ(images_to_remove(images, {"used"}, 100, 1000, 4), (Names{"old", "new"}));
}

TEST(ImageCollection, remembers_over_restarts_what_yurt_pulled_and_nothing_else) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("yurt-images-" + std::to_string(::getpid()) + ".json");
  {
    ImageUses uses(path.string());
    uses.pulled("a:1", 7, 100);
    uses.pulled("b:1", 7, 100);
    uses.used("a:1", 200);
    uses.used("foreign:1", 200);
    uses.forget("b:1");
  }
  const auto all = ImageUses(path.string()).all();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].name, "a:1");
  EXPECT_EQ(all[0].last_used_ns, 200);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace yurt::drivers::docker
