#include "jobspec/print/print.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job_text.h"
#include "jobspec/print/literal.h"

namespace yurt::jobspec {
namespace {

using testing::HasSubstr;

TEST(Print, WritesAJobAsAPersonWould) {
  EXPECT_EQ(print_job(job_from(R"(
job "web" {
  type = "service"
  meta { team = "risk" }
  group "g" {
    count = 2
    network {
      port "http" { static = 80 }
    }
    task "t" {
      driver       = "raw_exec"
      kill_timeout = "90s"
      config {
        command = "/bin/sh"
        args    = ["-c", "echo ${NOMAD_ALLOC_ID}"]
      }
      env = { "A.B" = "x" }
    }
  }
}
)")),
            R"(job "web" {
  name = "web"
  type = "service"
  group "g" {
    count = 2
    task "t" {
      driver = "raw_exec"
      kill_timeout = "1m30s"
      config {
        args = ["-c", "echo ${NOMAD_ALLOC_ID}"]
        command = "/bin/sh"
      }
      env = {
        "A.B" = "x"
      }
    }
    network {
      port "http" {
        static = 80
      }
    }
  }
  meta {
    team = "risk"
  }
}
)");
}

TEST(Print, EscapesWhatTheLanguageWouldTakeForItsOwn) {
  EXPECT_EQ(string_literal("a \"b\" \\ \n"), R"("a \"b\" \\ \n")");
  EXPECT_EQ(string_literal("${var.x} %{if} ${attr.cpu.arch} ${1 + 1}"),
            R"("$${var.x} %%{if} ${attr.cpu.arch} $${1 + 1}")");
}

TEST(Print, WritesSeveralLinesAsAHeredoc) {
  EXPECT_EQ(text_literal("a\nb\n"), "<<EOT\na\nb\nEOT");
  EXPECT_EQ(text_literal("a\n"), R"("a\n")");
  EXPECT_EQ(text_literal("a\nEOT\n"), R"("a\nEOT\n")");
}

TEST(Print, WritesTheApisJson) {
  model::Job job;
  job.set_id("a");
  const std::string text = api_json(job);
  EXPECT_THAT(text, testing::StartsWith("{\n    \"Job\": {\n        \"Region\": null,"));
  EXPECT_EQ(parse_json_job(text)->id(), "a");
}

}  // namespace
}  // namespace yurt::jobspec
