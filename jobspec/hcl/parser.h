// Parser: HCL's native syntax by recursive descent, as the HCL native syntax specification has it.
//
// After a mistake the parser is `recovering`: it reports nothing more until the body parser has
// skipped to the end of the attribute or block, then goes on. Inside this folder only (parse.h is
// the door). One Parser parses one text, on one thread.
#pragma once

#include <string>
#include <vector>

#include "jobspec/hcl/ast.h"
#include "jobspec/hcl/diagnostic.h"
#include "jobspec/hcl/native_body.h"
#include "jobspec/hcl/token_stream.h"

namespace yurt::hcl {

class Parser {
 public:
  Parser(TokenStream& stream, Diagnostics& diagnostics)
      : stream_(stream), diagnostics_(diagnostics) {}

  // The whole text. Never null.
  std::shared_ptr<NativeBody> parse_file();
  NodePtr parse_whole_expression();
  NodePtr parse_whole_template();

 private:
  // Counts nesting; `ok()` is false beyond the limit, when the caller must not go deeper.
  class Nesting {
   public:
    // Beyond the limit, recovery looks for the end of `open` (end_of_file: of nothing).
    explicit Nesting(Parser& parser, TokenKind open = TokenKind::end_of_file);
    ~Nesting() { --parser_.depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;
    [[nodiscard]] bool ok() const { return ok_; }

   private:
    Parser& parser_;
    bool ok_;
  };

  // While one exists, a bracket is open that recovery has to find the end of.
  class Bracket {
   public:
    Bracket(Parser& parser, TokenKind open) : parser_(parser) { parser.open_.push_back(open); }
    ~Bracket() { parser_.open_.pop_back(); }
    Bracket(const Bracket&) = delete;
    Bracket& operator=(const Bracket&) = delete;

   private:
    Parser& parser_;
  };

  // Bodies (parser_body.cc).
  void parse_items(NativeBody& body, bool in_block);
  void parse_item_list(NativeBody& body, bool in_block);
  void reject_repeated_attributes(NativeBody& body);
  void parse_item(NativeBody& body);
  void parse_attribute(NativeBody& body, const Token& name);
  void parse_block(NativeBody& body, const Token& type);
  void parse_block_body(Block& block, const Token& type);
  bool parse_label(Block& block);
  void parse_between_braces(NativeBody& body);
  void parse_single_line(NativeBody& body);
  void expect_line_end(const char* after);
  // Recovery (parser_recovery.cc).
  void skip_item();
  bool skip_closing(TokenKind close);
  [[nodiscard]] bool at_start_of_item() const;
  void skip_bad_start();

  // Expressions (parser_expression.cc).
  NodePtr parse_expression();
  NodePtr parse_operations();
  NodePtr parse_unary();
  NodePtr parse_postfix(NodePtr base);
  bool parse_dot_step(NodePtr& base, std::vector<Step>& steps);
  bool parse_bracket_step(NodePtr& base, std::vector<Step>& steps);
  NodePtr parse_full_splat(NodePtr base);
  NodePtr parse_attribute_splat(NodePtr base);
  bool add_legacy_index(const Token& number, std::vector<Step>& steps);
  NodePtr with_steps(NodePtr base, std::vector<Step> steps);

  // Terms (parser_term.cc).
  NodePtr parse_term();
  NodePtr parse_number();
  NodePtr parse_identifier();
  NodePtr parse_call(const Token& name);
  NodePtr parse_parentheses();
  NodePtr parse_tuple();
  NodePtr parse_object();
  bool parse_object_item(ObjectNode& object);
  NodePtr parse_object_key();
  NodePtr parse_for(const Token& open);
  bool parse_for_introduction(ForNode& node);
  bool parse_for_introduction_without_colon(ForNode& node);
  NodePtr unexpected_term();

  // Templates (parser_template.cc).
  NodePtr parse_quoted();
  NodePtr parse_heredoc();

  NodePtr invalid() { return std::make_shared<InvalidNode>(stream_.range_of(stream_.peek())); }
  // Reports at the next token (or `where`) unless recovering, and starts recovering.
  void fail(const std::string& summary, const std::string& detail);
  void fail_at(const std::string& summary, const std::string& detail, Range where);
  // Takes a token of `kind` or fails naming `expected`.
  bool expect(TokenKind kind, const char* summary, const std::string& expected);
  // What the next token is, for "found …".
  [[nodiscard]] std::string found() const;
  [[nodiscard]] Range range_from(std::uint32_t begin) const {
    return stream_.range_between(begin, std::max(begin, stream_.last_end()));
  }
  [[nodiscard]] Range range_from(const Node& first) const;

  friend class TemplateParser;

  TokenStream& stream_;
  Diagnostics& diagnostics_;
  std::uint32_t depth_ = 0;
  bool recovering_ = false;
  bool end_reported_ = false;               // that the file ended inside a block
  std::vector<TokenKind> open_;             // brackets of the current item
  std::vector<TokenKind> open_at_failure_;  // those open when recovery began
};

}  // namespace yurt::hcl
