#include <algorithm>
#include <set>
#include <utility>

#include "templates/tree.h"

namespace yurt::templates {
namespace {

constexpr int max_depth = 200;

class Parser {
 public:
  Parser(std::string name, std::vector<Token> tokens) : tokens_(std::move(tokens)) {
    tree_.name = std::move(name);
  }

  Result<std::shared_ptr<const Tree>> run() {
    scopes_.emplace_back(1, "");  // "$", the data the template was given
    End end = End::none;
    YURT_ASSIGN(tree_.nodes, list(end));
    if (end != End::none) return error(previous(), "this has no block to end or divide");
    return std::shared_ptr<const Tree>(std::make_shared<Tree>(std::move(tree_)));
  }

 private:
  enum class End { none, end, else_ };
  using Scope = std::vector<std::string>;
  using Scopes = std::vector<Scope>;

  const Token& peek() const { return tokens_[at_]; }
  const Token& next() { return tokens_[at_ < tokens_.size() - 1 ? at_++ : at_]; }
  const Token& previous() const { return tokens_[at_ == 0 ? 0 : at_ - 1]; }
  bool peek_word(const char* word) const {
    return peek().kind == TokenKind::identifier && peek().text == word;
  }
  Error error(const Token& token, const std::string& message) const {
    return error_at(tree_.name, token.place, message);
  }

  Status close_action() {
    if (next().kind == TokenKind::action_end) return {};
    --at_;
    return error(peek(), "unexpected \"" + peek().text + "\"; expected the end of the action");
  }

  // Nodes up to an {{end}} or {{else}}, or the end of the text. Behind `else` the parser stands
  // inside the action.
  Result<Nodes> list(End& end) {
    if (++depth_ > max_depth) return error(peek(), "blocks are nested too deep");
    Nodes nodes;
    while (true) {
      const Token& token = next();
      if (token.kind == TokenKind::end) {
        end = End::none;
        break;
      }
      if (token.kind == TokenKind::text) {
        nodes.push_back({.kind = Node::Kind::text, .place = token.place, .text = token.text});
        continue;
      }
      if (peek_word("end")) {
        next();
        YURT_TRY(close_action());
        end = End::end;
        break;
      }
      if (peek_word("else")) {
        next();
        end = End::else_;
        break;
      }
      YURT_TRY(action(nodes));
    }
    --depth_;
    return nodes;
  }

  Status action(Nodes& nodes) {
    const Token start = peek();
    if (start.kind == TokenKind::identifier) {
      if (start.text == "if") return block(nodes, Node::Kind::if_);
      if (start.text == "range") return block(nodes, Node::Kind::range);
      if (start.text == "with") return block(nodes, Node::Kind::with);
      if (start.text == "define") return define(false, nodes);
      if (start.text == "block") return define(true, nodes);
      if (start.text == "template") return call(nodes);
      if (start.text == "break" || start.text == "continue") {
        next();
        if (loops_ == 0) return error(start, start.text + " outside of a range");
        YURT_TRY(close_action());
        nodes.push_back({.kind = start.text == "break" ? Node::Kind::break_ : Node::Kind::continue_,
                         .place = start.place});
        return {};
      }
    }
    Node node{.kind = Node::Kind::action, .place = start.place};
    YURT_ASSIGN(node.pipeline, pipeline(1));
    YURT_TRY(close_action());
    nodes.push_back(std::move(node));
    return {};
  }

