// Template: one parsed text in Go's template language (text/template's documentation), as users of
// consul-template write it: actions, pipelines, variables, if, range, with, define, template,
// block, break and continue, comparison and string functions (template/functions.h).
//
// Parsing checks everything that can be checked without data, unknown functions included. A parsed
// Template is immutable; rendering may go on in several threads at once.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "templates/provider.h"
#include "templates/value.h"

namespace yurt::templates {

struct Delimiters {
  std::string left = "{{";
  std::string right = "}}";
};

struct RenderOptions {
  bool error_on_missing_key = false;  // else a missing key prints as <no value>
  std::size_t max_output_bytes = 16 << 20;
};

class Tree;  // template/tree.h

class Template {
 public:
  // `name` stands in messages: "name:line:column: …". invalid_argument with that place.
  [[nodiscard]] static Result<Template> parse(std::string name, std::string_view text,
                                              const Delimiters& delimiters = {});

  // Errors: what a function or the provider answers, within "name:line:column"; invalid_argument
  // for values of the wrong kind; resource_exhausted beyond max_output_bytes.
  [[nodiscard]] Result<std::string> render(Provider& provider, const Value& dot,
                                           const RenderOptions& options = {}) const;

 private:
  explicit Template(std::shared_ptr<const Tree> tree) : tree_(std::move(tree)) {}
  std::shared_ptr<const Tree> tree_;
};

}  // namespace yurt::templates
