#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobspec/json/query.h"
#include "jobspec/json/read.h"
#include "jobspec/json/write.h"
#include "proto/api.pb.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"

namespace yurt::json {
namespace {

using testing::HasSubstr;

template <typename Message>
Message parsed(std::string_view text) {
  Message message;
  const Status status = read(text, message);
  EXPECT_TRUE(status.ok()) << status.error().message;
  return message;
}

template <typename Message>
std::string error_of(std::string_view text) {
  Message message;
  const Status status = read(text, message);
  return status.ok() ? "no error" : status.error().message;
}

TEST(JsonRead, TakesNamesInAnyCase) {
  const auto job = parsed<model::Job>(R"({"id":"web","NAME":"Web","taskGroups":[{"Count":2}]})");
  EXPECT_EQ(job.id(), "web");
  EXPECT_EQ(job.name(), "Web");
  ASSERT_EQ(job.group_size(), 1);
  EXPECT_EQ(job.group(0).count(), 2);
}

TEST(JsonRead, IgnoresUnknownMembersAndTakesNullAsAbsent) {
  const auto job = parsed<model::Job>(
      R"({"ID":"a","Priority":null,"Meta":null,"TaskGroups":[null],"Mystery":{"x":[1,{"y":null}]}})");
  EXPECT_TRUE(job.has_id());
  EXPECT_FALSE(job.has_priority());
  EXPECT_EQ(job.group_size(), 0);
}

TEST(JsonRead, LetsTheLastOfTwoMembersWin) {
  EXPECT_EQ(parsed<model::Job>(R"({"ID":"a","Id":"b"})").id(), "b");
  const auto job = parsed<model::Job>(R"({"Datacenters":["a"],"Datacenters":["b"]})");
  ASSERT_EQ(job.datacenters_size(), 1);
  EXPECT_EQ(job.datacenters(0), "b");
  EXPECT_FALSE(parsed<model::Job>(R"({"ID":"a","ID":null})").has_id());
}

TEST(JsonRead, TakesIntegersInEveryNotationThatIsOne) {
  EXPECT_EQ(parsed<model::TaskGroup>(R"({"Count":1e3})").count(), 1000);
  EXPECT_EQ(parsed<model::TaskGroup>(R"({"Count":5.0})").count(), 5);
  EXPECT_EQ(parsed<model::Job>(R"({"Version":18446744073709551615})").version(), UINT64_MAX);
  EXPECT_EQ(parsed<model::Job>(R"({"SubmitTime":-9223372036854775808})").submit_time(), INT64_MIN);
}

TEST(JsonRead, RefusesIntegersThatDoNotFit) {
  EXPECT_EQ(error_of<model::TaskGroup>(R"({"Count":2147483648})"),
            "Count: expected an integer from -2147483648 to 2147483647, found 2147483648 (line 1, "
            "column 10)");
  EXPECT_THAT(error_of<model::TaskGroup>(R"({"Count":1.5})"), HasSubstr("found 1.5"));
  EXPECT_THAT(error_of<model::Job>(R"({"Version":-1})"), HasSubstr("from 0 to"));
  EXPECT_THAT(error_of<model::Job>(R"({"Version":18446744073709551616})"), HasSubstr("from 0 to"));
  EXPECT_THAT(error_of<model::Job>(R"({"SubmitTime":9223372036854775808})"), HasSubstr("from -92"));
}

TEST(JsonRead, TakesDurationsAsNanosecondsAndAsText) {
  EXPECT_EQ(parsed<model::Task>(R"({"KillTimeout":5000000000})").kill_timeout(), 5'000'000'000);
  EXPECT_EQ(parsed<model::Task>(R"({"KillTimeout":"1m30s"})").kill_timeout(), 90'000'000'000);
  EXPECT_THAT(error_of<model::Task>(R"({"KillTimeout":"soon"})"),
              HasSubstr("KillTimeout: \"soon\" is not a duration"));
}

TEST(JsonRead, SaysWhereAndWhatWasExpected) {
  EXPECT_EQ(error_of<model::Job>("{\n  \"TaskGroups\": [{},\n    {\"Count\": \"three\"}]\n}"),
            "TaskGroups[1].Count: expected an integer, found a string (line 3, column 15)");
  EXPECT_EQ(error_of<model::Job>(R"({"Meta":{"a":1}})"),
            "Meta.a: expected a string, found a number (line 1, column 14)");
  EXPECT_EQ(error_of<model::Job>(R"([1])"),
            "expected an object, found an array (line 1, column 1)");
  EXPECT_EQ(error_of<model::Job>(""),
            "expected an object, found the end of the text (line 1, column 1)");
}

TEST(JsonRead, RefusesWhatIsNotJson) {
  for (const char* text :
       {"{", "{}{}", "{\"a\":}", "{\"a\" 1}", "{a:1}", "{\"ID\":\"x}", "{\"ID\":\"\\q\"}",
        "{\"ID\":\"\\u12\"}", "{\"a\":01}", "{\"a\":1.}", "{\"a\":-}", "{\"a\":1e}", "{\"a\":nul}",
        "{\"a\":1,}", "{\"a\":[1,]}", "{\"ID\":\"\n\"}", "{,}"}) {
    EXPECT_NE(error_of<model::Job>(text), "no error") << text;
  }
}

TEST(JsonRead, ResolvesEscapesAndRepairsBrokenText) {
  EXPECT_EQ(parsed<model::Job>(R"({"ID":"\u00e9\n\/\ud83d\ude00"})").id(), "é\n/😀");
  EXPECT_EQ(parsed<model::Job>(R"({"ID":"\ud83dx"})").id(), "\uFFFDx");
  EXPECT_EQ(parsed<model::Job>("{\"ID\":\"a\xff\"}").id(), "a\uFFFD");
  EXPECT_EQ(parsed<model::Job>("\xEF\xBB\xBF{\"ID\":\"a\"}").id(), "a");
}

TEST(JsonRead, ReadsVolumesByTheirKeys) {
  const auto group = parsed<model::TaskGroup>(
      R"({"Volumes":{"data":{"Type":"host","Source":"d"},"models":{"Name":"models"},"x":null}})");
  ASSERT_EQ(group.volume_size(), 2);
  EXPECT_EQ(group.volume(0).name(), "data");
  EXPECT_EQ(group.volume(0).source(), "d");
  EXPECT_EQ(group.volume(1).name(), "models");
}

TEST(JsonRead, ReadsHeadersBytesTimesAndFreeForm) {
  const auto check = parsed<model::Check>(R"({"Header":{"A":["1","2"]}})");
  EXPECT_EQ(check.header().at("A").values(1), "2");
  EXPECT_EQ(parsed<model::Job>(R"({"Payload":"aGkK"})").payload(), "hi\n");
  EXPECT_THAT(error_of<model::Job>(R"({"Payload":"%"})"), HasSubstr("Payload: "));
  const auto info = parsed<model::DriverInfo>(R"({"UpdateTime":"2023-11-14T23:13:20.25+01:00"})");
  EXPECT_EQ(info.update_time(), 1'700'000'000'250'000'000);
  const auto task = parsed<model::Task>(R"({"Config":{"a":[1,null,{"b":true}],"a":[2]}})");
  EXPECT_EQ(task.config().fields().at("a").list_value().values(0).number_value(), 2);
}

TEST(JsonRead, RefusesDeepNestingEverywhere) {
  const auto nest = [](int levels) {
    std::string text;
    for (int i = 0; i < levels; ++i) text += "{\"a\":";
    text += "1";
    text.append(static_cast<std::size_t>(levels), '}');
    return text;
  };
  EXPECT_THAT(error_of<model::Job>(nest(100'000)), HasSubstr("too deeply nested"));
  EXPECT_THAT(error_of<model::Task>("{\"Config\":" + nest(100'000) + "}"),
              HasSubstr("too deeply nested"));
  EXPECT_THAT(error_of<model::Job>(std::string(100'000, '[')), HasSubstr("expected an object"));
}

TEST(JsonRead, ReadsOnlyWhatProtobufCanReadBack) {
  std::string config;
  for (int i = 0; i < max_free_form_depth; ++i) config += "{\"a\":";
  config += "1";
  config.append(max_free_form_depth, '}');
  const auto job = parsed<model::Job>(R"({"TaskGroups":[{"Tasks":[{"Config":)" + config + "}]}]}");
  model::Allocation allocation;
  *allocation.mutable_job() = job;
  model::NodeAllocationsResponse response;
  *response.add_allocations() = allocation;
  model::NodeAllocationsResponse again;
  EXPECT_TRUE(again.ParseFromString(response.SerializeAsString()));
}

TEST(JsonRead, GivesBackWhatWasWritten) {
  const char* text =
      R"({"ID":"a","Meta":{"k":"v"},"Payload":"aGkK","TaskGroups":[{"Volumes":{"d":{"Type":"host"}},)"
      R"("Tasks":[{"Config":{"x":[1.5,{"y":"z"}]},"Env":{"A":""}}]}]})";
  const auto job = parsed<model::Job>(text);
  EXPECT_EQ(write(parsed<model::Job>(write(job))), write(job));
  EXPECT_EQ(write(parsed<model::Job>(write(job, {.pretty = true}))), write(job));
}

TEST(Query, SetsFieldsByTheirSchemaName) {
  model::JobDeregisterRequest request;
  EXPECT_TRUE(set_from_query(request, "purge", "True").value());
  EXPECT_TRUE(request.purge());
  EXPECT_TRUE(set_from_query(request, "eval_priority", "70").value());
  EXPECT_EQ(request.eval_priority(), 70);
  EXPECT_FALSE(set_from_query(request, "unheard_of", "1").value());
  EXPECT_FALSE(set_from_query(request, "write", "1").value());
}

TEST(Query, TakesDurationsWithAUnitAndBooleansWithoutAValue) {
  model::QueryOptions query;
  EXPECT_TRUE(set_from_query(query, "wait", "300000ms").value());
  EXPECT_EQ(query.wait(), 300'000'000'000);
  EXPECT_TRUE(set_from_query(query, "stale", "").value());
  EXPECT_TRUE(query.stale());
}

TEST(Query, ExplainsAValueThatDoesNotFit) {
  model::QueryOptions query;
  EXPECT_EQ(set_from_query(query, "index", "-1").error().message,
            "parameter \"index\": expected a number, found \"-1\"");
  EXPECT_EQ(set_from_query(query, "reverse", "maybe").error().message,
            "parameter \"reverse\": expected true or false, found \"maybe\"");
  EXPECT_THAT(set_from_query(query, "wait", "60").error().message, HasSubstr("\"wait\""));
}

TEST(Query, AddsToRepeatedFields) {
  model::ExecStart start;
  EXPECT_TRUE(set_from_query(start, "command", "ls").value());
  EXPECT_TRUE(set_from_query(start, "command", "-l").value());
  EXPECT_EQ(start.command_size(), 2);
}

}  // namespace
}  // namespace yurt::json
