// The conventions that all of Nomad's HTTP API shares, over a real socket.
#include <zlib.h>

#include "tests/unit/server_api/http_fixture.h"

namespace yurt::server {
namespace {

std::string gunzip(const std::string& data) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

using Conventions = HttpTest;

TEST_F(Conventions, a_job_is_registered_read_and_listed) {
  const auto written = ask("POST", "/v1/jobs", nlohmann::json{{"Job", job_json("web")}}.dump());
  ASSERT_EQ(written.status, 200) << written.body;
  EXPECT_EQ(written.header("content-type"), "application/json");
  const auto answer = json_of(written);
  EXPECT_EQ(written.header("x-nomad-index"), std::to_string(answer["Index"].get<int>()));
  EXPECT_NE(answer["EvalID"], "");

  const auto read = get("/v1/job/web");
  ASSERT_EQ(read.status, 200);
  EXPECT_EQ(json_of(read)["Priority"], 50);
  EXPECT_EQ(json_of(read)["JobModifyIndex"], answer["JobModifyIndex"]);

  const auto listed = json_of(get("/v1/jobs?prefix=w"));
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0]["ID"], "web");
  EXPECT_EQ(listed[0]["JobSummary"]["Namespace"], "default");
}

TEST_F(Conventions, reads_carry_index_last_contact_and_leader_in_that_order) {
  registered(job_named("a"));
  const auto response = get("/v1/jobs");
  EXPECT_EQ(response.header("x-nomad-index"), "11");
  EXPECT_EQ(response.header("x-nomad-lastcontact"), "0");
  EXPECT_EQ(response.header("x-nomad-knownleader"), "true");
  EXPECT_EQ(response.headers.count("x-nomad-nexttoken"), 0u);
  registered(job_named("b"));
  EXPECT_EQ(get("/v1/jobs?per_page=1").header("x-nomad-nexttoken"), "default.b");
}

TEST_F(Conventions, an_empty_list_is_a_list_and_a_missing_object_null) {
  EXPECT_EQ(get("/v1/jobs").body, "[]");
  registered(job_named("a"));
  EXPECT_EQ(get("/v1/job/a/deployment").body, "null");
  EXPECT_EQ(get("/v1/job/none/allocations").body, "[]");
}

TEST_F(Conventions, errors_are_bare_sentences) {
  const auto missing = get("/v1/job/none");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.body, "job not found");
  EXPECT_EQ(missing.header("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(get("/v1/allocation/none").body, "alloc not found");
  EXPECT_EQ(get("/v1/evaluation/none").body, "eval not found");
  EXPECT_EQ(get("/v1/node/none").body, "node not found");
  EXPECT_EQ(get("/v1/deployment/none").body, "deployment not found");
}

TEST_F(Conventions, an_unknown_path_is_an_empty_404_and_a_wrong_method_405) {
  const auto unknown = get("/v1/nothing");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.body, "");
  const auto wrong = ask("DELETE", "/v1/jobs");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.body, "Invalid method");
  EXPECT_EQ(ask("POST", "/v1/system/gc").status, 405);
  const auto collected = ask("PUT", "/v1/system/gc");
  EXPECT_EQ(collected.status, 200);
  EXPECT_EQ(collected.body, "");
  EXPECT_EQ(core.garbage_collections, 1);
}

TEST_F(Conventions, mistakes_in_a_job_are_500_as_nomads_clients_know_it) {
  auto job = job_json("has space");
  const auto wrong = ask("PUT", "/v1/jobs", nlohmann::json{{"Job", job}}.dump());
  EXPECT_EQ(wrong.status, 500);
  EXPECT_NE(wrong.body.find("1 error occurred"), std::string::npos) << wrong.body;
  EXPECT_EQ(ask("PUT", "/v1/job/none/evaluate").status, 500);
  const auto enforced = ask(
      "PUT", "/v1/jobs",
      nlohmann::json{{"Job", job_json("a")}, {"EnforceIndex", true}, {"JobModifyIndex", 7}}.dump());
  EXPECT_EQ(enforced.status, 500);
  EXPECT_TRUE(enforced.body.starts_with("Enforcing job modify index")) << enforced.body;
}

