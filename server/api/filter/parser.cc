// Parsing and checking filter expressions: recursive descent over the tokens.
//
//   or := and { "or" and } ; and := unary { "and" unary }
//   unary := "not" unary | "(" or ")" | quantifier | comparison
#include <charconv>
#include <vector>

#include "jobspec/json/query.h"
#include "server/api/filter/expression.h"
#include "server/api/filter/lexer.h"

namespace yurt::server::filter {
namespace {

using NodeRef = std::shared_ptr<const Node>;
using json::Kind;

// Deeper nesting is refused, since each level is a stack frame.
constexpr int max_depth = 64;

template <typename Number>
bool parse_number(const std::string& text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

struct Variable {
  std::string name;
  Type type;
};

class Parser {
 public:
  Parser(std::vector<Token> tokens, const google::protobuf::Descriptor& type)
      : tokens_(std::move(tokens)), subject_(type_of(json::layout_of(&type))) {}

  Result<NodeRef> whole() {
    YURT_ASSIGN(NodeRef root, either(0));
    if (next().kind != Token::Kind::end) return expected("\"and\", \"or\" or the end");
    return root;
  }

 private:
  [[nodiscard]] const Token& next(std::size_t ahead = 0) const {
    return tokens_[std::min(position_ + ahead, tokens_.size() - 1)];
  }
  [[nodiscard]] bool is(std::string_view text, std::size_t ahead = 0) const {
    const Token& token = next(ahead);
    return token.kind != Token::Kind::text && token.kind != Token::Kind::end && token.text == text;
  }
  bool take(std::string_view text) {
    if (!is(text)) return false;
    ++position_;
    return true;
  }
  [[nodiscard]] Error expected(const std::string& what) const {
    const Token& token = next();
    const std::string found = token.kind == Token::Kind::end ? "the end" : "\"" + token.text + "\"";
    return {ErrorCode::invalid_argument, "expected " + what + ", found " + found + " at column " +
                                             std::to_string(token.position + 1)};
  }

  Result<NodeRef> either(int depth) {
    if (depth > max_depth) return Error{ErrorCode::invalid_argument, "nested too deeply"};
    YURT_ASSIGN(NodeRef left, both(depth));
    while (take("or")) {
      YURT_ASSIGN(NodeRef right, both(depth));
      left = join(Node::Kind::either, std::move(left), std::move(right));
    }
    return left;
  }

  Result<NodeRef> both(int depth) {
    YURT_ASSIGN(NodeRef left, unary(depth));
    while (take("and")) {
      YURT_ASSIGN(NodeRef right, unary(depth));
      left = join(Node::Kind::both, std::move(left), std::move(right));
    }
    return left;
  }

  static NodeRef join(Node::Kind kind, NodeRef left, NodeRef right) {
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->left = std::move(left);
    node->right = std::move(right);
    return node;
  }

  Result<NodeRef> unary(int depth) {
    if (depth > max_depth) return Error{ErrorCode::invalid_argument, "nested too deeply"};
    if (take("not")) {
      YURT_ASSIGN(NodeRef inner, unary(depth + 1));
      return join(Node::Kind::negation, std::move(inner), nullptr);
    }
    if (take("(")) {
      YURT_ASSIGN(NodeRef inner, either(depth + 1));
      if (!take(")")) return expected("\")\"");
      return inner;
    }
    const bool quantified = (is("any") || is("all")) && next(1).kind == Token::Kind::word;
    if (quantified) return quantifier(depth);
    return comparison();
  }

  // any|all Selector as name[, name] { expression }
  Result<NodeRef> quantifier(int depth) {
    auto node = std::make_shared<Node>();
    node->kind = is("any") ? Node::Kind::any : Node::Kind::all;
    ++position_;
    YURT_ASSIGN(node->selector, selector());
    const Type& type = node->selector.type;
    if (type.shape == Shape::scalar || type.shape == Shape::record) {
      return Error{ErrorCode::invalid_argument,
                   "\"" + node->selector.text + "\" is neither a list nor a map"};
    }
    if (!take("as")) return expected("\"as\"");
    std::vector<std::string> names;
    do {
      if (next().kind != Token::Kind::word) return expected("a name");
      names.push_back(next().text);
      ++position_;
    } while (names.size() < 2 && take(","));

    // One name is a list's element or a map's key; two are key (or position) and value.
    const bool map = type.shape == Shape::map;
    node->binds_key = names.size() == 2 || map;
    node->binds_value = names.size() == 2 || !map;
    const std::size_t outer = scope_.size();
    const Type key{Shape::scalar, map ? Kind::text : Kind::int64, nullptr, nullptr};
    if (node->binds_key) scope_.push_back({names.front(), key});
    if (node->binds_value) scope_.push_back({names.back(), element_type(type)});
    if (!take("{")) return expected("\"{\"");
    YURT_ASSIGN(node->left, either(depth + 1));
    if (!take("}")) return expected("\"}\"");
    scope_.resize(outer);
    return NodeRef(node);
  }

  Result<NodeRef> comparison() {
    auto node = std::make_shared<Node>();
    const bool value_first = is("in", 1) || (is("not", 1) && is("in", 2));
    bool negated = false;
    if (value_first) {
      YURT_TRY(literal(*node));
      negated = take("not");
      ++position_;
      node->kind = Node::Kind::contains;
      YURT_ASSIGN(node->selector, selector());
    } else {
      YURT_ASSIGN(node->selector, selector());
      if (take("is")) {
        negated = take("not");
        if (take("empty")) {
          node->kind = Node::Kind::empty;
        } else if (take("nil")) {
          node->kind = Node::Kind::nil;
        } else {
          return expected("\"empty\" or \"nil\"");
        }
      } else {
        if (take("!=")) {
          negated = true;
          node->kind = Node::Kind::equal;
        } else if (take("==")) {
          node->kind = Node::Kind::equal;
        } else {
          negated = take("not");
          if (take("contains")) {
            node->kind = Node::Kind::contains;
          } else if (take("matches")) {
            node->kind = Node::Kind::matches;
          } else {
            return expected("an operator (==, !=, contains, matches, in, is empty, is nil)");
          }
        }
        YURT_TRY(literal(*node));
      }
    }
    YURT_TRY(check(*node));
    if (!negated) return NodeRef(node);
    return join(Node::Kind::negation, std::move(node), nullptr);
  }

  Status literal(Node& node) {
    if (next().kind == Token::Kind::end || next().kind == Token::Kind::symbol) {
      return expected("a value");
    }
    node.literal = next().text;
    ++position_;
    return {};
  }

  Result<Selector> selector() {
    Selector out;
    out.type = subject_;
    if (next().kind == Token::Kind::text) {
      YURT_TRY(pointer(out, next().text));
      ++position_;
      return out;
    }
    if (next().kind != Token::Kind::word) return expected("a field");
    for (std::size_t i = scope_.size(); i-- > 0;) {
      if (scope_[i].name != next().text) continue;
      out.variable = static_cast<int>(i);
      out.type = scope_[i].type;
      out.text = next().text;
      break;
    }
    if (out.variable < 0) YURT_TRY(extend(out, next().text));
    ++position_;
    while (true) {
      if (take(".")) {
        if (next().kind != Token::Kind::word && next().kind != Token::Kind::number) {
          return expected("a field");
        }
        YURT_TRY(extend(out, next().text));
        ++position_;
      } else if (take("[")) {
        if (next().kind != Token::Kind::text && next().kind != Token::Kind::number) {
          return expected("a key in quotes");
        }
        YURT_TRY(extend(out, next().text));
        ++position_;
        if (!take("]")) return expected("\"]\"");
      } else {
        return out;
      }
    }
  }

  // RFC 6901: "/a/b", with ~1 for a slash and ~0 for a tilde inside a name.
  Status pointer(Selector& out, const std::string& text) {
    if (text.empty() || text.front() != '/') {
      return expected("a field, or a JSON pointer that begins with \"/\"");
    }
    std::string part;
    for (std::size_t i = 1; i <= text.size(); ++i) {
      if (i == text.size() || text[i] == '/') {
        YURT_TRY(extend(out, part));
        part.clear();
      } else if (text[i] == '~' && i + 1 < text.size() &&
                 (text[i + 1] == '0' || text[i + 1] == '1')) {
        part.push_back(text[++i] == '0' ? '~' : '/');
      } else {
        part.push_back(text[i]);
      }
    }
    return {};
  }

  // Whether the operator makes sense for what the selector leads to; converts the literal.
  static Status check(Node& node) {
    const Type& type = node.selector.type;
    const auto refuse = [&](const std::string& why) {
      return Error{ErrorCode::invalid_argument, "\"" + node.selector.text + "\" " + why};
    };
    node.value = node.literal;
    if (type.shape == Shape::free) {
      return node.kind == Node::Kind::matches ? compile(node) : Status();
    }
    const bool text =
        type.shape == Shape::scalar &&
        (type.kind == Kind::text || type.kind == Kind::bytes || type.kind == Kind::time);
    switch (node.kind) {
      case Node::Kind::equal:
        if (type.shape != Shape::scalar) return refuse("is no single value to compare with");
        return convert(node, type.kind);
      case Node::Kind::contains:
        if (text || type.shape == Shape::map) return {};
        if (type.shape != Shape::list) return refuse("is no text, list or map");
        if (type.kind == Kind::message) return refuse("is a list of objects: use any or all");
        return convert(node, type.kind);
      case Node::Kind::matches:
        if (!text) return refuse("is no text to match");
        return compile(node);
      case Node::Kind::empty:
        if (text || type.shape == Shape::list || type.shape == Shape::map) return {};
        return refuse("is no text, list or map that could be empty");
      default: return {};
    }
  }

  static Status convert(Node& node, Kind kind) {
    const auto refuse = [&](const char* what) {
      return Error{ErrorCode::invalid_argument, "\"" + node.selector.text + "\" is " + what +
                                                    ", which \"" + node.literal + "\" is not"};
    };
    switch (kind) {
      case Kind::boolean: {
        const auto parsed = json::parse_bool(node.literal);
        if (!parsed || node.literal.empty()) return refuse("true or false");
        node.value = *parsed;
        return {};
      }
      case Kind::int32:
      case Kind::int64: {
        std::int64_t number = 0;
        if (!parse_number(node.literal, number)) return refuse("an integer");
        node.value = number;
        return {};
      }
      case Kind::uint32:
      case Kind::uint64: {
        std::uint64_t number = 0;
        if (!parse_number(node.literal, number)) return refuse("an integer of zero or more");
        node.value = number;
        return {};
      }
      case Kind::real: {
        double number = 0;
        if (!parse_number(node.literal, number)) return refuse("a number");
        node.value = number;
        return {};
      }
      default: return {};
    }
  }

  static Status compile(Node& node) {
    RE2::Options options;
    options.set_log_errors(false);
    auto pattern = std::make_shared<const RE2>(node.literal, options);
    if (!pattern->ok()) {
      return Error{ErrorCode::invalid_argument,
                   "the pattern \"" + node.literal + "\" is wrong: " + pattern->error()};
    }
    node.pattern = std::move(pattern);
    return {};
  }

  const std::vector<Token> tokens_;
  std::size_t position_ = 0;
  const Type subject_;
  std::vector<Variable> scope_;
};

}  // namespace

Result<Filter> Filter::parse(std::string_view text, const google::protobuf::Descriptor& type) {
  YURT_ASSIGN(auto tokens, tokenize(text));
  YURT_ASSIGN(auto root, Parser(std::move(tokens), type).whole());
  return Filter(std::move(root));
}

}  // namespace yurt::server::filter
