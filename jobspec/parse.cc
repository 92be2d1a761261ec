#include "jobspec/parse.h"

#include "jobspec/decode/decoder.h"
#include "jobspec/decode/normalise.h"
#include "jobspec/decode/sweep_file.h"
#include "jobspec/hcl/module.h"
#include "jobspec/json/read.h"
#include "proto/api.pb.h"

namespace yurt::jobspec {
namespace {

hcl::BodySchema file_schema() {
  hcl::BodySchema schema;
  schema.blocks.push_back({"job", {"id"}});
  return schema;
}

hcl::ModuleOptions module_options(const ParseOptions& options) {
  hcl::ModuleOptions result;
  result.environment = options.environment;
  result.variable_files = options.variable_files;
  result.variables = options.variables;
  result.strict = options.strict;
  result.functions.random = options.random;
  result.functions.base_folder = options.base_folder;
  return result;
}

// Nomad's JSON given where a job file is expected: the two look alike to the person who has one.
bool looks_like_api_json(const hcl::SourcePtr& source) {
  if (source->text().find_first_not_of(" \t\r\n") == std::string::npos ||
      source->text()[source->text().find_first_not_of(" \t\r\n")] != '{') {
    return false;
  }
  const auto job = parse_json_job(source->text());
  return job.ok() && job->has_id() && job->group_size() > 0;
}

const hcl::Block* only_job_block(const hcl::SourcePtr& source,
                                 const std::vector<hcl::Block>& blocks,
                                 hcl::Diagnostics& diagnostics) {
  if (blocks.empty()) {
    const auto end = static_cast<std::uint32_t>(source->text().size());
    if (looks_like_api_json(source)) {
      diagnostics.error("This is the API's JSON",
                        "A job in the API's JSON format is not a job file: submit it with -json.",
                        {source, 0, 0});
    } else if (!diagnostics.has_errors()) {
      diagnostics.error("Missing job block", "A job file needs one block: job \"name\" { ... }.",
                        {source, end, end});
    }
    return nullptr;
  }
  for (std::size_t i = 1; i < blocks.size(); ++i) {
    diagnostics.error("Duplicate job block",
                      "A job file holds one job; the first is at " +
                          blocks.front().header_range.to_string() + ".",
                      blocks[i].header_range);
  }
  return &blocks.front();
}

model::JobSubmission submission_of(const hcl::SourcePtr& source, const ParseOptions& options) {
  model::JobSubmission submission;
  submission.set_source(source->text());
  submission.set_format("hcl2");
  for (const auto& [name, value] : options.variables) {
    (*submission.mutable_variable_flags())[name] = value;
  }
  std::string files;
  for (const hcl::SourcePtr& file : options.variable_files) {
    files += file->text();
    if (!files.empty() && files.back() != '\n') files += '\n';
  }
  submission.set_variables(files);
  return submission;
}

}  // namespace

ParsedJob parse(const hcl::SourcePtr& source, const ParseOptions& options) {
  ParsedJob result;
  result.submission = submission_of(source, options);
  const hcl::Module module =
      hcl::load_module(source, file_schema(), module_options(options), result.diagnostics);
  const hcl::Block* block = only_job_block(source, module.content.blocks, result.diagnostics);
  if (block == nullptr) return result;

  model::Job job;
  job.set_id(block->labels.front().text);
  result.places.set("", block->header_range);
  result.places.set("id", block->labels.front().range);
  Decoder(result.places, result.diagnostics).decode(*block->body, block->context, "", job);
  if (!job.has_name()) job.set_name(block->labels.front().text);
  read_sweep_file(job, options.base_folder, result.places, result.diagnostics);
  normalise(job, result.places, result.diagnostics);
  if (!result.diagnostics.has_errors()) result.job = std::move(job);
  return result;
}

Result<model::Job> parse_json_job(std::string_view text) {
  model::JobRegisterRequest request;
  YURT_TRY(json::read(text, request));
  if (request.has_job()) return std::move(*request.mutable_job());
  model::Job job;
  YURT_TRY(json::read(text, job));
  return job;
}

}  // namespace yurt::jobspec