  Status block(Nodes& nodes, Node::Kind kind) {
    const Token start = next();
    Node node{.kind = kind, .place = start.place};
    scopes_.emplace_back();
    YURT_ASSIGN(node.pipeline, pipeline(kind == Node::Kind::range ? 2 : 1));
    YURT_TRY(close_action());
    if (kind == Node::Kind::range) ++loops_;
    scopes_.emplace_back();
    End end = End::none;
    YURT_ASSIGN(node.body, list(end));
    scopes_.pop_back();
    if (kind == Node::Kind::range) --loops_;
    if (end == End::else_) {
      scopes_.emplace_back();
      if ((peek_word("if") && kind == Node::Kind::if_) ||
          (peek_word("with") && kind == Node::Kind::with)) {
        // {{else if}}: a nested block that shares our {{end}}
        YURT_TRY(block(node.otherwise, kind));
        end = End::end;
      } else {
        YURT_TRY(close_action());
        YURT_ASSIGN(node.otherwise, list(end));
        if (end == End::else_) return error(previous(), "a second else");
      }
      scopes_.pop_back();
    }
    scopes_.pop_back();
    if (end != End::end) return error(start, "\"" + start.text + "\" has no end");
    nodes.push_back(std::move(node));
    return {};
  }

  Result<std::string> template_name(const char* what) {
    const Token token = next();
    if (token.kind != TokenKind::literal || !token.value.is_string()) {
      return error(token, std::string(what) + " needs a name in quotes");
    }
    return token.value.get<std::string>();
  }

  // {{define "x"}}…{{end}}, and {{block "x" pipeline}}…{{end}}, which also calls it.
  Status define(bool also_call, Nodes& nodes) {
    const Token start = next();
    YURT_ASSIGN(const std::string name, template_name(start.text.c_str()));
    if (also_call) {
      Node node{.kind = Node::Kind::call, .place = start.place, .text = name};
      YURT_ASSIGN(node.pipeline, pipeline(0));
      node.has_pipeline = true;
      nodes.push_back(std::move(node));
    } else if (depth_ > 1) {
      return error(start, "define must stand at the top level");
    }
    YURT_TRY(close_action());
    auto outer_scopes = std::exchange(scopes_, Scopes(1, Scope(1, "")));
    const int outer_loops = std::exchange(loops_, 0);
    End end = End::none;
    YURT_ASSIGN(tree_.defined[name], list(end));
    scopes_ = std::move(outer_scopes);
    loops_ = outer_loops;
    if (end != End::end) return error(start, "\"" + start.text + "\" has no end");
    return {};
  }

  Status call(Nodes& nodes) {
    const Token start = next();
    Node node{.kind = Node::Kind::call, .place = start.place};
    YURT_ASSIGN(node.text, template_name("template"));
    if (peek().kind != TokenKind::action_end) {
      YURT_ASSIGN(node.pipeline, pipeline(0));
      node.has_pipeline = true;
    }
    YURT_TRY(close_action());
    nodes.push_back(std::move(node));
    return {};
  }

  // `variables`: how many it may declare.
  Result<Pipeline> pipeline(std::size_t variables) {
    if (++depth_ > max_depth) return error(peek(), "parentheses are nested too deep");
    Pipeline result;
    result.place = peek().place;
    std::vector<std::string> declared;
    if (variables > 0) YURT_TRY(declarations(result, variables, declared));
    while (true) {
      Command command;
      while (starts_operand()) {
        if (!command.operands.empty() && !peek().space_before &&
            peek().kind != TokenKind::left_paren) {
          return error(peek(), "expected a space before \"" + peek().text + "\"");
        }
        YURT_ASSIGN(Operand operand_read, operand());
        command.operands.push_back(std::move(operand_read));
      }
      if (command.operands.empty()) {
        return error(peek(), peek().kind == TokenKind::action_end
                                 ? "a value is missing"
                                 : "unexpected \"" + peek().text + "\"");
      }
      if (!result.commands.empty() && command.operands[0].kind != Operand::Kind::function) {
        return error_at(tree_.name, command.operands[0].place,
                        "only a function can stand behind \"|\"");
      }
      result.commands.push_back(std::move(command));
      if (peek().kind != TokenKind::pipe) break;
      next();
    }
    // Visible from here on, not within its own value.
    for (auto& name : declared) scopes_.back().push_back(std::move(name));
    --depth_;
    return result;
  }

