// Terms: literals, names, calls, parentheses, tuples, objects, for-expressions.
#include "jobspec/hcl/parser.h"

namespace yurt::hcl {

NodePtr Parser::unexpected_term() {
  if (stream_.kind() == TokenKind::end_of_file || stream_.kind() == TokenKind::newline) {
    fail("Missing expression", "Expected a value, found " + found() + ".");
  } else {
    fail("Invalid expression", "Expected the start of a value, found " + found() + ".");
  }
  return invalid();
}

NodePtr Parser::parse_term() {
  switch (stream_.kind()) {
    case TokenKind::number: return parse_number();
    case TokenKind::identifier: return parse_identifier();
    case TokenKind::open_quote: return parse_quoted();
    case TokenKind::open_heredoc: return parse_heredoc();
    case TokenKind::open_paren: return parse_parentheses();
    case TokenKind::open_bracket: return parse_tuple();
    case TokenKind::open_brace: return parse_object();
    default: return unexpected_term();
  }
}

NodePtr Parser::parse_number() {
  const Token token = stream_.peek();
  const auto number = Number::parse(stream_.text_of(token));
  if (!number) {
    fail("Invalid number", "Numbers lie between 1e-" + std::to_string(Number::max_exponent) +
                               " and 1e" + std::to_string(Number::max_exponent) + ".");
    return invalid();
  }
  stream_.take();
  return std::make_shared<LiteralNode>(stream_.range_of(token), Value::number(*number));
}

NodePtr Parser::parse_identifier() {
  const Token token = stream_.take();
  if (stream_.kind() == TokenKind::open_paren) return parse_call(token);
  const std::string name(stream_.text_of(token));
  const Range range = stream_.range_of(token);
  if (name == "true" || name == "false") {
    return std::make_shared<LiteralNode>(range, Value::boolean(name == "true"));
  }
  if (name == "null") return std::make_shared<LiteralNode>(range, Value());
  auto node = std::make_shared<TraversalNode>(range, name);
  node->text = name;
  node->text_begin = token.begin;
  node->root_range = range;
  return node;
}

NodePtr Parser::parse_call(const Token& name) {
  stream_.take();  // (
  TokenStream::Lines hidden(stream_, false);
  Bracket bracket(*this, TokenKind::open_paren);
  std::vector<NodePtr> arguments;
  bool expand_last = false;
  while (stream_.kind() != TokenKind::close_paren) {
    arguments.push_back(parse_expression());
    if (recovering_) return arguments.back();
    if (stream_.kind() == TokenKind::ellipsis) {
      stream_.take();
      expand_last = true;
      if (stream_.kind() != TokenKind::close_paren) {
        fail("Missing closing parenthesis",
             "Expected \")\": an argument expanded with \"...\" is the last one.");
        return invalid();
      }
      break;
    }
    if (stream_.kind() == TokenKind::comma) {
      stream_.take();
    } else if (stream_.kind() != TokenKind::close_paren) {
      fail("Missing argument separator",
           "Expected \",\" before the next argument or \")\" to end "
           "the call, found " +
               found() + ".");
      return invalid();
    }
  }
  stream_.take();  // )
  auto node =
      std::make_shared<CallNode>(range_from(name.begin), std::string(stream_.text_of(name)));
  node->name_range = stream_.range_of(name);
  node->arguments = std::move(arguments);
  node->expand_last = expand_last;
  return node;
}

NodePtr Parser::parse_parentheses() {
  const Token open = stream_.take();
  TokenStream::Lines hidden(stream_, false);
  Bracket bracket(*this, TokenKind::open_paren);
  NodePtr inner = parse_expression();
  if (recovering_ ||
      !expect(TokenKind::close_paren, "Unbalanced parentheses", "\")\" to end the expression")) {
    return invalid();
  }
  return std::make_shared<ParenthesesNode>(range_from(open.begin), std::move(inner));
}

NodePtr Parser::parse_tuple() {
  const Token open = stream_.take();
  TokenStream::Lines hidden(stream_, false);
  Bracket bracket(*this, TokenKind::open_bracket);
  if (stream_.at_keyword("for")) return parse_for(open);
  std::vector<NodePtr> elements;
  while (stream_.kind() != TokenKind::close_bracket) {
    elements.push_back(parse_expression());
    if (recovering_) return elements.back();
    if (stream_.kind() == TokenKind::comma) {
      stream_.take();
    } else if (stream_.kind() != TokenKind::close_bracket) {
      fail("Missing item separator",
           "Expected \",\" before the next item or \"]\" to end the list, found " + found() + ".");
      return invalid();
    }
  }
  stream_.take();  // ]
  return std::make_shared<TupleNode>(range_from(open.begin), std::move(elements));
}

NodePtr Parser::parse_object() {
  const Token open = stream_.take();
  Bracket bracket(*this, TokenKind::open_brace);
  {
    // For-expressions ignore line ends, object items don't.
    TokenStream::Lines hidden(stream_, false);
    const TokenKind after = stream_.kind_after();
    if (stream_.at_keyword("for") && after != TokenKind::equal && after != TokenKind::colon) {
      return parse_for(open);
    }
  }
  TokenStream::Lines visible(stream_, true);
  auto node = std::make_shared<ObjectNode>(stream_.range_of(open));
  while (true) {
    while (stream_.kind() == TokenKind::newline) stream_.take();
    if (stream_.kind() == TokenKind::close_brace) break;
    if (!parse_object_item(*node)) return invalid();
  }
  stream_.take();  // }
  node->range = range_from(open.begin);
  return node;
}

bool Parser::parse_object_item(ObjectNode& object) {
  ObjectNode::Item item;
  item.key = parse_object_key();
  if (recovering_) return false;
  if (stream_.kind() != TokenKind::equal && stream_.kind() != TokenKind::colon) {
    fail("Missing attribute value",
         "Expected \"=\" and a value after the key, found " + found() + ".");
    return false;
  }
  stream_.take();
  item.value = parse_expression();
  if (recovering_) return false;
  object.items.push_back(std::move(item));
  switch (stream_.kind()) {
    case TokenKind::comma:
    case TokenKind::newline: stream_.take(); return true;
    case TokenKind::close_brace: return true;
    default:
      fail("Missing attribute separator",
           "Expected a new line or \",\" before the next item or \"}\" to end the object, found " +
               found() + ".");
      return false;
  }
}

NodePtr Parser::parse_object_key() {
  const Token first = stream_.peek();
  NodePtr key = parse_expression();
  if (recovering_ || first.kind != TokenKind::identifier) return key;
  if (stream_.last_end() == first.end) {
    return std::make_shared<LiteralNode>(key->range,
                                         Value::string(std::string(stream_.text_of(first))));
  }
  if (key->kind == NodeKind::traversal) {
    fail_at("Ambiguous key",
            "To use this reference's value as the key write it in parentheses; for a key with a "
            "dot in it write it in quotes.",
            key->range);
  }
  return key;
}

// The bracket is taken, the keyword "for" is next.
NodePtr Parser::parse_for(const Token& open) {
  TokenStream::Lines hidden(stream_, false);
  auto node = std::make_shared<ForNode>(stream_.range_of(open));
  const bool makes_object = open.kind == TokenKind::open_brace;
  if (!parse_for_introduction(*node)) return invalid();
  node->value = parse_expression();
  if (recovering_) return invalid();
  if (stream_.kind() == TokenKind::fat_arrow) {
    if (!makes_object) {
      fail("Invalid for expression", "A key (\"=>\") makes an object: use { } instead of [ ].");
      return invalid();
    }
    stream_.take();
    node->key = std::move(node->value);
    node->value = parse_expression();
    if (recovering_) return invalid();
  } else if (makes_object) {
    fail("Invalid for expression",
         "Expected \"=>\" and a value: a for expression in { } needs a key and a value.");
    return invalid();
  }
  if (stream_.kind() == TokenKind::ellipsis) {
    if (!makes_object) {
      fail("Invalid for expression", "Grouping (\"...\") is for objects only: use { } with a key.");
      return invalid();
    }
    stream_.take();
    node->group = true;
  }
  if (stream_.at_keyword("if")) {
    stream_.take();
    node->condition = parse_expression();
    if (recovering_) return invalid();
  }
  if (!expect(
          makes_object ? TokenKind::close_brace : TokenKind::close_bracket,
          "Invalid for expression",
          makes_object ? "\"}\" to end the for expression" : "\"]\" to end the for expression")) {
    return invalid();
  }
  node->range = range_from(open.begin);
  return node;
}

// for k, v in collection :
bool Parser::parse_for_introduction(ForNode& node) {
  return parse_for_introduction_without_colon(node) &&
         expect(TokenKind::colon, "Invalid for expression", "\":\" after the collection");
}

bool Parser::parse_for_introduction_without_colon(ForNode& node) {
  stream_.take();  // for
  const auto name = [&](std::string& into) {
    into = stream_.text_of(stream_.peek());
    return expect(TokenKind::identifier, "Invalid for expression", "a variable name after \"for\"");
  };
  if (!name(node.value_name)) return false;
  if (stream_.kind() == TokenKind::comma) {
    stream_.take();
    node.key_name = std::move(node.value_name);
    if (!name(node.value_name)) return false;
  }
  if (!stream_.at_keyword("in")) {
    fail("Invalid for expression",
         "Expected \"in\" and a collection after the variable names, "
         "found " +
             found() + ".");
    return false;
  }
  stream_.take();
  node.collection = parse_expression();
  return !recovering_;
}

}  // namespace yurt::hcl
