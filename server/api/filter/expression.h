// Node: a parsed and checked filter expression, as a tree.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>
#include <variant>

#include "server/api/filter/selector.h"

namespace yurt::server::filter {

struct Node {
  enum class Kind {
    both,      // left and right
    either,    // left or right
    negation,  // not left
    equal,     // selector == literal
    contains,  // literal in selector, as an element, a key or a part of the text
    matches,   // selector matches the pattern
    empty,
    nil,
    any,  // some element of selector fulfils left
    all,  // every element does
  };
  Kind kind = Kind::both;
  std::shared_ptr<const Node> left, right;
  Selector selector;
  // The literal as written, and as a value of the type it is compared with.
  std::string literal;
  std::variant<bool, std::int64_t, std::uint64_t, double, std::string> value;
  std::shared_ptr<const RE2> pattern;
  // any, all: whether the scope gets key (or position) and value, or one of them.
  bool binds_key = false, binds_value = false;
};

}  // namespace yurt::server::filter