  Status declarations(Pipeline& result, std::size_t allowed, std::vector<std::string>& declared) {
    if (peek().kind != TokenKind::variable) return {};
    // $a := …, $a = …, $a, $b := …; anything else is an operand that begins with a variable.
    std::size_t look = at_ + 1;
    std::vector<std::string> names{peek().text};
    if (tokens_[look].kind == TokenKind::comma && tokens_[look + 1].kind == TokenKind::variable) {
      names.push_back(tokens_[look + 1].text);
      look += 2;
    }
    const Token& sign = tokens_[look];
    if (sign.kind != TokenKind::declare && sign.kind != TokenKind::assign) {
      if (names.size() == 2) return error(sign, "expected \":=\" behind two variables");
      return {};
    }
    if (names.size() > allowed) return error(peek(), "only range takes two variables");
    result.variables = names;
    result.assigns = sign.kind == TokenKind::assign;
    if (result.assigns) {
      for (const auto& name : names) {
        if (!known(name)) return error(peek(), "the variable \"$" + name + "\" is not declared");
      }
    } else {
      declared = names;
    }
    at_ = look + 1;
    return {};
  }

  [[nodiscard]] bool known(const std::string& variable) const {
    return std::any_of(scopes_.begin(), scopes_.end(), [&](const auto& scope) {
      return std::find(scope.begin(), scope.end(), variable) != scope.end();
    });
  }

  [[nodiscard]] bool starts_operand() const {
    switch (peek().kind) {
      case TokenKind::identifier:
      case TokenKind::field:
      case TokenKind::dot:
      case TokenKind::variable:
      case TokenKind::literal:
      case TokenKind::left_paren: return true;
      default: return false;
    }
  }

  Result<Operand> operand() {
    const Token token = next();
    Operand result;
    result.place = token.place;
    switch (token.kind) {
      case TokenKind::dot: break;
      case TokenKind::field: result.fields.push_back(token.text); break;
      case TokenKind::literal:
        result.kind = Operand::Kind::literal;
        result.literal = token.value;
        break;
      case TokenKind::variable:
        result.kind = Operand::Kind::variable;
        result.name = token.text;
        if (!known(token.text)) {
          return error(token, "the variable \"$" + token.text + "\" is not declared");
        }
        break;
      case TokenKind::left_paren: {
        result.kind = Operand::Kind::pipeline;
        YURT_ASSIGN(Pipeline inner, pipeline(0));
        result.pipeline = std::make_shared<Pipeline>(std::move(inner));
        if (next().kind != TokenKind::right_paren) return error(previous(), "expected \")\"");
        break;
      }
      default: YURT_TRY(word(token, result));
    }
    while (peek().kind == TokenKind::field && !peek().space_before) {
      result.fields.push_back(next().text);
    }
    if (!result.fields.empty() && result.kind == Operand::Kind::literal) {
      return error(token, "a constant has no fields");
    }
    return result;
  }

  Status word(const Token& token, Operand& result) {
    if (token.text == "true" || token.text == "false") {
      result.kind = Operand::Kind::literal;
      result.literal = token.text == "true";
    } else if (token.text == "nil") {
      result.kind = Operand::Kind::literal;
    } else {
      result.kind = Operand::Kind::function;
      result.name = token.text;
      result.function = find_function(token.text);
      if (result.function == nullptr) {
        return error(token, refusal_of(token.text));
      }
    }
    return {};
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  Tree tree_;
  Scopes scopes_;
  int depth_ = 0;
  int loops_ = 0;
};

}  // namespace

Result<std::shared_ptr<const Tree>> parse_tree(std::string name, std::string_view text,
                                               const Delimiters& delimiters) {
  YURT_ASSIGN(std::vector<Token> tokens, tokenize(name, text, delimiters));
  return Parser(std::move(name), std::move(tokens)).run();
}

}  // namespace yurt::templates
