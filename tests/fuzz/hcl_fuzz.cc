// Fuzz target of the language engine: any bytes as a job file, an expression and JSON. Nothing may
// crash, hang or grow; every diagnostic lies within the text; formatting twice is formatting once.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "base/random.h"
#include "jobspec/hcl/format.h"
#include "jobspec/hcl/module.h"
#include "jobspec/hcl/parse.h"

namespace {

using namespace yurt::hcl;

void evaluate_as_job_file(const SourcePtr& source, Diagnostics& diagnostics) {
  static yurt::SeededRandom random(1);
  ModuleOptions options;
  options.functions.random = &random;
  options.limits.work = 1 << 20;
  options.strict = false;
  options.environment = {{"NOMAD_VAR_a", "[1]"}};
  BodySchema schema;
  schema.blocks = {{"job", {"id"}}};
  const Module module = load_module(source, schema, options, diagnostics);
  for (const Block& block : module.content.blocks) {
    const auto value = read_free_form(*block.body, block.context, diagnostics);
    if (value) static_cast<void>(to_json(*value));
  }
}

void check_diagnostics(const SourcePtr& source, const Diagnostics& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics.list()) {
    YURT_ASSERT(diagnostic.subject.begin <= diagnostic.subject.end);
    if (diagnostic.subject.source == source) {
      YURT_ASSERT(diagnostic.subject.end <= source->text().size());
    }
  }
  YURT_ASSERT(diagnostics.empty() || !render(diagnostics).empty());
}

void check_formatting(const SourcePtr& source) {
  Diagnostics diagnostics;
  const std::string once = format_source(source, diagnostics);
  if (diagnostics.has_errors()) return;
  Diagnostics again;
  YURT_ASSERT(format_source(make_source("f", once), again) == once);
  YURT_ASSERT(!again.has_errors());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const SourcePtr source = make_source("f", std::string(reinterpret_cast<const char*>(data), size));
  Diagnostics diagnostics;
  evaluate_as_job_file(source, diagnostics);
  static_cast<void>(parse_expression(source, diagnostics));
  check_diagnostics(source, diagnostics);
  check_formatting(source);
  return 0;
}
