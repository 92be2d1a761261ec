// Attributes and blocks.
#include <map>
#include <utility>

#include "jobspec/hcl/parser.h"

namespace yurt::hcl {

std::string Parser::found() const {
  const Token& token = stream_.peek();
  std::string text = describe(token.kind);
  if (token.kind == TokenKind::identifier || token.kind == TokenKind::number) {
    text += " (" + std::string(stream_.text_of(token)) + ")";
  }
  return text;
}

bool Parser::expect(TokenKind kind, const char* summary, const std::string& expected) {
  if (stream_.kind() == kind) {
    stream_.take();
    return true;
  }
  fail(summary, "Expected " + expected + ", found " + found() + ".");
  return false;
}

std::shared_ptr<NativeBody> Parser::parse_file() {
  auto body = std::make_shared<NativeBody>();
  parse_items(*body, false);
  body->end = stream_.range_of(stream_.peek());
  body->whole = stream_.range_between(0, stream_.peek().end);
  return body;
}

void Parser::parse_items(NativeBody& body, bool in_block) {
  parse_item_list(body, in_block);
  reject_repeated_attributes(body);
}

void Parser::reject_repeated_attributes(NativeBody& body) {
  std::map<std::string_view, Range> seen;
  std::vector<Attribute> kept;
  kept.reserve(body.attributes.size());
  for (Attribute& attribute : body.attributes) {
    const auto first = seen.find(attribute.name);
    if (first == seen.end()) {
      kept.push_back(std::move(attribute));
      seen.emplace(kept.back().name, kept.back().name_range);
      continue;
    }
    diagnostics_.error("Argument set twice",
                       "\"" + attribute.name + "\" was already set at " +
                           first->second.to_string() + ". Each argument may be set once.",
                       attribute.name_range);
  }
  body.attributes = std::move(kept);
}

void Parser::parse_item_list(NativeBody& body, bool in_block) {
  TokenStream::Lines visible(stream_, true);
  while (true) {
    switch (stream_.kind()) {
      case TokenKind::end_of_file: return;
      case TokenKind::newline: stream_.take(); break;
      case TokenKind::identifier: parse_item(body); break;
      case TokenKind::close_brace:
        if (in_block) return;
        fail("Argument or block definition required",
             "This \"}\" closes nothing: more braces are closed than were opened before it.");
        stream_.take();
        recovering_ = false;
        break;
      default: skip_bad_start();
    }
  }
}

void Parser::skip_bad_start() {
  if (stream_.kind() == TokenKind::open_quote) {
    fail("Invalid argument name", "Argument and block names are not quoted.");
  } else {
    fail("Argument or block definition required",
         "Expected an argument (name = value) or a block (name { ... }), found " + found() + ".");
  }
  skip_item();
}

void Parser::parse_item(NativeBody& body) {
  const Token name = stream_.take();
  switch (stream_.kind()) {
    case TokenKind::equal: parse_attribute(body, name); break;
    case TokenKind::open_quote:
    case TokenKind::open_brace:
    case TokenKind::identifier: parse_block(body, name); break;
    default:
      fail_at("Invalid argument or block",
              "Expected \"=\" and a value to make \"" + std::string(stream_.text_of(name)) +
                  "\" an argument, or \"{\" to make it a block; found " + found() + ".",
              stream_.range_of(name));
  }
  if (recovering_) skip_item();
}

void Parser::parse_attribute(NativeBody& body, const Token& name) {
  stream_.take();  // =
  Attribute attribute;
  attribute.name = stream_.text_of(name);
  attribute.name_range = stream_.range_of(name);
  attribute.expression = Expression(parse_expression());
  if (!recovering_) expect_line_end("argument");
  body.attributes.push_back(std::move(attribute));
}

void Parser::expect_line_end(const char* after) {
  const TokenKind kind = stream_.kind();
  if (kind == TokenKind::newline || kind == TokenKind::end_of_file) return;
  std::string hint;
  if (kind == TokenKind::comma) hint = " Arguments are not separated by commas.";
  if (kind == TokenKind::identifier && stream_.peek().begin == stream_.last_end()) {
    hint = " A value with a unit, such as \"30s\", needs quotes.";
  }
  if (kind == TokenKind::equal) hint = " To compare use \"==\".";
  fail(std::string("Missing line end after ") + after,
       std::string("Expected a new line after this ") + after + ", found " + found() + "." + hint);
}

void Parser::parse_block(NativeBody& body, const Token& type) {
  Block block;
  block.type = stream_.text_of(type);
  block.type_range = stream_.range_of(type);
  while (stream_.kind() != TokenKind::open_brace) {
    if (!parse_label(block)) return;
  }
  block.header_range = range_from(type.begin);
  parse_block_body(block, type);
  body.blocks.push_back(std::move(block));
}

bool Parser::parse_label(Block& block) {
  const Token token = stream_.peek();
  if (token.kind == TokenKind::identifier) {
    stream_.take();
    block.labels.push_back({std::string(stream_.text_of(token)), stream_.range_of(token)});
    return true;
  }
  if (token.kind != TokenKind::open_quote) {
    fail("Invalid block definition", "Expected \"{\" to open the body of block \"" + block.type +
                                         "\", or a label before it; found " + found() + ".");
    return false;
  }
  const NodePtr node = parse_quoted();
  if (recovering_) return false;
  const std::string* text = as_plain_text(*node);
  if (text == nullptr) {
    fail_at("Invalid label", "A block's label is plain text; it can't contain ${ } or %{ }.",
            node->range);
    return false;
  }
  block.labels.push_back({*text, node->range});
  return true;
}

void Parser::parse_block_body(Block& block, const Token& type) {
  const Token open = stream_.take();
  auto body = std::make_shared<NativeBody>();
  block.body = body;
  body->end = stream_.range_of(open);
  body->whole = stream_.range_of(open);
  parse_between_braces(*body);
  if (recovering_) return;
  if (stream_.kind() != TokenKind::close_brace) {
    // The blocks around it have no end either, for the same reason.
    if (std::exchange(end_reported_, true)) {
      recovering_ = true;
      return;
    }
    fail_at(
        "Block without end",
        "The file ended inside this block. Expected \"}\" for the \"{\" of \"" + block.type + "\".",
        stream_.range_of(type));
    return;
  }
  body->end = stream_.range_of(stream_.take());
  body->whole = range_from(open.begin);
  expect_line_end("block");
}

void Parser::parse_between_braces(NativeBody& body) {
  const TokenKind first = stream_.kind();
  Nesting nesting(*this, TokenKind::open_brace);
  if (!nesting.ok()) return;
  if (first == TokenKind::newline || first == TokenKind::end_of_file) {
    parse_items(body, true);
  } else {
    Bracket brace(*this, TokenKind::open_brace);
    parse_single_line(body);
  }
}

void Parser::parse_single_line(NativeBody& body) {
  if (stream_.kind() == TokenKind::close_brace) return;
  if (stream_.kind() != TokenKind::identifier || stream_.kind_after() != TokenKind::equal) {
    fail("Invalid one-line block",
         "A block on one line can hold one argument (name = value) and nothing else; write it "
         "with a new line after \"{\".");
    return;
  }
  const Token name = stream_.take();
  stream_.take();  // =
  Attribute attribute;
  attribute.name = stream_.text_of(name);
  attribute.name_range = stream_.range_of(name);
  attribute.expression = Expression(parse_expression());
  body.attributes.push_back(std::move(attribute));
  if (!recovering_ && stream_.kind() != TokenKind::close_brace) {
    fail("Invalid one-line block",
         "A block on one line can hold one argument and nothing else. Expected \"}\", found " +
             found() + "; write the block with a new line after \"{\" and each argument.");
  }
}

}  // namespace yurt::hcl
