// Module: a job file's variables and locals resolved, the rest ready for decoding.
//
// Takes the top-level `variables {}`, `variable "n" {}` and `locals {}` blocks out of a file, gives
// each variable its value (default < environment < variable files in order < -var in order) and
// evaluates the locals in order of dependence.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "jobspec/hcl/body.h"
#include "jobspec/hcl/context.h"
#include "jobspec/hcl/diagnostic.h"
#include "jobspec/hcl/functions.h"
#include "jobspec/hcl/source.h"

namespace yurt::hcl {

struct ModuleOptions {
  // NOMAD_VAR_<name> and YURT_VAR_<name> are read (the latter wins), all else ignored.
  std::map<std::string, std::string> environment;
  // HCL or JSON attribute files; later ones win.
  std::vector<SourcePtr> variable_files;
  // -var name=value pairs; later ones win.
  std::vector<std::pair<std::string, std::string>> variables;
  // Assigning a name the file does not declare is an error (never for the environment).
  bool strict = true;
  FunctionOptions functions;
  EvalLimits limits;
};

struct Variable {
  std::string name;
  std::string description;
  Type type;  // as declared, or of the default, or any
  Range declaration;
  Value value;
  bool resolved = false;  // false: it has no value, for a reason that was reported
};

struct Module {
  // The file's blocks and attributes that `schema` names, dynamic blocks not expanded at top level.
  BodyContent content;
  // Knows var, local and the functions.
  ContextPtr context;
  std::vector<Variable> variables;  // by name
};

// `schema` says what the file may hold beside variables and locals, e.g. one job block with a
// label. All that could be resolved is returned even when there were errors, so that the caller can
// go on and report more; check diagnostics.has_errors() before using it.
[[nodiscard]] Module load_module(const SourcePtr& source, const BodySchema& schema,
                                 const ModuleOptions& options, Diagnostics& diagnostics);

// Splits "name=value" as given to -var. invalid_argument when there is no '=' or no name.
[[nodiscard]] Result<std::pair<std::string, std::string>> split_variable_argument(
    std::string_view argument);

}  // namespace yurt::hcl
