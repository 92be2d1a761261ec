#include <algorithm>
#include <utility>

#include "templates/tree.h"

namespace yurt::templates {
namespace {

constexpr int max_calls = 100;

// What a list of nodes ended with, apart from an error.
enum class Flow { normal, break_, continue_ };

class Renderer {
 public:
  Renderer(const Tree& tree, Provider& provider, const RenderOptions& options)
      : tree_(tree), provider_(provider), options_(options) {}

  Result<std::string> run(const Value& dot) {
    variables_.emplace_back("", dot);
    auto flow = nodes(tree_.nodes, dot);
    if (!flow.ok()) return flow.error();
    return std::move(out_);
  }

 private:
  Error at(Place place, const Error& error) const {
    return {error.code, error_at(tree_.name, place, error.message).message};
  }
  Error at(Place place, const std::string& message) const {
    return error_at(tree_.name, place, message);
  }

  Status write(Place place, std::string_view text) {
    if (out_.size() + text.size() > options_.max_output_bytes) {
      return at(place, Error{ErrorCode::resource_exhausted,
                             "the output exceeds " + std::to_string(options_.max_output_bytes) +
                                 " bytes"});
    }
    out_ += text;
    return {};
  }

  // Variables declared while this lives are gone afterwards.
  class Scope {
   public:
    explicit Scope(Renderer& r) : renderer_(r), mark_(r.variables_.size()) {}
    ~Scope() { renderer_.variables_.resize(mark_); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Renderer& renderer_;
    std::size_t mark_;
  };

  Result<Flow> nodes(const Nodes& list, const Value& dot) {
    for (const Node& node : list) {
      YURT_ASSIGN(const Flow flow, one(node, dot));
      if (flow != Flow::normal) return flow;
    }
    return Flow::normal;
  }

  Result<Flow> one(const Node& node, const Value& dot) {
    switch (node.kind) {
      case Node::Kind::text: {
        YURT_TRY(write(node.place, node.text));
        return Flow::normal;
      }
      case Node::Kind::action: {
        YURT_ASSIGN(const Value value, evaluate(node.pipeline, dot));
        if (node.pipeline.variables.empty()) YURT_TRY(write(node.place, print(value)));
        return Flow::normal;
      }
      case Node::Kind::if_:
      case Node::Kind::with: {
        const Scope scope(*this);
        YURT_ASSIGN(const Value value, evaluate(node.pipeline, dot));
        const bool yes = truth(value);
        const Value& inner = node.kind == Node::Kind::with && yes ? value : dot;
        const Scope body(*this);
        return nodes(yes ? node.body : node.otherwise, inner);
      }
      case Node::Kind::range: return range(node, dot);
      case Node::Kind::break_: return Flow::break_;
      case Node::Kind::continue_: return Flow::continue_;
      case Node::Kind::call: return call(node, dot);
    }
    return Flow::normal;
  }

  Result<Flow> range(const Node& node, const Value& dot) {
    const Scope scope(*this);
    YURT_ASSIGN(const Value value, evaluate_commands(node.pipeline, dot));
    std::vector<std::pair<Value, Value>> items;
    if (value.is_array()) {
      std::int64_t index = 0;
      for (const auto& item : value) items.emplace_back(index++, item);
    } else if (value.is_object()) {
      for (const auto& [key, item] : value.items()) items.emplace_back(key, item);
    } else if (value.is_number_integer()) {
      const auto count = value.get<std::int64_t>();
      for (std::int64_t i = 0; i < std::min<std::int64_t>(count, max_items); ++i) {
        items.emplace_back(i, i);
      }
    } else if (!value.is_null()) {
      return at(node.place, std::string("range can't iterate over a ") + type_name(value));
    }
    if (items.empty()) {
      const Scope body(*this);
      return nodes(node.otherwise, dot);
    }
    for (const auto& [key, item] : items) {
      const Scope body(*this);
      const auto& names = node.pipeline.variables;
      if (names.size() == 1) set(names[0], item, node.pipeline.assigns);
      if (names.size() == 2) {
        set(names[0], key, node.pipeline.assigns);
        set(names[1], item, node.pipeline.assigns);
      }
      YURT_ASSIGN(const Flow flow, nodes(node.body, item));
      if (flow == Flow::break_) break;
    }
    return Flow::normal;
  }

  Result<Flow> call(const Node& node, const Value& dot) {
    const auto found = tree_.defined.find(node.text);
    if (found == tree_.defined.end()) {
      return at(node.place, "the template \"" + node.text + "\" is not defined");
    }
    Value inner;
    if (node.has_pipeline) {
      YURT_ASSIGN(inner, evaluate(node.pipeline, dot));
    }
    if (++calls_ > max_calls) return at(node.place, "templates call each other without an end");
    auto outer = std::exchange(variables_, {});
    variables_.emplace_back("", inner);
    auto flow = nodes(found->second, inner);
    variables_ = std::move(outer);
    --calls_;
    if (!flow.ok()) return flow.error();
    return Flow::normal;
  }

