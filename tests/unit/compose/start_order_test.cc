// Which services run, and in which order.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

#include "drivers/compose/config/compose_config.h"
#include "drivers/compose/model/read_project.h"

namespace yurt::drivers::compose {
namespace {

using Texts = std::vector<std::string>;

Project project_of(const std::string& text) {
  Project project;
  const Variables none;
  std::vector<std::string> unset;
  for (const auto& error : read_project(text, &none, project, unset)) {
    ADD_FAILURE() << error.message;
  }
  return project;
}

Texts names(const Project& project, const Selection& selection = {}) {
  std::vector<ActiveService> order;
  for (const auto& error : start_order(project, selection, order)) ADD_FAILURE() << error.message;
  Texts out;
  for (const auto& one : order) out.push_back(one.service->name);
  return out;
}

Texts problems(const Project& project, const Selection& selection = {}) {
  std::vector<ActiveService> order;
  Texts out;
  for (const auto& error : start_order(project, selection, order)) {
    out.push_back(std::to_string(error.line) + ": " + error.message);
  }
  return out;
}

TEST(StartOrder, a_service_stands_behind_what_it_depends_on_else_as_in_the_file) {
  EXPECT_EQ(names(project_of("services:\n  a: {image: i, depends_on: [c]}\n  b: {image: i}\n"
                             "  c: {image: i, network_mode: \"service:d\"}\n  d: {image: i}\n")),
            (Texts{"d", "c", "a", "b"}));
}

TEST(StartOrder, a_circle_is_shown_as_a_path) {
  EXPECT_EQ(
      problems(project_of("services:\n  a: {image: i, depends_on: [b]}\n"
                          "  b: {image: i, depends_on: [c]}\n  c: {image: i, depends_on: [b]}\n")),
      Texts{"3: depends_on goes in a circle: b → c → b"});
}

TEST(StartOrder, services_with_profiles_run_when_one_of_them_is_chosen) {
  const Project project = project_of(
      "services:\n  a: {image: i}\n  b: {image: i, profiles: [x, y]}\n"
      "  c: {image: i, profiles: [z], depends_on: [a]}\n");
  EXPECT_EQ(names(project), Texts{"a"});
  EXPECT_EQ(names(project, {{"y"}, {}}), (Texts{"a", "b"}));
  EXPECT_EQ(names(project, {{"*"}, {}}), (Texts{"a", "b", "c"}));
  const Project needs =
      project_of("services:\n  a: {image: i, depends_on: [b]}\n  b: {image: i, profiles: [x]}\n");
  EXPECT_EQ(problems(needs), Texts{"2: services.a depends on b, none of whose profiles is active"});
  const Project none = project_of("services: {a: {image: i, profiles: [x]}}\n");
  EXPECT_EQ(problems(none).size(), 1U);
  const Project optional = project_of(
      "services:\n  a: {image: i, depends_on: {b: {required: false}}}\n"
      "  b: {image: i, profiles: [x]}\n");
  EXPECT_EQ(names(optional), Texts{"a"});
}

TEST(StartOrder, scales_go_before_the_files_replicas) {
  const Project project = project_of("services: {worker: {image: i, deploy: {replicas: 2}}}\n");
  std::vector<ActiveService> order;
  EXPECT_TRUE(start_order(project, {{}, {{"worker", 4}}}, order).empty());
  EXPECT_EQ(order[0].replicas, 4);
  EXPECT_EQ(problems(project, {{}, {{"wroker", 4}}}),
            Texts{"0: scale.wroker is no service of the file; did you mean worker?"});
  EXPECT_EQ(problems(project, {{}, {{"worker", 100000}}}).size(), 1U);
}

TEST(StartOrder, replicas_cannot_share_a_port_or_a_name) {
  EXPECT_EQ(
      problems(project_of("services:\n  a: {image: i, scale: 2, ports: [\"80:80\"]}\n")).size(),
      1U);
  EXPECT_TRUE(
      problems(project_of("services:\n  a: {image: i, scale: 2, ports: [\"80-81:80\", 81]}\n"))
          .empty());
  EXPECT_EQ(
      problems(project_of("services:\n  a: {image: i, scale: 2, container_name: x}\n")).size(), 1U);
}

RC_GTEST_PROP(StartOrder, any_files_order_starts_dependencies_first,
              (std::vector<std::pair<std::uint8_t, std::uint8_t>> edges)) {
  constexpr int count = 12;
  std::map<int, std::vector<int>> needs;
  for (auto [from, to] : edges) {
    from %= count;
    to %= count;
    if (from > to) needs[from].push_back(to);  // without circles
  }
  Project project;
  for (int i = count - 1; i >= 0; --i) {
    Service& service = project.services.emplace_back();
    service.name = "s" + std::to_string(i);
    for (const int other : needs[i]) {
      service.depends_on.push_back({"s" + std::to_string(other), Condition::started, true, 1});
    }
  }
  std::vector<ActiveService> order;
  RC_ASSERT(start_order(project, {}, order).empty());
  RC_ASSERT(order.size() == static_cast<std::size_t>(count));
  std::vector<std::string> started;
  for (const auto& one : order) {
    for (const auto& dependency : one.depends_on) {
      RC_ASSERT(std::find(started.begin(), started.end(), dependency.service) != started.end());
    }
    started.push_back(one.service->name);
  }
}

Texts config_problems(const std::string& json, bool lenient = true) {
  ComposeConfig config;
  Texts out;
  for (const auto& error : parse_compose_config(json, lenient, config))
    out.push_back(error.message);
  return out;
}

TEST(ComposeConfig, needs_a_file_or_a_text) {
  EXPECT_EQ(config_problems("{}").size(), 1U);
  EXPECT_EQ(config_problems(R"({"file": "a", "yaml": "b"})"),
            Texts{"file and yaml exclude each other"});
  EXPECT_TRUE(config_problems(R"({"file": "local/compose.yaml"})").empty());
  EXPECT_EQ(config_problems(R"({"file": "a", "profile": ["x"]})"),
            Texts{"profile is no setting of compose; did you mean profiles?"});
}

TEST(ComposeConfig, reads_every_setting_as_attribute_or_block) {
  ComposeConfig config;
  EXPECT_TRUE(parse_compose_config(
                  R"({"file": "f", "profiles": ["p"], "scale": [{"worker": 4.0}], "env": {"A": 1},
                      "project": "shop"})",
                  false, config)
                  .empty());
  EXPECT_EQ(config.selection.scale[0], (std::pair<std::string, std::int64_t>("worker", 4)));
  EXPECT_EQ(config.env[0], (std::pair<std::string, std::string>("A", "1")));
  EXPECT_EQ(config_problems(R"({"file": "f", "project": "No Name"})").size(), 1U);
  EXPECT_TRUE(config_problems(R"({"file": "f", "project": "x-${NOMAD_ALLOC_INDEX}"})").empty());
  EXPECT_EQ(config_problems(R"({"file": "f", "scale": {"w": -1}})").size(), 1U);
}

TEST(ComposeConfig, checks_the_text_with_its_lines) {
  EXPECT_EQ(
      config_problems(R"({"yaml": "services:\n  a:\n    image: i\n    prots: [80]\n"})"),
      Texts{"yaml, line 4: services.a.prots is no key that Yurt knows here; did you mean ports?"});
  EXPECT_TRUE(
      config_problems(R"({"yaml": "services: {a: {image: \"${IMAGE:-i}\", cpus: \"${C}\"}}"})")
          .empty());
  EXPECT_EQ(config_problems(R"({"yaml": "services: {a: {image: i}}", "scale": {"b": 2}})").size(),
            1U);
}

TEST(ComposeConfig, names_of_projects) {
  EXPECT_EQ(as_project_name("Shop.Web 1-ab"), "shop-web-1-ab");
  EXPECT_EQ(as_project_name("--x"), "x");
  EXPECT_FALSE(is_project_name("Shop") || is_project_name("") || is_project_name("-a"));
}

}  // namespace
}  // namespace yurt::drivers::compose
