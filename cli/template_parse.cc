#include <cctype>
#include <cstdlib>

#include "cli/template_tree.h"

namespace yurt::cli::tmpl {
namespace {

Error wrong_template(const std::string& why) { return {ErrorCode::invalid_argument, "-t: " + why}; }

bool is_name_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// One {{action}}: its words.
class Words {
 public:
  explicit Words(std::string text) : text_(std::move(text)) {}

  [[nodiscard]] bool done() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    return at_ == text_.size();
  }
  [[nodiscard]] char peek() { return done() ? '\0' : text_[at_]; }
  bool take(const std::string& word) {
    if (done() || text_.compare(at_, word.size(), word) != 0) return false;
    at_ += word.size();
    return true;
  }
  std::string take_name() {
    const std::size_t start = at_;
    while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
    return text_.substr(start, at_ - start);
  }
  // A name that is a whole word here; nothing is taken otherwise.
  bool take_word(const std::string& word) {
    if (done()) return false;
    const std::size_t start = at_;
    if (take_name() == word) return true;
    at_ = start;
    return false;
  }
  // What stands at once behind the last word, without a space between.
  [[nodiscard]] bool follows(char c) const { return at_ < text_.size() && text_[at_] == c; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::size_t position() const { return at_; }
  void go_to(std::size_t position) { at_ = position; }

  Result<nlohmann::json> take_string() {
    const char quote = text_[at_];
    const std::size_t start = at_++;
    while (at_ < text_.size() && text_[at_] != quote)
      at_ += quote == '"' && text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) return wrong_template("a string does not end");
    ++at_;
    const std::string raw = text_.substr(start, at_ - start);
    if (quote == '`') return nlohmann::json(raw.substr(1, raw.size() - 2));
    auto value = nlohmann::json::parse(raw, nullptr, false);
    if (value.is_discarded()) return wrong_template("the string " + raw + " cannot be read");
    return value;
  }
  Result<nlohmann::json> take_number() {
    const std::size_t start = at_;
    while (at_ < text_.size() &&
           (is_name_char(text_[at_]) || text_[at_] == '.' || text_[at_] == '-')) {
      ++at_;
    }
    auto value = nlohmann::json::parse(text_.substr(start, at_ - start), nullptr, false);
    if (!value.is_number()) {
      return wrong_template("\"" + text_.substr(start, at_ - start) + "\" is no number");
    }
    return value;
  }

 private:
  const std::string text_;
  std::size_t at_ = 0;
};

class ExpressionParser {
 public:
  explicit ExpressionParser(Words& words) : words_(words) {}

  // pipeline: command { "|" command }; a command's value is the last argument of the next.
  Result<ExpressionRef> pipeline() {
    YURT_ASSIGN(ExpressionRef value, command());
    while (words_.take("|")) {
      YURT_ASSIGN(ExpressionRef next, command());
      if (next->kind != Expression::Kind::call) {
        return wrong_template("only a function may stand behind |");
      }
      next->arguments.push_back(std::move(value));
      value = std::move(next);
    }
    return value;
  }

 private:
  Result<ExpressionRef> command() {
    YURT_ASSIGN(ExpressionRef first, operand());
    while (!words_.done() && words_.peek() != '|' && words_.peek() != ')') {
      if (first->kind != Expression::Kind::call || first->literal == "()") {
        return wrong_template("\"" + words_.text() +
                              "\" is not understood: only a function takes arguments");
      }
      YURT_ASSIGN(ExpressionRef argument, operand());
      first->arguments.push_back(std::move(argument));
    }
    return first;
  }

  Result<ExpressionRef> operand() {
    auto out = std::make_unique<Expression>();
    const char c = words_.peek();
    if (c == '(') {
      words_.take("(");
      YURT_ASSIGN(out, pipeline());
      if (!words_.take(")")) return wrong_template("( without ) in \"" + words_.text() + "\"");
      if (out->kind == Expression::Kind::call) out->literal = "()";  // takes no more arguments
    } else if (c == '$') {
      words_.take("$");
      out->kind = Expression::Kind::variable;
      out->name = words_.take_name();
    } else if (c == '.') {
      words_.take(".");
      const std::string field = words_.take_name();
      if (!field.empty()) out->fields.push_back(field);
    } else if (c == '"' || c == '`') {
      out->kind = Expression::Kind::literal;
      YURT_ASSIGN(out->literal, words_.take_string());
    } else if (c == '-' || std::isdigit(static_cast<unsigned char>(c)) != 0) {
      out->kind = Expression::Kind::literal;
      YURT_ASSIGN(out->literal, words_.take_number());
    } else if (is_name_char(c)) {
      word(*out, words_.take_name());
    } else {
      return wrong_template("\"" + words_.text() +
                            "\" is not understood; {{.Field}}, {{range .List}} and {{end}} are");
    }
    while (words_.follows('.')) {
      words_.take(".");
      out->fields.push_back(words_.take_name());
    }
    return out;
  }

