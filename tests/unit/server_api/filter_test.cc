#include "server/api/filter/filter.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/unit/server_api/api_fixture.h"

namespace yurt::server {
namespace {

using filter::Filter;

model::Job sample() {
  model::Job job = job_named("web");
  job.set_status("running");
  job.set_priority(70);
  job.add_datacenters("dc1");
  job.add_datacenters("dc2");
  (*job.mutable_meta())["team"] = "vision";
  (*job.mutable_meta())["a.b"] = "dotted";
  auto* volume = job.mutable_group(0)->add_volume();
  volume->set_name("data");
  volume->set_type("host");
  auto* second = job.add_group();
  second->set_name("side");
  second->set_count(3);
  return job;
}

bool matches(const std::string& expression, const model::Job& job = sample()) {
  const auto filter = Filter::parse(expression, *model::Job::descriptor());
  EXPECT_TRUE(filter.ok()) << expression << ": " << (filter ? "" : filter.error().message);
  return filter && filter->matches({job});
}

std::string error_of(const std::string& expression) {
  const auto filter = Filter::parse(expression, *model::Job::descriptor());
  return filter ? "" : filter.error().message;
}

TEST(Filter, compares_texts_numbers_and_truth_values_by_their_go_names) {
  EXPECT_TRUE(matches(R"(Status == "running")"));
  EXPECT_FALSE(matches(R"(Status != "running")"));
  EXPECT_TRUE(matches(R"(Status == running)"));
  EXPECT_TRUE(matches("Priority == 70"));
  EXPECT_TRUE(matches(R"(Priority != "71")"));
  EXPECT_TRUE(matches("Stop == false"));
  EXPECT_FALSE(matches("Stop == true"));
  EXPECT_TRUE(matches("TaskGroups.1.Count == 3"));
}

TEST(Filter, reads_maps_by_dot_bracket_and_json_pointer) {
  EXPECT_TRUE(matches(R"(Meta.team == "vision")"));
  EXPECT_TRUE(matches(R"(Meta["team"] == "vision")"));
  EXPECT_TRUE(matches(R"(Meta["a.b"] == "dotted")"));
  EXPECT_TRUE(matches(R"("/Meta/team" == "vision")"));
  EXPECT_TRUE(matches(R"(TaskGroups[0].Volumes.data.Type == "host")"));
}

TEST(Filter, an_absent_key_equals_nothing_and_is_empty) {
  EXPECT_FALSE(matches(R"(Meta["none"] == "")"));
  EXPECT_TRUE(matches(R"(Meta["none"] != "x")"));
  EXPECT_TRUE(matches(R"(Meta["none"] is empty)"));
  EXPECT_FALSE(matches(R"(Meta["none"] contains "x")"));
  EXPECT_FALSE(matches(R"(Periodic.Spec == "x")"));
}

TEST(Filter, contains_and_in_look_into_texts_lists_and_map_keys) {
  EXPECT_TRUE(matches(R"("dc1" in Datacenters)"));
  EXPECT_TRUE(matches(R"("dc3" not in Datacenters)"));
  EXPECT_TRUE(matches(R"(Datacenters contains "dc2")"));
  EXPECT_TRUE(matches(R"(Datacenters not contains "dc3")"));
  EXPECT_TRUE(matches(R"("team" in Meta)"));
  EXPECT_TRUE(matches(R"(Name contains "we")"));
}

TEST(Filter, matches_takes_a_regular_expression) {
  EXPECT_TRUE(matches(R"(ID matches "^w.b$")"));
  EXPECT_TRUE(matches("ID not matches `^x`"));
}

TEST(Filter, tells_nil_from_something) {
  EXPECT_TRUE(matches("Periodic is nil"));
  EXPECT_FALSE(matches("Periodic is not nil"));
  model::Job job = sample();
  job.mutable_periodic()->set_cron("@daily");
  EXPECT_TRUE(matches("Periodic is not nil", job));
  EXPECT_TRUE(matches(R"(ParentID == "" and ParameterizedJob is nil)", job));
  EXPECT_TRUE(matches("Constraints is empty"));
  EXPECT_TRUE(matches("Datacenters is not empty"));
}

TEST(Filter, and_binds_tighter_than_or_and_not_tightest) {
  EXPECT_TRUE(matches(R"(ID == "web" or ID == "a" and ID == "b")"));
  EXPECT_FALSE(matches(R"((ID == "web" or ID == "a") and ID == "b")"));
  EXPECT_TRUE(matches(R"(not ID == "a" and not (ID == "b"))"));
}

TEST(Filter, quantifies_over_lists_and_maps) {
  EXPECT_TRUE(matches("any TaskGroups as g { g.Count == 3 }"));
  EXPECT_FALSE(matches("all TaskGroups as g { g.Count == 3 }"));
  EXPECT_TRUE(matches(R"(any TaskGroups as g { any g.Tasks as t { t.Driver == "raw_exec" } })"));
  EXPECT_TRUE(matches(R"(any Meta as k, v { k == "team" and v == "vision" })"));
}

TEST(Filter, free_form_configuration_is_read_as_json_shows_it) {
  EXPECT_TRUE(matches(R"(TaskGroups.0.Tasks.0.Config.command == "/bin/true")"));
  EXPECT_FALSE(matches(R"(TaskGroups.0.Tasks.0.Config.other == "/bin/true")"));
}

TEST(Filter, says_what_is_wrong_and_where) {
  EXPECT_EQ(error_of("Nothing == 3"), "there is no field \"Nothing\"");
  EXPECT_EQ(error_of("TaskGroups.0.Nope == 3"), "\"TaskGroups.0\" has no field \"Nope\"");
  EXPECT_EQ(error_of("Priority == high"), "\"Priority\" is an integer, which \"high\" is not");
  EXPECT_EQ(error_of("Status =="), "expected a value, found the end at column 10");
  EXPECT_EQ(error_of("Status"),
            "expected an operator (==, !=, contains, matches, in, is empty, is nil), found the end "
            "at column 7");
  EXPECT_EQ(error_of("(Status == a"), "expected \")\", found the end at column 13");
  EXPECT_EQ(error_of("Status == \"a"), "the text is not closed by a \" at column 11");
  EXPECT_EQ(error_of("Periodic == 3"), "\"Periodic\" is no single value to compare with");
  EXPECT_NE(error_of("ID matches \"(\""), "");
  EXPECT_NE(error_of(std::string(500, '(') + "ID == a"), "");
}

TEST(Filter, the_detached_field_stands_in_for_the_messages_own) {
  const model::Job job = sample();
  const model::Allocation alloc;
  const auto filter =
      Filter::parse(R"(Job.Meta["team"] == "vision")", *model::Allocation::descriptor());
  ASSERT_TRUE(filter.ok());
  EXPECT_FALSE(filter->matches({alloc}));
  EXPECT_TRUE(
      filter->matches({alloc, model::Allocation::descriptor()->FindFieldByName("job"), &job}));
}

TEST(Filter, negation_and_de_morgan_hold_for_any_two_conditions) {
  const std::vector<std::string> conditions = {R"(Status == "running")", "Priority == 3",
                                               "Periodic is nil",        R"("dc1" in Datacenters)",
                                               R"(Meta.x is empty)",     R"(ID matches "b$")"};
  EXPECT_TRUE(rc::check([&] {
    const auto a = *rc::gen::elementOf(conditions);
    const auto b = *rc::gen::elementOf(conditions);
    RC_ASSERT(matches("not (" + a + ")") == !matches(a));
    RC_ASSERT(matches("not (" + a + " and " + b + ")") == matches("not " + a + " or not " + b));
    RC_ASSERT(matches(a + " and " + b) == (matches(a) && matches(b)));
    RC_ASSERT(matches(a + " or " + b) == (matches(a) || matches(b)));
  }));
}

TEST(Filter, any_text_is_parsed_or_refused_and_never_crashes) {
  EXPECT_TRUE(rc::check([] {
    const auto words =
        *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::vector<std::string>{
            "Status", "Meta",  "==",  "!=",         "and",      "or",      "not", "(", ")",   "in",
            "is",     "empty", "nil", "\"x\"",      "3",        ".",       "[",   "]", "any", "all",
            "as",     "{",     "}",   "TaskGroups", "contains", "matches", "`",   "\""}));
    std::string text;
    for (const auto& word : words) text += word + " ";
    const auto filter = Filter::parse(text, *model::Job::descriptor());
    if (filter) (void)filter->matches({sample()});
  }));
}

}  // namespace
}  // namespace yurt::server
