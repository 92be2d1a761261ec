// Variables: their declarations, and the value each gets. Inside this folder only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "jobspec/hcl/body.h"
#include "jobspec/hcl/module.h"

namespace yurt::hcl {

class Variables {
 public:
  explicit Variables(Diagnostics& diagnostics);

  // `variables { a = 1 }`
  void declare_all(const Block& block);
  // `variable "a" { … }`
  void declare(const Block& block);

  // Later calls win over earlier ones.
  void assign_from_environment(const std::map<std::string, std::string>& environment);
  void assign_from_file(const SourcePtr& file, bool strict);
  void assign(const std::string& name, const std::string& text, bool strict);

  // Reports those without a value; runs the validations with `context` (functions, no variables).
  void check(const ContextPtr& context);
  [[nodiscard]] std::vector<Variable> take();

 private:
  struct Validation {
    Expression condition;
    std::string message;
  };
  struct Declaration {
    Variable variable;
    bool has_type = false;  // declared, not taken from the default
    bool in_error = false;  // reported already
    std::string origin;     // where the value came from, for messages
    std::vector<Validation> validations;
  };

  Declaration* add(const std::string& name, const Range& where);
  void read_type(Declaration& declaration, const BodyContent& content);
  void read_description(Declaration& declaration, const BodyContent& content);
  void read_default(Declaration& declaration, const Attribute& attribute);
  void read_validation(Declaration& declaration, const Block& block);
  void check_validations(const Declaration& declaration, const ContextPtr& context);
  // Converts to the declared type and keeps the value, or reports.
  void set(Declaration& declaration, const Value& value, const Expression& expression,
           const std::string& origin);
  void set_text(Declaration& declaration, const std::string& text, const std::string& origin);
  void report_undeclared(const std::string& name, const std::string& origin, const Range& where);

  Diagnostics& diagnostics_;
  ContextPtr constants_;
  std::map<std::string, Declaration> declarations_;
};

}  // namespace yurt::hcl
