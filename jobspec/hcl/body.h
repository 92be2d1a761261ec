// Body: the inside of a file or block, read by a schema, the same for native and JSON syntax.
//
// In native syntax `a = 1` is an attribute and `a { }` a block, whatever the schema says; JSON has
// objects only, so there the schema decides. Decoders therefore ask for what they know:
//
//   BodySchema schema;
//   schema.attributes = {{"count"}};
//   schema.blocks = {{"task", {"name"}}};
//   BodyContent content = read_body(*body, schema, context, diagnostics);
//   for (const Attribute& a : content.attributes) evaluate(a.expression, *content.context, diags);
//   for (const Block& b : content.blocks) …decode(*b.body, b.context)…
//
// read_body also expands `dynamic` blocks; each resulting Block carries the context (iterator
// included) its body is to be evaluated in. Bodies are immutable; safe to share between threads.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "jobspec/hcl/context.h"
#include "jobspec/hcl/diagnostic.h"
#include "jobspec/hcl/expression.h"

namespace yurt::hcl {

class Body;
using BodyPtr = std::shared_ptr<const Body>;

struct Attribute {
  std::string name;
  Range name_range;
  Expression expression;
};

struct Label {
  std::string text;
  Range range;
};

struct Block {
  std::string type;
  std::vector<Label> labels;
  Range type_range;
  // The header: type and labels.
  Range header_range;
  BodyPtr body;
  // What the body is to be evaluated in; the caller's own context unless a dynamic block made it.
  ContextPtr context;
};

struct AttributeSchema {
  std::string name;
  bool required = false;
};

struct BlockSchema {
  std::string type;
  std::vector<std::string> label_names;  // as many labels as names, e.g. {"name"}
};

// A name may be both an attribute and a block (`meta = {…}` and `meta {…}`).
struct BodySchema {
  std::vector<AttributeSchema> attributes;
  std::vector<BlockSchema> blocks;
};

// Both in source order.
struct BodyContent {
  std::vector<Attribute> attributes;
  std::vector<Block> blocks;

  [[nodiscard]] const Attribute* find(std::string_view name) const;
};

class Body {
 public:
  virtual ~Body() = default;
  // What the schema names. Everything else is an error with a hint at the closest known name, as
  // are a missing required attribute, an attribute set twice and a wrong number of labels.
  // `dynamic` blocks come back as blocks of type "dynamic" with one label when `with_dynamic`.
  // Blocks have no context yet.
  [[nodiscard]] virtual BodyContent content(const BodySchema& schema, bool with_dynamic,
                                            Diagnostics& diagnostics) const = 0;
  // Everything, without a schema: in native syntax attributes and blocks (dynamic ones as such)
  // as written; in JSON every property as an attribute. Blocks have no context yet.
  [[nodiscard]] virtual BodyContent all(Diagnostics& diagnostics) const = 0;
  // The whole body with its braces (for a file: the whole text).
  [[nodiscard]] virtual Range range() const = 0;
  // Where a missing item would be added: the closing brace, or the end of the file.
  [[nodiscard]] virtual Range missing_item_range() const = 0;
};

// Body::content with `dynamic` blocks expanded in place, and `context` or a child of it in every
// block.
[[nodiscard]] BodyContent read_body(const Body& body, const BodySchema& schema,
                                    const ContextPtr& context, Diagnostics& diagnostics);

// Body::all with `dynamic` blocks expanded, contexts as in read_body.
[[nodiscard]] BodyContent read_whole_body(const Body& body, const ContextPtr& context,
                                          Diagnostics& diagnostics);

// A body without a fixed schema (a driver's config) as an object value: attributes by name; blocks
// as lists of objects, repeated ones appended; labels as nested one-element lists of objects keyed
// by label; an attribute that is an object becomes a list of that one object. Nothing is returned
// when there was an error.
[[nodiscard]] std::optional<Value> read_free_form(const Body& body, const ContextPtr& context,
                                                  Diagnostics& diagnostics);

}  // namespace yurt::hcl