TEST_F(Conventions, a_body_that_is_missing_or_wrong_is_400) {
  EXPECT_EQ(ask("PUT", "/v1/jobs").status, 400);
  EXPECT_EQ(ask("PUT", "/v1/jobs").body, "Request body is empty");
  EXPECT_EQ(ask("PUT", "/v1/jobs", "{").status, 400);
  EXPECT_EQ(ask("PUT", "/v1/job/a", nlohmann::json{{"Job", job_json("b")}}.dump()).status, 400);
}

TEST_F(Conventions, field_names_are_read_in_any_case_and_unknown_ones_ignored) {
  const auto response = ask("POST", "/v1/jobs", R"({"job":{"id":"a","TYPE":"batch","Whatever":1,
      "taskgroups":[{"name":"g","tasks":[{"name":"t","driver":"raw_exec",
      "config":{"command":"/bin/true"}}]}]},"EvalPriority":null})");
  EXPECT_EQ(response.status, 200) << response.body;
}

TEST_F(Conventions, job_ids_with_slashes_work_raw_and_escaped) {
  registered(job_named("nightly/periodic-17"));
  EXPECT_EQ(json_of(get("/v1/job/nightly/periodic-17"))["ID"], "nightly/periodic-17");
  EXPECT_EQ(json_of(get("/v1/job/nightly%2Fperiodic-17"))["ID"], "nightly/periodic-17");
  EXPECT_EQ(get("/v1/job/nightly%2Fperiodic-17/summary").status, 200);
  EXPECT_EQ(ask("DELETE", "/v1/job/nightly/periodic-17?purge=True").status, 200);
  EXPECT_EQ(get("/v1/job/nightly/periodic-17").status, 404);
}

TEST_F(Conventions, booleans_are_read_as_gos_parse_bool_does) {
  registered(job_named("a"));
  for (const char* yes : {"1", "t", "T", "TRUE", "true", "True", ""}) {
    EXPECT_EQ(get(std::string("/v1/jobs?stale=") + yes).status, 200) << yes;
  }
  EXPECT_EQ(get("/v1/jobs?stale").status, 200);
  EXPECT_EQ(get("/v1/jobs?stale=perhaps").status, 400);
}

TEST_F(Conventions, blocking_queries_take_gos_durations) {
  EXPECT_EQ(get("/v1/jobs?wait=soon").body, "Invalid wait time");
  EXPECT_EQ(get("/v1/jobs?wait=soon").status, 400);
  EXPECT_EQ(get("/v1/jobs?index=x").body, "Invalid index");
  HttpClient client(server->port());
  client.send_request("GET", "/v1/jobs?index=10&wait=300000ms");
  while (core.waiting() == 0) std::this_thread::yield();
  registered(job_named("a"));
  const auto woken = client.read_response();
  EXPECT_EQ(woken.status, 200);
  EXPECT_EQ(woken.header("x-nomad-index"), "11");
  client.send_request("GET", "/v1/jobs?index=11&wait=60s");
  while (core.waiting() == 0) std::this_thread::yield();
  core.advance(64 * nanoseconds_per_second);
  EXPECT_EQ(client.read_response().header("x-nomad-index"), "11");
}

TEST_F(Conventions, the_first_answer_to_index_one_comes_at_once_with_a_higher_index) {
  EXPECT_EQ(get("/v1/jobs?index=1").header("x-nomad-index"), "10");
}

TEST_F(Conventions, a_caller_that_hangs_up_is_no_longer_waited_for) {
  HttpClient client(server->port());
  client.send_request("GET", "/v1/jobs?index=10");
  while (core.waiting() == 0) std::this_thread::yield();
  client.close();
  // Only what is written goes into the metrics: the caller that left gets nothing.
  while (metrics.prometheus_text().find("yurt_http_connections 0") == std::string::npos) {
    std::this_thread::yield();
  }
}

