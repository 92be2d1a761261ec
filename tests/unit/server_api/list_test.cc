#include <rapidcheck.h>

#include <set>

#include "server/api/listing.h"
#include "tests/unit/server_api/api_fixture.h"

namespace yurt::server {
namespace {

class ListTest : public ApiTest {
 protected:
  std::vector<std::string> jobs(const model::QueryOptions& query, std::string* next = nullptr) {
    model::JobListRequest request;
    *request.mutable_query() = query;
    const auto answer = call<model::JobListResponse>("ListJobs", request);
    EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().message);
    std::vector<std::string> out;
    if (!answer) return out;
    for (const auto& job : answer->jobs()) out.push_back(job.id());
    if (next != nullptr) *next = answer->query_meta().next_token();
    return out;
  }

  void add_namespace(const std::string& name) {
    model::Command command;
    command.mutable_upsert_namespaces()->add_namespaces()->set_name(name);
    core.apply(std::move(command));
  }

  static model::QueryOptions options() { return {}; }
};

TEST_F(ListTest, shows_one_namespace_or_all_and_only_the_prefix_asked_for) {
  add_namespace("ml");
  registered(job_named("a"));
  registered(job_named("ab"));
  model::Job other = job_named("b");
  other.set_namespace_("ml");
  registered(other);
  auto query = options();
  EXPECT_EQ(jobs(query), (std::vector<std::string>{"a", "ab"}));
  query.set_namespace_("ml");
  EXPECT_EQ(jobs(query), (std::vector<std::string>{"b"}));
  query.set_namespace_("*");
  EXPECT_EQ(jobs(query), (std::vector<std::string>{"a", "ab", "b"}));
  query.set_prefix("ab");
  EXPECT_EQ(jobs(query), (std::vector<std::string>{"ab"}));
}

TEST_F(ListTest, a_page_ends_with_the_token_of_the_next_pages_first_row) {
  for (const char* id : {"a", "b", "c", "d", "e"}) registered(job_named(id));
  auto query = options();
  query.set_per_page(2);
  std::string next;
  EXPECT_EQ(jobs(query, &next), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(next, "default.c");
  query.set_next_token(next);
  EXPECT_EQ(jobs(query, &next), (std::vector<std::string>{"c", "d"}));
  query.set_next_token(next);
  EXPECT_EQ(jobs(query, &next), (std::vector<std::string>{"e"}));
  EXPECT_EQ(next, "");
}

TEST_F(ListTest, filters_the_whole_object_before_counting_the_page) {
  for (const char* id : {"a", "b", "c", "d"}) {
    model::Job job = job_named(id);
    if (std::string(id) != "b") (*job.mutable_meta())["keep"] = "yes";
    registered(job);
  }
  auto query = options();
  query.set_filter(R"(Meta.keep == "yes")");
  query.set_per_page(2);
  std::string next;
  EXPECT_EQ(jobs(query, &next), (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(next, "default.d");
}

TEST_F(ListTest, a_wrong_filter_is_refused_in_the_words_clients_look_for) {
  model::JobListRequest request;
  request.mutable_query()->set_filter("Nope == 3");
  const auto answer = call<model::JobListResponse>("ListJobs", request);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(answer.error().message,
            "failed to create result paginator: failed to read filter expression: there is no "
            "field \"Nope\"");
}

TEST_F(ListTest, evaluations_come_oldest_first_and_newest_first_in_reverse) {
  std::vector<std::string> ids;
  for (const char* id : {"a", "b", "c"}) ids.push_back(registered(job_named(id)).eval_id());
  model::EvaluationListRequest request;
  const auto listed = [&](std::string* next) {
    const auto answer = call<model::EvaluationListResponse>("ListEvaluations", request);
    EXPECT_TRUE(answer.ok());
    std::vector<std::string> out;
    for (const auto& eval : answer->evaluations()) out.push_back(eval.id());
    *next = answer->query_meta().next_token();
    return out;
  };
  std::string next;
  EXPECT_EQ(listed(&next), ids);
  request.mutable_query()->set_per_page(2);
  request.mutable_query()->set_reverse(true);
  EXPECT_EQ(listed(&next), (std::vector<std::string>{ids[2], ids[1]}));
  EXPECT_EQ(next, "11." + ids[0]);
  request.mutable_query()->set_next_token(next);
  EXPECT_EQ(listed(&next), (std::vector<std::string>{ids[0]}));
}

TEST_F(ListTest, a_filter_beside_status_or_job_is_incompatible) {
  model::EvaluationListRequest request;
  request.set_status("pending");
  request.mutable_query()->set_filter("Priority == 50");
  const auto answer = call<model::EvaluationListResponse>("ListEvaluations", request);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
}

TEST(IdPrefix, ignores_hyphens_and_case) {
  const Uuid id = *Uuid::parse("7f1a2b3c-4d5e-6f70-8192-a3b4c5d6e7f8");
  EXPECT_TRUE(has_id_prefix(id, ""));
  EXPECT_TRUE(has_id_prefix(id, "7f1a2b3c"));
  EXPECT_TRUE(has_id_prefix(id, "7F1A2B3C4D"));
  EXPECT_TRUE(has_id_prefix(id, "7f1a2b3c-4d5e-6f70-8192-a3b4c5d6e7f8"));
  EXPECT_FALSE(has_id_prefix(id, "7f1b"));
  EXPECT_FALSE(has_id_prefix(id, "zz"));
  EXPECT_FALSE(has_id_prefix(id, "7f1a2b3c-4d5e-6f70-8192-a3b4c5d6e7f80"));
}

TEST_F(ListTest, pages_of_any_size_join_to_the_whole_list_in_either_direction) {
  EXPECT_TRUE(rc::check([this] {
    const auto names =
        *rc::gen::container<std::set<std::uint8_t>>(rc::gen::arbitrary<std::uint8_t>());
    const int per_page = *rc::gen::inRange(1, 8);
    const bool reverse = *rc::gen::arbitrary<bool>();
    model::QueryOptions query;
    query.set_reverse(reverse);
    query.set_per_page(per_page);
    std::vector<const std::uint8_t*> rows;
    for (const auto& name : names) rows.push_back(&name);
    std::vector<int> seen;
    do {
      Reading reading{{core, executor, metrics}, core.snapshot(), query, 0, {}};
      std::size_t page = 0;
      ASSERT_TRUE(list_by_creation(
                      reading, rows,
                      [](const std::uint8_t* row) {
                        return std::pair<std::uint64_t, Uuid>(*row / 3,
                                                              id_number<EvalId>(*row).uuid);
                      },
                      [](const std::uint8_t*) { return true; },
                      [&](const std::uint8_t* row) {
                        seen.push_back(*row);
                        ++page;
                      })
                      .ok());
      RC_ASSERT(page <= static_cast<std::size_t>(per_page));
      query.set_next_token(reading.next_token);
    } while (!query.next_token().empty());
    std::vector<int> expected(names.begin(), names.end());
    if (reverse) std::reverse(expected.begin(), expected.end());
    RC_ASSERT(seen == expected);
  }));
}

}  // namespace
}  // namespace yurt::server
