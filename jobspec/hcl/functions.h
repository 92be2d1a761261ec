// The standard functions (jobspec reference §1), with the semantics of go-cty's standard library
// where Nomad uses that.
//
// `can`, `try` and `convert` are not here: they look at their arguments unevaluated and are part of
// the evaluator.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "base/random.h"
#include "jobspec/hcl/function.h"

namespace yurt::hcl {

struct FunctionOptions {
  // For uuidv4 and bcrypt's salt. Must outlive the table. REQUIRES: not null
  Random* random = nullptr;
  // The folder that relative paths of file(), fileset() and so on start from. Without one, every
  // file function fails, saying that it works in the command line only.
  std::optional<std::filesystem::path> base_folder;
};

[[nodiscard]] std::shared_ptr<const FunctionTable> standard_functions(
    const FunctionOptions& options);

}  // namespace yurt::hcl
