// Builders for tests of the language: text in, JSON or error text out.
#pragma once

#include <string>

#include "base/random.h"
#include "jobspec/hcl/context.h"
#include "jobspec/hcl/evaluate.h"
#include "jobspec/hcl/functions.h"
#include "jobspec/hcl/parse.h"

namespace yurt::hcl {

inline Random& test_random() {
  static SeededRandom random(7);
  return random;
}

inline std::shared_ptr<const FunctionTable> test_functions() {
  static const auto table = standard_functions({&test_random(), std::nullopt});
  return table;
}

// Knows var (an object) and local (empty).
inline ContextPtr test_context(Value::Members variables = {}) {
  return EvalContext::create(
      {{"var", Value::object(std::move(variables))}, {"local", Value::object({})}},
      test_functions());
}

// The value of an expression as JSON, or "error: " and the first diagnostic's summary and detail.
inline std::string eval(const std::string& text, const ContextPtr& context = test_context()) {
  Diagnostics diagnostics;
  const Expression expression = parse_expression(make_source("test", text), diagnostics);
  const auto value = evaluate(expression, *context, diagnostics);
  if (value && !diagnostics.has_errors()) return to_json(*value);
  if (diagnostics.empty()) return "error without a diagnostic";
  return "error: " + diagnostics.list().front().summary + ": " + diagnostics.list().front().detail;
}

// The same for an attribute of a body, e.g. a heredoc.
inline std::string eval_attribute(const std::string& body, const std::string& name) {
  Diagnostics diagnostics;
  const BodyPtr parsed = parse_body(make_source("test", body), diagnostics);
  const BodyContent content = parsed->all(diagnostics);
  const Attribute* attribute = content.find(name);
  if (diagnostics.has_errors()) return "error: " + one_line(diagnostics.list().front());
  if (attribute == nullptr) return "no such attribute";
  const auto value = evaluate(attribute->expression, *test_context(), diagnostics);
  return value ? to_json(*value) : "error: " + one_line(diagnostics.list().front());
}

}  // namespace yurt::hcl
