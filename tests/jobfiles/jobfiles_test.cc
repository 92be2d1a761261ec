#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/file.h"
#include "jobspec/defaults/defaults.h"
#include "jobspec/json/read.h"
#include "jobspec/json/write.h"
#include "jobspec/parse.h"
#include "jobspec/validate/validate.h"

namespace yurt::jobspec {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

const fs::path folder = YURT_JOBFILES;

bool is_job_file(const std::string& name) {
  return name.ends_with(".nomad.hcl") || name.ends_with(".nomad.hcl.json");
}

std::vector<std::string> job_files() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (is_job_file(name)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string stem_of(const std::string& name) { return name.substr(0, name.find(".nomad.hcl")); }

// Nulls say nothing that a missing member does not.
void strip_nulls(Json& json) {
  if (json.is_object()) {
    for (auto it = json.begin(); it != json.end();) {
      if (it->is_null()) {
        it = json.erase(it);
      } else {
        strip_nulls(*it++);
      }
    }
  } else if (json.is_array()) {
    for (Json& element : json) strip_nulls(element);
  }
}

std::string readable(const model::Job& job) {
  Json json = Json::parse(json::write(job));
  for (const char* name :
       {"Dispatched", "DispatchIdempotencyToken", "ConsulNamespace", "VaultNamespace",
        "NomadTokenID", "Status", "StatusDescription", "Stable", "Version", "SubmitTime",
        "CreateIndex", "ModifyIndex", "JobModifyIndex", "ParentID", "Stop"}) {
    json.erase(name);
  }
  strip_nulls(json);
  return json.dump(2) + "\n";
}

std::string issues_of(const hcl::Diagnostics& diagnostics) {
  std::string text;
  for (const hcl::Diagnostic& diagnostic : diagnostics.list()) {
    text += diagnostic.severity == hcl::Severity::error ? "error " : "warning ";
    text += hcl::one_line(diagnostic) + "\n";
  }
  return text;
}

std::string content_or_nothing(const fs::path& path) { return read_file(path).value_or(""); }

void expect_content(const fs::path& path, const std::string& actual) {
  if (std::getenv("YURT_WRITE_EXPECTED") != nullptr) {
    if (actual.empty()) {
      fs::remove(path);
    } else {
      ASSERT_TRUE(write_file_atomically(path, actual).ok());
    }
  }
  EXPECT_EQ(actual, content_or_nothing(path)) << path;
}

class JobFile : public testing::TestWithParam<std::string> {};

TEST_P(JobFile, BecomesTheExpectedJob) {
  const std::string stem = stem_of(GetParam());
  SystemRandom random;
  ParseOptions options;
  options.random = &random;
  options.base_folder = folder;
  if (const auto variables = read_file(folder / (stem + ".vars")); variables.ok()) {
    options.variable_files.push_back(hcl::make_source(stem + ".vars", *variables));
  }
  const std::string text = read_file(folder / GetParam()).value();
  ParsedJob parsed = parse(hcl::make_source(GetParam(), text), options);
  ASSERT_TRUE(parsed.job.has_value()) << hcl::render(parsed.diagnostics);
  EXPECT_EQ(parsed.submission.source(), text);

  model::Job& job = *parsed.job;
  apply_defaults(job);
  expect_content(folder / (stem + ".json"), readable(job));
  const Issues issues = validate(job);
  expect_content(folder / (stem + ".issues"),
                 issues_of(to_diagnostics(issues, job, parsed.places)));

  model::Job again = job;
  apply_defaults(again);
  EXPECT_EQ(json::write(again), json::write(job)) << "defaults change their own result";
  EXPECT_EQ(json::write(parse_json_job(json::write(job)).value()), json::write(job));
}

INSTANTIATE_TEST_SUITE_P(Jobs, JobFile, testing::ValuesIn(job_files()), [](const auto& info) {
  std::string name = stem_of(info.param);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
  return name;
});

}  // namespace
}  // namespace yurt::jobspec