  static void word(Expression& out, const std::string& name) {
    out.kind = Expression::Kind::literal;
    if (name == "true" || name == "false") {
      out.literal = name == "true";
    } else if (name != "nil") {
      out.kind = Expression::Kind::call;
      out.name = name;
    }
  }

  Words& words_;
};

class TemplateParser {
 public:
  explicit TemplateParser(const std::string& text) : text_(text) {}

  Result<Nodes> run() {
    YURT_ASSIGN(Nodes nodes, nodes_until_end());
    if (!closer_.empty()) return wrong_template("{{" + closer_ + "}} closes nothing");
    return nodes;
  }

 private:
  // Stops behind {{end}} or {{else …}}, which it leaves in closer_; "" at the end of the text.
  Result<Nodes> nodes_until_end() {
    Nodes out;
    closer_.clear();
    while (at_ < text_.size()) {
      const auto open = text_.find("{{", at_);
      add_text(out, text_.substr(at_, open == std::string::npos ? open : open - at_));
      if (open == std::string::npos) {
        at_ = text_.size();
        break;
      }
      YURT_ASSIGN(const std::string action, take_action(out, open));
      if (action.starts_with("/*")) continue;
      Words words(action);
      if (words.take_word("end") || words.take_word("else")) {
        closer_ = action;
        return out;
      }
      YURT_TRY(add_action(out, words));
    }
    closer_.clear();  // of a block within, if any
    return out;
  }

  void add_text(Nodes& out, std::string text) {
    if (trim_next_) text.erase(0, std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    if (text.empty()) return;
    trim_next_ = false;
    Node node;
    node.text = std::move(text);
    out.push_back(std::move(node));
  }

  Result<std::string> take_action(Nodes& out, std::size_t open) {
    const auto close = text_.find("}}", open);
    if (close == std::string::npos) return wrong_template("{{ without }}");
    std::string action = text_.substr(open + 2, close - open - 2);
    at_ = close + 2;
    if (action.starts_with("- ") || action == "-") {
      action.erase(0, 1);
      if (!out.empty() && out.back().kind == Node::Kind::text) {
        std::string& before = out.back().text;
        before.erase(before.find_last_not_of(" \t\r\n") + 1);
      }
    }
    trim_next_ = action.ends_with(" -");
    if (trim_next_) action.erase(action.size() - 1);
    const auto first = action.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) return wrong_template("{{}} says nothing");
    return action.substr(first, action.find_last_not_of(" \t\r\n") - first + 1);
  }

  Status add_action(Nodes& out, Words& words) {
    Node node;
    if (words.take_word("if")) {
      node.kind = Node::Kind::if_;
    } else if (words.take_word("range")) {
      node.kind = Node::Kind::range;
    } else if (words.take_word("with")) {
      node.kind = Node::Kind::with;
    } else {
      node.kind = Node::Kind::print;
      if (take_variables(words, node)) node.kind = Node::Kind::assign;
      YURT_ASSIGN(node.value, value(words));
      out.push_back(std::move(node));
      return {};
    }
    YURT_TRY(block(words, node));
    out.push_back(std::move(node));
    return {};
  }

  Status block(Words& words, Node& node) {
    if (node.kind != Node::Kind::if_) take_variables(words, node);
    YURT_ASSIGN(node.value, value(words));
    YURT_ASSIGN(node.body, nodes_until_end());
    if (closer_.empty()) return wrong_template("{{" + words.text() + "}} has no {{end}}");
    if (closer_ == "end") return {};
    Words rest(closer_);
    rest.take_word("else");
    if (rest.done()) {
      YURT_ASSIGN(node.otherwise, nodes_until_end());
      if (closer_ != "end") return wrong_template("{{" + words.text() + "}} has no {{end}}");
      return {};
    }
    Node inner;
    inner.kind = Node::Kind::if_;
    if (!rest.take_word("if")) return wrong_template("{{" + closer_ + "}} is not understood");
    YURT_TRY(block(rest, inner));
    node.otherwise.push_back(std::move(inner));
    return {};
  }

  // "$v :=", "$v =", "$k, $v :=".
  static bool take_variables(Words& words, Node& node) {
    const std::size_t start = words.position();
    std::string first, second;
    if (words.take("$")) {
      first = words.take_name();
      if (words.take(",") && words.take("$")) second = words.take_name();
      if (words.take(":=") || words.take("=")) {
        node.text = second.empty() ? first : second;
        node.key = second.empty() ? "" : first;
        return true;
      }
    }
    words.go_to(start);
    return false;
  }

  static Result<ExpressionRef> value(Words& words) {
    YURT_ASSIGN(ExpressionRef out, ExpressionParser(words).pipeline());
    if (!words.done()) return wrong_template("\"" + words.text() + "\" is not understood");
    return out;
  }

  const std::string& text_;
  std::size_t at_ = 0;
  bool trim_next_ = false;
  std::string closer_;
};

}  // namespace

Result<Nodes> parse(const std::string& text) { return TemplateParser(text).run(); }

}  // namespace yurt::cli::tmpl
