// Any bytes as JSON for every kind of message, and as a job on its whole way: parsed, given its
// defaults, validated, compared, written and read back.
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "jobspec/defaults/defaults.h"
#include "jobspec/diff/diff.h"
#include "jobspec/json/read.h"
#include "jobspec/json/write.h"
#include "jobspec/parse.h"
#include "jobspec/print/print.h"
#include "jobspec/validate/validate.h"
#include "proto/api.pb.h"
#include "proto/state.pb.h"

namespace {

using namespace yurt;  // NOLINT: a program of one file

template <typename Message>
void check_round_trip(std::string_view text) {
  Message message;
  if (!json::read(text, message).ok()) return;
  const std::string written = json::write(message);
  Message again;
  YURT_ASSERT(json::read(written, again).ok());
  YURT_ASSERT(json::write(again) == written);
  Message decoded;
  YURT_ASSERT(decoded.ParseFromString(message.SerializeAsString()));
}

void check_job(model::Job job) {
  jobspec::apply_defaults(job);
  const std::string written = json::write(job);
  const jobspec::Issues issues = jobspec::validate(job);
  static_cast<void>(jobspec::errors_text(issues, job));
  YURT_ASSERT(jobspec::diff_jobs(&job, &job).type() == "None");
  YURT_ASSERT(!jobspec::spec_changed(job, job));
  static_cast<void>(jobspec::print_job(job));
  YURT_ASSERT(json::write(jobspec::parse_json_job(written).value()) == written);
}

void check_job_file(std::string_view text) {
  SeededRandom random(1);
  jobspec::ParseOptions options;
  options.random = &random;
  jobspec::ParsedJob parsed =
      jobspec::parse(hcl::make_source("input.nomad.hcl", std::string(text)), options);
  static_cast<void>(hcl::render(parsed.diagnostics));
  if (parsed.job) check_job(std::move(*parsed.job));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_round_trip<model::Job>(text);
  check_round_trip<model::Node>(text);
  check_round_trip<model::Allocation>(text);
  check_round_trip<model::JobRegisterRequest>(text);
  if (auto job = jobspec::parse_json_job(text); job.ok()) check_job(std::move(*job));
  check_job_file(text);
  return 0;
}
