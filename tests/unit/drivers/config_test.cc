#include "drivers/raw_exec/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/raw_exec/lookup.h"
#include "drivers/raw_exec/nearest_name.h"
#include "drivers/signals.h"

namespace yurt::drivers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

std::vector<std::string> messages(std::string_view text) {
  RawExecConfig config;
  std::vector<std::string> messages;
  for (const ConfigError& error : parse_raw_exec_config(text, config)) {
    messages.push_back(error.message);
  }
  return messages;
}

TEST(raw_exec_config, reads_every_setting) {
  RawExecConfig config;
  EXPECT_THAT(parse_raw_exec_config(R"({"command":"python3","args":["train.py",8,1.5,true],
    "work_dir":"/srv","oom_score_adj":100.0,"cgroup_v1_override":[{"memory":"a"},{"cpu":"b"}],
    "denied_envvars":["AWS_*"]})",
                                    config),
              IsEmpty());
  EXPECT_EQ(config.command, "python3");
  EXPECT_THAT(config.args, ElementsAre("train.py", "8", "1.5", "true"));
  EXPECT_EQ(config.work_dir, "/srv");
  EXPECT_EQ(config.oom_score_adj, 100);
  EXPECT_THAT(config.cgroup_override.v1_paths, ElementsAre(Pair("memory", "a"), Pair("cpu", "b")));
  EXPECT_THAT(config.denied_envvars, ElementsAre("AWS_*"));
}

TEST(raw_exec_config, names_the_setting_that_was_meant) {
  EXPECT_THAT(messages(R"({"comand":"x"})"),
              ElementsAre("comand is no setting of raw_exec; did you mean command?"));
  EXPECT_THAT(messages(R"({"command":"x","image":"redis"})"),
              ElementsAre("image is no setting of raw_exec"));
}

TEST(raw_exec_config, tells_all_errors_at_once_with_their_fields) {
  EXPECT_THAT(messages(R"({"command":[],"args":["a",{}],"oom_score_adj":-5,"work_dir":"rel"})"),
              ElementsAre("args[1] must be a text", "command must be a text",
                          "oom_score_adj must be a whole number from 0 to 1000",
                          "work_dir must be an absolute path"));
}

TEST(raw_exec_config, needs_a_command) {
  EXPECT_THAT(messages("{}"), ElementsAre("command is required"));
  EXPECT_THAT(messages(""), ElementsAre("command is required"));
}

TEST(raw_exec_config, refuses_what_is_no_block) {
  for (const char* text : {"[]", "3", "{", "\"x\""}) {
    EXPECT_THAT(messages(text), ElementsAre(HasSubstr("must be a block"))) << text;
  }
}

TEST(raw_exec_config, takes_one_kind_of_override) {
  EXPECT_THAT(
      messages(R"({"command":"x","cgroup_v2_override":"a","cgroup_v1_override":{"cpu":"b"}})"),
      ElementsAre(HasSubstr("exclude each other")));
}

TEST(nearest_name, finds_what_was_meant_or_nothing) {
  constexpr std::string_view known[] = {"command", "args", "work_dir"};
  EXPECT_EQ(nearest_name("agrs", known), "args");
  EXPECT_EQ(nearest_name("workdir", known), "work_dir");
  EXPECT_EQ(nearest_name("volumes", known), "");
  EXPECT_EQ(nearest_name(std::string(100'000, 'x'), known), "");
}

TEST(id_ranges, are_read_as_nomad_writes_them) {
  const IdRanges ranges = parse_id_ranges("0, 10-20,65534").value();
  EXPECT_TRUE(contains(ranges, 0) && contains(ranges, 10) && contains(ranges, 20) &&
              contains(ranges, 65534));
  EXPECT_FALSE(contains(ranges, 1) || contains(ranges, 21));
  EXPECT_TRUE(parse_id_ranges("")->empty());
  for (const char* text : {"a", "1-", "-1", "5-2", "1,,2"}) {
    EXPECT_FALSE(parse_id_ranges(text).ok()) << text;
  }
}

TEST(signals, are_read_by_name_in_every_usual_form) {
  for (const char* name : {"SIGINT", "INT", "sigint", "int", "2"}) {
    EXPECT_EQ(parse_signal(name).value_or(0), 2) << name;
  }
  for (const char* name : {"", "SIG", "SIGNOTHING", "0", "-1", "65", "2x"}) {
    EXPECT_FALSE(parse_signal(name).ok()) << name;
  }
}

TEST(signals, keep_their_name_through_a_round_trip) {
  for (int number = 1; number < 32; ++number) {
    EXPECT_EQ(parse_signal(signal_name(number)).value_or(0), number);
  }
  EXPECT_EQ(signal_name(34), "signal 34");
}

}  // namespace
}  // namespace yurt::drivers