TEST_F(Conventions, pretty_is_indented_and_ends_in_a_newline) {
  registered(job_named("a"));
  const auto pretty = get("/v1/job/a?pretty");
  EXPECT_TRUE(pretty.body.ends_with("}\n"));
  EXPECT_NE(pretty.body.find("\n    \"ID\": \"a\""), std::string::npos);
  EXPECT_EQ(json_of(pretty), json_of(get("/v1/job/a")));
  EXPECT_EQ(get("/v1/job/a?pretty=0").body, get("/v1/job/a").body);
}

TEST_F(Conventions, answers_are_compressed_for_those_who_accept_it_and_worth_it) {
  registered(job_named("a"));
  const auto plain = get("/v1/job/a");
  const auto packed = ask("GET", "/v1/job/a", "", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(packed.header("content-encoding"), "gzip");
  EXPECT_LT(packed.body.size(), plain.body.size());
  EXPECT_EQ(gunzip(packed.body), plain.body);
  EXPECT_EQ(ask("GET", "/v1/job/a", "", "Accept-Encoding: gzip;q=0\r\n").body, plain.body);
  EXPECT_EQ(ask("GET", "/v1/regions", "", "Accept-Encoding: gzip\r\n").body, R"(["global"])");
}

TEST_F(Conventions, one_connection_serves_many_requests_also_sent_ahead) {
  registered(job_named("a"));
  HttpClient client(server->port());
  EXPECT_EQ(client.request("GET", "/v1/job/a").status, 200);
  client.send_request("GET", "/v1/regions");
  client.send_request("GET", "/v1/status/leader");
  EXPECT_EQ(client.read_response().body, R"(["global"])");
  EXPECT_EQ(client.read_response().body, R"("127.0.0.1:4647")");
  EXPECT_EQ(client.request("GET", "/v1/regions", "", "Connection: close\r\n").status, 200);
  EXPECT_TRUE(client.at_end());
}

TEST_F(Conventions, head_has_the_headers_of_get_and_no_body) {
  HttpClient client(server->port());
  const auto head = client.request("HEAD", "/v1/regions");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), "10");
  EXPECT_EQ(client.request("GET", "/v1/regions").body, R"(["global"])");
}

TEST_F(Conventions, other_origins_may_read_what_nodes_answer_and_nothing_else) {
  const std::string origin = "Origin: http://elsewhere\r\n";
  EXPECT_EQ(ask("GET", "/v1/client/stats", "", origin).header("access-control-allow-origin"), "*");
  EXPECT_EQ(ask("GET", "/v1/jobs", "", origin).header("access-control-allow-origin"), "");
  const auto preflight = ask("OPTIONS", "/v1/client/stats", "", origin);
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header("access-control-allow-methods"), "HEAD GET");
  EXPECT_EQ(ask("OPTIONS", "/v1/jobs", "", origin).status, 405);
}

TEST_F(Conventions, the_root_leads_to_the_page_with_its_query) {
  const auto root = get("/?a=b");
  EXPECT_EQ(root.status, 307);
  EXPECT_EQ(root.header("location"), "/ui/?a=b");
}

TEST_F(Conventions, what_is_sold_apart_is_501) {
  EXPECT_EQ(get("/v1/quotas").status, 501);
  EXPECT_EQ(get("/v1/quotas").body, "Nomad Enterprise only endpoint");
  EXPECT_EQ(get("/v1/operator/license").status, 204);
}

TEST_F(Conventions, a_wrong_filter_is_400_in_the_words_clients_look_for) {
  const auto wrong = get("/v1/jobs?filter=Nope%20%3D%3D%203");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_TRUE(wrong.body.starts_with("failed to create result paginator: failed to read filter"));
  registered(job_named("a"));
  EXPECT_EQ(json_of(get("/v1/jobs?filter=ParentID%20%3D%3D%20%22%22")).size(), 1u);
  EXPECT_EQ(get("/v1/jobs?filter=Periodic%20is%20not%20nil&per_page=20").body, "[]");
}

