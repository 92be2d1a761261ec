// Parsing: text in, Body or Expression out, mistakes into the diagnostics.
//
// The parser recovers from a mistake and goes on, so that it reports all of them; what it returns
// then still holds everything that could be understood. Pure functions; thread-safe.
#pragma once

#include "jobspec/hcl/body.h"
#include "jobspec/hcl/diagnostic.h"
#include "jobspec/hcl/expression.h"
#include "jobspec/hcl/source.h"
#include "jobspec/hcl/type.h"

namespace yurt::hcl {

// Texts longer than this are refused.
inline constexpr std::size_t max_source_bytes = 64U << 20;
// Blocks, expressions and values nested deeper than this are refused.
inline constexpr std::uint32_t max_nesting = 100;

// A file: JSON syntax when the first byte that is no white space is '{', else native syntax.
// Never null.
[[nodiscard]] BodyPtr parse_body(const SourcePtr& source, Diagnostics& diagnostics);

// A whole text as one native-syntax expression (a -var value). Not valid() when it is none.
[[nodiscard]] Expression parse_expression(const SourcePtr& source, Diagnostics& diagnostics);

// A type expression: string, number, bool, any, list(…), set(…), map(…), object({…}), tuple([…]),
// and optional(type, default) inside object. nullopt after an error.
[[nodiscard]] std::optional<Type> parse_type(const Expression& expression,
                                             Diagnostics& diagnostics);

}  // namespace yurt::hcl
