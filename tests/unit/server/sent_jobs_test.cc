// What an agent is known to have on its stream.
#include "server/agents/sent_jobs.h"

#include <gtest/gtest.h>

#include "tests/unit/server/state_fixture.h"

namespace yurt::server {
namespace {

model::Job version_of(const std::string& id, std::uint64_t version) {
  model::Job job = a_job(id);
  job.set_create_index(7);
  job.set_version(version);
  return job;
}

TEST(SentJobsTest, a_version_is_sent_once) {
  SentJobs sent;
  EXPECT_TRUE(sent.note(version_of("web", 0)));
  EXPECT_FALSE(sent.note(version_of("web", 0)));
  EXPECT_TRUE(sent.note(version_of("web", 1)));
  EXPECT_TRUE(sent.note(version_of("api", 0)));
}

TEST(SentJobsTest, a_version_is_sent_again_when_many_others_were_sent_since) {
  SentJobs sent;
  EXPECT_TRUE(sent.note(version_of("web", 0)));
  for (std::size_t i = 1; i < SentJobs::window; ++i) {
    EXPECT_TRUE(sent.note(version_of("child-" + std::to_string(i), 0)));
  }
  EXPECT_FALSE(sent.note(version_of("web", 0))) << "it is the oldest, and still within the window";
  EXPECT_TRUE(sent.note(version_of("one-more", 0)));
  EXPECT_TRUE(sent.note(version_of("web", 0)));
}

TEST(JobBytesTest, a_version_is_serialized_once) {
  JobBytes bytes;
  const auto job = std::make_shared<const model::Job>(version_of("web", 3));
  const auto first = bytes.of(job);
  EXPECT_EQ(first, bytes.of(job));
  model::Job read;
  ASSERT_TRUE(read.ParseFromString(*first));
  EXPECT_EQ(read.version(), 3U);
}

}  // namespace
}  // namespace yurt::server