TEST_F(Conventions, an_unknown_region_is_500) {
  const auto lost = get("/v1/jobs?region=mars");
  EXPECT_EQ(lost.status, 500);
  EXPECT_EQ(lost.body, "No path to region");
  EXPECT_EQ(get("/v1/jobs?region=global").status, 200);
}

TEST_F(Conventions, health_is_json_whether_well_or_not) {
  const auto well = get("/v1/agent/health");
  EXPECT_EQ(well.status, 200);
  EXPECT_EQ(json_of(well)["server"]["ok"], true);
  core.consensus().set_leadership({});
  const auto ill = get("/v1/agent/health");
  EXPECT_EQ(ill.status, 500);
  EXPECT_EQ(json_of(ill)["server"]["message"], "No cluster leader");
}

TEST_F(Conventions, metrics_come_as_nomads_summary_or_for_prometheus) {
  get("/v1/regions");
  const auto summary = json_of(get("/v1/metrics"));
  EXPECT_FALSE(summary["Counters"].empty());
  EXPECT_EQ(summary["Timestamp"], "2023-11-14 22:13:21 +0000 UTC");
  const auto text = get("/v1/metrics?format=prometheus");
  EXPECT_TRUE(text.header("content-type").starts_with("text/plain; version=0.0.4"));
  EXPECT_NE(text.body.find("yurt_http_responses{status=\"2xx\"}"), std::string::npos);
}

TEST_F(Conventions, malformed_requests_are_400_and_end_the_connection) {
  HttpClient client(server->port());
  client.send("NONSENSE\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 400);
  EXPECT_TRUE(client.at_end());
  EXPECT_EQ(get("/v1/jobs?filter=%zz").status, 400);
}

TEST_F(Conventions, a_caller_that_asks_first_is_told_to_continue) {
  HttpClient client(server->port());
  const std::string body = nlohmann::json{{"Job", job_json("a")}}.dump();
  client.send("PUT /v1/jobs HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n");
  EXPECT_EQ(client.read_header().status, 100);
  client.send(body);
  EXPECT_EQ(client.read_response().status, 200);
}

class Limits : public HttpTest {
 protected:
  static HttpOptions small() {
    HttpOptions options;
    options.max_body_bytes = 1000;
    options.max_connections_per_ip = 2;
    options.read_timeout_ms = 50;
    options.headers = {{"X-Own", "yes"}};
    return options;
  }
  Limits() : HttpTest(small()) {}
};

TEST_F(Limits, a_body_that_is_too_long_is_413) {
  EXPECT_EQ(ask("PUT", "/v1/jobs", std::string(1001, ' ')).status, 413);
}

TEST_F(Limits, one_address_gets_so_many_connections_and_then_429) {
  HttpClient one(server->port()), two(server->port());
  one.send_request("GET", "/v1/jobs?index=10");
  two.send_request("GET", "/v1/jobs?index=10");
  while (core.waiting() < 2) std::this_thread::yield();
  HttpClient three(server->port());
  const auto refused = three.read_response();
  EXPECT_EQ(refused.status, 429);
  EXPECT_TRUE(refused.complete);
}

TEST_F(Limits, a_caller_that_takes_too_long_to_ask_is_cut_off) {
  HttpClient slow(server->port());
  slow.send("GET /v1/regions HT");
  EXPECT_TRUE(slow.at_end());
}

TEST_F(Limits, the_operators_headers_are_on_every_answer) {
  EXPECT_EQ(get("/v1/regions").header("x-own"), "yes");
  EXPECT_EQ(get("/v1/nothing").header("x-own"), "yes");
}

}  // namespace
}  // namespace yurt::server
