// Job files in tests: text in, job out.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"
#include "jobspec/defaults/defaults.h"
#include "jobspec/parse.h"

namespace yurt::jobspec {

inline ParsedJob parse_text(const std::string& text, ParseOptions options = {}) {
  static SystemRandom random;
  options.random = &random;
  return parse(hcl::make_source("test.nomad.hcl", text), options);
}

inline model::Job job_from(const std::string& text) {
  ParsedJob parsed = parse_text(text);
  EXPECT_TRUE(parsed.job.has_value()) << hcl::render(parsed.diagnostics);
  return parsed.job.value_or(model::Job());
}

inline model::Job job_with_defaults(const std::string& text) {
  model::Job job = job_from(text);
  apply_defaults(job);
  return job;
}

// A job around one task's content.
inline std::string task_job(const std::string& task, const std::string& group = "",
                            const std::string& job = "") {
  return "job \"j\" {\n" + job + "\ngroup \"g\" {\n" + group +
         "\ntask \"t\" {\ndriver = \"raw_exec\"\n" + task + "\n}\n}\n}\n";
}

}  // namespace yurt::jobspec
