// The tree that a template is parsed into. Immutable once parsed.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "templates/functions.h"
#include "templates/token.h"

namespace yurt::templates {

struct Pipeline;

struct Operand {
  enum class Kind { dot, literal, variable, function, pipeline };
  Kind kind = Kind::dot;
  Place place;
  Value literal;
  std::string name;                    // of the variable or function
  const Function* function = nullptr;  // of a function
  std::shared_ptr<const Pipeline> pipeline;
  std::vector<std::string> fields;  // .a.b behind it
};

struct Command {
  std::vector<Operand> operands;  // at least one
};

struct Pipeline {
  Place place;
  std::vector<std::string> variables;  // declared or assigned; at most two, and two only in range
  bool assigns = false;
  std::vector<Command> commands;
};

struct Node;
using Nodes = std::vector<Node>;

struct Node {
  enum class Kind { text, action, if_, range, with, break_, continue_, call };
  Kind kind = Kind::text;
  Place place;
  std::string text{};  // the text, or the name of the template that is called
  Pipeline pipeline{};
  bool has_pipeline = false;  // of a call: it hands over a dot
  Nodes body{}, otherwise{};
};

class Tree {
 public:
  std::string name;
  Nodes nodes;
  std::map<std::string, Nodes> defined;
};

[[nodiscard]] Result<std::shared_ptr<const Tree>> parse_tree(std::string name,
                                                             std::string_view text,
                                                             const Delimiters& delimiters);

[[nodiscard]] Result<std::string> render_tree(const Tree& tree, Provider& provider,
                                              const Value& dot, const RenderOptions& options);

}  // namespace yurt::templates
