#include <gtest/gtest.h>

#include <cmath>

#include "jobspec/json/read.h"
#include "jobspec/json/text.h"
#include "jobspec/json/write.h"
#include "proto/api.pb.h"
#include "proto/job.pb.h"
#include "proto/state.pb.h"

namespace yurt::json {
namespace {

std::string number(double value) {
  std::string out;
  append_double(value, out);
  return out;
}

std::string quoted(std::string_view text) {
  std::string out;
  append_string(text, out);
  return out;
}

TEST(JsonWrite, WritesEveryFieldAndNullForWhatIsAbsent) {
  model::Check check;
  check.set_name("alive");
  EXPECT_EQ(write(check),
            R"({"Id":null,"Name":"alive","Type":"","Command":"","Args":null,"Path":"",)"
            R"("Protocol":"","PortLabel":"","Expose":false,"AddressMode":"","Advertise":"",)"
            R"("Interval":0,"Timeout":0,"InitialStatus":"","Notes":"","TLSSkipVerify":false,)"
            R"("TLSServerName":"","Header":null,"Method":"","Body":"","CheckRestart":null,)"
            R"("GRPCService":"","GRPCUseTLS":false,"TaskName":"","SuccessBeforePassing":0,)"
            R"("FailuresBeforeCritical":0,"FailuresBeforeWarning":0,"OnUpdate":null})");
}

TEST(JsonWrite, WritesAnOptionalValueThatIsSetToZero) {
  model::MigrateStrategy migrate;
  migrate.set_max_parallel(0);
  EXPECT_EQ(write(migrate),
            R"({"MaxParallel":0,"HealthCheck":null,"MinHealthyTime":null,"HealthyDeadline":null})");
}

TEST(JsonWrite, WritesDurationsAsNanoseconds) {
  model::TemplateWait wait;
  wait.set_min(5'000'000'000);
  wait.set_max(90'000'000'000);
  EXPECT_EQ(write(wait), R"({"Min":5000000000,"Max":90000000000})");
}

TEST(JsonWrite, WritesTimesAsRfc3339AndNeverAsGoZeroTime) {
  model::DriverInfo info;
  EXPECT_NE(write(info).find(R"("UpdateTime":"0001-01-01T00:00:00Z")"), std::string::npos);
  info.set_update_time(1'700'000'000'250'000'000);
  EXPECT_NE(write(info).find(R"("UpdateTime":"2023-11-14T22:13:20.25Z")"), std::string::npos);
}

TEST(JsonWrite, LeavesOutWhatIsMarkedOmitEmpty) {
  model::StreamFrame frame;
  EXPECT_EQ(write(frame), "{}");
  frame.set_offset(4);
  frame.set_data("hi\n");
  EXPECT_EQ(write(frame), R"({"Offset":4,"Data":"aGkK"})");
}

TEST(JsonWrite, WritesAnEmptyMapAsAnObjectWhereTheSchemaSaysSo) {
  model::JobSummary summary;
  EXPECT_NE(write(summary).find(R"("Summary":{})"), std::string::npos);
}

TEST(JsonWrite, SortsMapKeys) {
  model::CniConfig cni;
  for (const char* key : {"b", "a", "C", "zeta", "0"}) (*cni.mutable_args())[key] = "x";
  EXPECT_EQ(write(cni), R"({"Args":{"0":"x","C":"x","a":"x","b":"x","zeta":"x"}})");
}

TEST(JsonWrite, WritesHeadersAndMatchesAsListsUnderTheirNames) {
  model::Check check;
  (*check.mutable_header())["X-Token"].add_values("a");
  (*check.mutable_header())["X-Token"].add_values("b");
  EXPECT_NE(write(check).find(R"("Header":{"X-Token":["a","b"]})"), std::string::npos);
  model::SearchResponse search;
  (*search.mutable_matches())["jobs"].add_values("web");
  EXPECT_EQ(write(search), R"({"Matches":{"jobs":["web"]},"Truncations":null})");
}

TEST(JsonWrite, WritesAGroupsVolumesAsAnObjectKeyedByName) {
  model::TaskGroup group;
  auto& second = *group.add_volume();
  second.set_name("models");
  second.set_type("host");
  group.add_volume()->set_name("data");
  const std::string text = write_field(group, "volume");
  EXPECT_TRUE(text.starts_with(R"({"data":{"Name":"data","Type":"")")) << text;
  EXPECT_NE(text.find(R"("models":{"Name":"models","Type":"host")"), std::string::npos) << text;
}

TEST(JsonWrite, WritesFreeFormFieldsAsPlainJson) {
  model::Task task;
  auto& fields = *task.mutable_config()->mutable_fields();
  fields["command"].set_string_value("/bin/<true> & co");
  fields["count"].set_number_value(3);
  fields["ratio"].set_number_value(0.25);
  fields["tty"].set_bool_value(true);
  fields["none"].set_null_value(google::protobuf::NULL_VALUE);
  fields["args"].mutable_list_value()->add_values()->set_string_value("-v");
  (*fields["auth"].mutable_struct_value()->mutable_fields())["user"].set_string_value("me");
  EXPECT_EQ(write_field(task, "config"),
            R"({"args":["-v"],"auth":{"user":"me"},"command":"/bin/<true> & co","count":3,)"
            R"("none":null,"ratio":0.25,"tty":true})");
}

TEST(JsonWrite, KeepsFieldsWithoutAJsonNameToItself) {
  model::Job job;
  job.add_task()->set_driver("raw_exec");
  job.mutable_vault()->set_role("r");
  const std::string text = write(job);
  EXPECT_EQ(text.find("raw_exec"), std::string::npos);
  EXPECT_EQ(text.find("Vault\""), std::string::npos);
  model::JobReadResponse response;
  response.mutable_query_meta()->set_index(7);
  EXPECT_EQ(write(response), "{}");
}

TEST(JsonWrite, WritesTheListAReplyWrapsEvenWhenItIsEmpty) {
  model::NodeListResponse nodes;
  EXPECT_EQ(write_field(nodes, "nodes"), "[]");
  model::DeploymentReadResponse none;
  EXPECT_EQ(write_field(none, "deployment"), "null");
  model::StringList peers;
  peers.add_values("127.0.0.1:4647");
  EXPECT_EQ(write(peers), R"(["127.0.0.1:4647"])");
}

TEST(JsonWrite, IndentsByFourSpacesWhenAskedTo) {
  model::CniConfig cni;
  EXPECT_EQ(write(cni, {.pretty = true}), "{\n    \"Args\": null\n}");
  (*cni.mutable_args())["a"] = "b";
  (*cni.mutable_args())["c"] = "";
  EXPECT_EQ(write(cni, {.pretty = true}),
            "{\n    \"Args\": {\n        \"a\": \"b\",\n        \"c\": \"\"\n    }\n}");
  model::NodeListResponse nodes;
  EXPECT_EQ(write_field(nodes, "nodes", {.pretty = true}), "[]");
}

TEST(JsonWrite, WritesNumbersShortestAndWholeOnesWithoutAFraction) {
  EXPECT_EQ(number(0), "0");
  EXPECT_EQ(number(-0.0), "0");
  EXPECT_EQ(number(42), "42");
  EXPECT_EQ(number(-1.5), "-1.5");
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(1e20), "100000000000000000000");
  EXPECT_EQ(number(1e21), "1e+21");
  EXPECT_EQ(number(1e-7), "1e-7");
  EXPECT_EQ(number(NAN), "null");
}

TEST(JsonWrite, EscapesWhatJsonMustAndNothingElse) {
  EXPECT_EQ(quoted("a\"b\\c\n\t\x01<>&/é\x7f"), "\"a\\\"b\\\\c\\n\\t\\u0001<>&/é\x7f\"");
  EXPECT_EQ(quoted("\xE2\x80\xA8"), "\"\\u2028\"");
  EXPECT_EQ(quoted("bad\xff\xc0\xaf"
                   "end"),
            "\"bad\uFFFD\uFFFD\uFFFDend\"");
  EXPECT_EQ(quoted(std::string_view("\0", 1)), "\"\\u0000\"");
}

TEST(JsonWrite, LeavesTheMessageAsItWas) {
  model::CniConfig cni;
  (*cni.mutable_args())["a"] = "b";
  const std::size_t before = cni.SpaceUsedLong();
  static_cast<void>(write(cni));
  EXPECT_EQ(cni.SpaceUsedLong(), before);
}

}  // namespace
}  // namespace yurt::json
