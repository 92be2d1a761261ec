// The canonical layout of native-syntax files: two spaces a level, `=` of consecutive one-line
// attributes aligned, trailing comments aligned, one space around operators; comments and line
// breaks stay where they are, and the text inside quotes and heredocs is never touched.
// Formatting twice gives what formatting once gave. Pure; thread-safe.
#pragma once

#include <string>

#include "jobspec/hcl/diagnostic.h"
#include "jobspec/hcl/source.h"

namespace yurt::hcl {

// The text in canonical layout. A text with syntax errors (reported) or in JSON syntax comes back
// as it was.
[[nodiscard]] std::string format_source(const SourcePtr& source, Diagnostics& diagnostics);

}  // namespace yurt::hcl
