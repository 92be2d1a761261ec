// Jobs through the codecs and back, and what must hold for every job.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "any_message.h"
#include "jobspec/defaults/defaults.h"
#include "jobspec/diff/diff.h"
#include "jobspec/json/read.h"
#include "jobspec/json/write.h"
#include "jobspec/parse.h"
#include "jobspec/print/print.h"
#include "jobspec/validate/validate.h"
#include "proto/api.pb.h"
#include "proto/state.pb.h"

namespace yurt::jobspec {
namespace {

template <typename Message>
Message any(std::uint64_t seed) {
  SeededRandom random(seed);
  Message message;
  fill(message, random);
  return message;
}

template <typename Message>
void survives_json(std::uint64_t seed) {
  const auto message = any<Message>(seed);
  for (const bool pretty : {false, true}) {
    const std::string text = json::write(message, {.pretty = pretty});
    Message again;
    const Status status = json::read(text, again);
    RC_ASSERT(status.ok());
    RC_ASSERT(json::write(again, {.pretty = pretty}) == text);
  }
}

TEST(JsonProperty, every_message_survives_a_round_trip) {
  EXPECT_TRUE(rc::check([](std::uint64_t seed) {
    survives_json<model::Job>(seed);
    survives_json<model::Node>(seed);
    survives_json<model::Allocation>(seed);
    survives_json<model::Evaluation>(seed);
    survives_json<model::Deployment>(seed);
    survives_json<model::JobPlanResponse>(seed);
    survives_json<model::SearchResponse>(seed);
  }));
}

TEST(JsonProperty, a_job_that_was_read_is_the_job_that_was_written) {
  EXPECT_TRUE(rc::check([](std::uint64_t seed) {
    SeededRandom random(seed);
    const model::Job job = any_job_of_a_file(random);
    model::Job again;
    RC_ASSERT(json::read(json::write(job), again).ok());
    RC_ASSERT(!spec_changed(job, again));
  }));
}

TEST(DefaultsProperty, change_nothing_in_their_own_result) {
  EXPECT_TRUE(rc::check([](std::uint64_t seed) {
    auto job = any<model::Job>(seed);
    apply_defaults(job);
    const std::string once = json::write(job);
    apply_defaults(job);
    RC_ASSERT(json::write(job) == once);
  }));
}

TEST(PrintProperty, a_printed_job_parses_to_the_same_job) {
  EXPECT_TRUE(rc::check([](std::uint64_t seed) {
    SeededRandom random(seed);
    model::Job job = any_job_of_a_file(random);
    const std::string text = print_job(job);
    ParseOptions options;
    options.random = &random;
    ParsedJob parsed = parse(hcl::make_source("printed.nomad.hcl", text), options);
    if (!parsed.job) RC_FAIL(hcl::render(parsed.diagnostics) + text);
    apply_defaults(job);
    apply_defaults(*parsed.job);
    if (json::write(*parsed.job) != json::write(job)) {
      RC_FAIL(text + json::write(job) + "\n" + json::write(*parsed.job));
    }
  }));
}

TEST(DiffProperty, shows_changes_only) {
  EXPECT_TRUE(rc::check([](std::uint64_t seed, std::uint64_t other) {
    const auto a = any<model::Job>(seed), b = any<model::Job>(other);
    RC_ASSERT(diff_jobs(&a, &a).type() == "None");
    RC_ASSERT(!spec_changed(a, a));
    // What a diff shows is a change; not all changes show (an absent text and an empty one).
    RC_ASSERT(diff_jobs(&a, &b).type() == "None" || spec_changed(a, b));
  }));
}

TEST(ValidateProperty, finds_something_to_say_about_any_job_without_falling_over) {
  EXPECT_TRUE(rc::check([](std::uint64_t seed) {
    auto job = any<model::Job>(seed);
    apply_defaults(job);
    const Issues issues = validate(job);
    RC_ASSERT(error_messages(issues, job).size() == issues.error_count());
  }));
}

}  // namespace
}  // namespace yurt::jobspec