  void set(const std::string& name, Value value, bool assigns) {
    if (!assigns) {
      variables_.emplace_back(name, std::move(value));
      return;
    }
    for (auto it = variables_.rbegin(); it != variables_.rend(); ++it) {
      if (it->first == name) {
        it->second = std::move(value);
        return;
      }
    }
  }

  Result<Value> evaluate(const Pipeline& pipeline, const Value& dot) {
    YURT_ASSIGN(Value value, evaluate_commands(pipeline, dot));
    if (!pipeline.variables.empty()) set(pipeline.variables[0], value, pipeline.assigns);
    return value;
  }

  Result<Value> evaluate_commands(const Pipeline& pipeline, const Value& dot) {
    Value value;
    bool first = true;
    for (const Command& command : pipeline.commands) {
      auto result = evaluate(command, dot, first ? nullptr : &value);
      if (!result.ok()) return result.error();
      value = std::move(*result);
      first = false;
    }
    return value;
  }

  Result<Value> evaluate(const Command& command, const Value& dot, const Value* last) {
    const Operand& head = command.operands[0];
    if (head.kind != Operand::Kind::function) {
      if (command.operands.size() > 1 || last != nullptr) {
        return at(head.place, "only a function takes arguments");
      }
      return operand(head, dot);
    }
    YURT_ASSIGN(Value value, invoke(command, dot, last));
    return fields(head, std::move(value));
  }

  Result<Value> invoke(const Command& command, const Value& dot, const Value* last) {
    const Operand& head = command.operands[0];
    const Function& function = *head.function;
    const std::size_t given = command.operands.size() - 1 + (last != nullptr ? 1 : 0);
    if (given < function.min_arguments || given > function.max_arguments) {
      return at(head.place, "the function \"" + function.name + "\" takes " +
                                (function.min_arguments == function.max_arguments
                                     ? std::to_string(function.min_arguments)
                                 : function.max_arguments == unlimited
                                     ? "at least " + std::to_string(function.min_arguments)
                                     : std::to_string(function.min_arguments) + " to " +
                                           std::to_string(function.max_arguments)) +
                                " arguments, not " + std::to_string(given));
    }
    // "and" and "or" look only as far as they must.
    const bool is_and = function.name == "and";
    const bool is_or = function.name == "or";
    Arguments arguments;
    for (std::size_t i = 1; i < command.operands.size(); ++i) {
      YURT_ASSIGN(Value value, argument(command.operands[i], dot));
      if ((is_and && !truth(value)) || (is_or && truth(value))) return value;
      arguments.push_back(std::move(value));
    }
    if (last != nullptr) arguments.push_back(*last);
    auto result = function.call(arguments, provider_);
    if (!result.ok()) {
      return at(head.place,
                Error{result.error().code, function.name + ": " + result.error().message});
    }
    return std::move(*result);
  }

  Result<Value> argument(const Operand& source, const Value& dot) {
    if (source.kind != Operand::Kind::function) return operand(source, dot);
    Command alone;
    alone.operands.push_back(source);
    return evaluate(alone, dot, nullptr);
  }

  Result<Value> operand(const Operand& source, const Value& dot) {
    switch (source.kind) {
      case Operand::Kind::dot: return fields(source, dot);
      case Operand::Kind::literal: return source.literal;
      case Operand::Kind::variable:
        for (auto it = variables_.rbegin(); it != variables_.rend(); ++it) {
          if (it->first == source.name) return fields(source, it->second);
        }
        return at(source.place, "the variable \"$" + source.name + "\" is not set here");
      case Operand::Kind::pipeline: {
        YURT_ASSIGN(Value value, evaluate(*source.pipeline, dot));
        return fields(source, std::move(value));
      }
      case Operand::Kind::function: return argument(source, dot);
    }
    return Value();
  }

  Result<Value> fields(const Operand& source, Value value) const {
    for (const auto& name : source.fields) {
      if (value.is_null()) return at(source.place, "there is no \"." + name + "\" of nothing");
      if (!value.is_object()) {
        return at(source.place, "can't read \"." + name + "\" of a " + type_name(value));
      }
      const auto found = value.find(name);
      if (found == value.end()) {
        if (options_.error_on_missing_key) {
          return at(source.place, Error{ErrorCode::not_found, "there is no key \"" + name + "\""});
        }
        value = nullptr;
        continue;
      }
      Value inner = *found;
      value = std::move(inner);
    }
    return value;
  }

  static constexpr std::int64_t max_items = 1'000'000;

  const Tree& tree_;
  Provider& provider_;
  const RenderOptions& options_;
  std::string out_;
  std::vector<std::pair<std::string, Value>> variables_;
  int calls_ = 0;
};

}  // namespace

Result<std::string> render_tree(const Tree& tree, Provider& provider, const Value& dot,
                                const RenderOptions& options) {
  return Renderer(tree, provider, options).run(dot);
}

Result<Template> Template::parse(std::string name, std::string_view text,
                                 const Delimiters& delimiters) {
  YURT_ASSIGN(auto tree, parse_tree(std::move(name), text, delimiters));
  return Template(std::move(tree));
}

Result<std::string> Template::render(Provider& provider, const Value& dot,
                                     const RenderOptions& options) const {
  return render_tree(*tree_, provider, dot, options);
}

}  // namespace yurt::templates
