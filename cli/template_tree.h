// The parsed form of a -t template (cli/template_text.h). Values only; shared by its parser and
// its evaluation.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace yurt::cli::tmpl {

struct Expression;
using ExpressionRef = std::unique_ptr<Expression>;

// A value, with the fields asked of it: "." and "$x" start from what they name.
struct Expression {
  enum class Kind { dot, variable, literal, call } kind = Kind::dot;
  std::string name;  // of the variable or function
  nlohmann::json literal;
  std::vector<ExpressionRef> arguments;  // of a call
  std::vector<std::string> fields;       // looked up one after another
};

struct Node;
using Nodes = std::vector<Node>;

struct Node {
  enum class Kind { text, print, assign, if_, range, with } kind = Kind::text;
  std::string text;  // text: itself; assign and range: the variable, or ""
  std::string key;   // range: the variable of the key or position, or ""
  ExpressionRef value;
  Nodes body, otherwise;
};

[[nodiscard]] Result<Nodes> parse(const std::string& text);

}  // namespace yurt::cli::tmpl
