// Reading bodies with their `dynamic` blocks expanded.
#include "jobspec/hcl/ast.h"
#include "jobspec/hcl/body.h"
#include "jobspec/hcl/body_schema.h"
#include "jobspec/hcl/evaluate.h"

namespace yurt::hcl {
namespace {

constexpr std::uint64_t block_cost = 64;

// One `dynamic` block being expanded.
class Expansion {
 public:
  // `schema` is nullptr where any block is allowed.
  Expansion(const Block& dynamic, const BlockSchema* schema, const ContextPtr& context,
            Diagnostics& diagnostics)
      : dynamic_(dynamic), schema_(schema), context_(context), diagnostics_(diagnostics) {}

  void run(std::vector<Block>& out) {
    static const BodySchema inside{{{"for_each", true}, {"iterator", false}, {"labels", false}},
                                   {{"content", {}}}};
    parts_ = dynamic_.body->content(inside, false, diagnostics_);
    const Attribute* for_each = parts_.find("for_each");
    if (for_each == nullptr || !find_content() || !find_iterator()) return;
    const auto collection = evaluate(for_each->expression, *context_, diagnostics_);
    if (!collection) return;
    if (collection->is_sequence()) {
      std::int64_t position = 0;
      const bool is_set = collection->kind() == Value::Kind::set;
      for (const Value& element : collection->elements()) {
        if (!add(is_set ? element : Value::number(position++), element, out)) return;
      }
    } else if (collection->is_mapping()) {
      for (const auto& [key, member] : collection->members()) {
        if (!add(Value::string(key), member, out)) return;
      }
    } else {
      diagnostics_.error("Invalid dynamic for_each value",
                         "Expected a list, set, tuple, map or object with an element for each "
                         "block, found " +
                             std::string(collection->kind_name()) + ".",
                         for_each->expression.range());
    }
  }

 private:
  bool find_content() {
    if (parts_.blocks.size() == 1) return true;
    diagnostics_.error(
        parts_.blocks.empty() ? "Missing content block" : "Extra content block",
        "A dynamic block has exactly one content { ... } block, the body of the "
        "blocks it makes.",
        parts_.blocks.empty() ? dynamic_.header_range : parts_.blocks[1].header_range);
    return false;
  }

  bool find_iterator() {
    iterator_ = dynamic_.labels[0].text;
    const Attribute* attribute = parts_.find("iterator");
    if (attribute == nullptr) return true;
    auto name = attribute->expression.as_keyword();
    if (const std::string* text = as_plain_text(attribute->expression.node())) name = *text;
    if (name && is_identifier(*name)) {
      iterator_ = *name;
      return true;
    }
    diagnostics_.error("Invalid dynamic iterator name",
                       "Expected a name for the variable, without quotes: iterator = item.",
                       attribute->expression.range());
    return false;
  }

  bool add(const Value& key, const Value& value, std::vector<Block>& out) {
    if (!context_->charge(block_cost)) {
      if (context_->report_exhaustion()) {
        diagnostics_.error("Too many blocks",
                           "This dynamic block makes more blocks than is allowed.",
                           dynamic_.header_range);
      }
      return false;
    }
    Block block;
    block.type = dynamic_.labels[0].text;
    block.type_range = dynamic_.labels[0].range;
    block.header_range = dynamic_.header_range;
    block.body = parts_.blocks[0].body;
    Value item = Value::object({{"key", key}, {"value", value}});
    block.context = EvalContext::child(context_, {{iterator_, std::move(item)}});
    if (!add_labels(block)) return false;
    if (schema_ != nullptr && !check_labels(*schema_, block, diagnostics_)) return false;
    out.push_back(std::move(block));
    return true;
  }

  bool add_labels(Block& block) {
    const Attribute* labels = parts_.find("labels");
    if (labels == nullptr) return true;
    const auto values = evaluate_as(labels->expression, Type::list(Type::string()),
                                    "The labels of a dynamic block", *block.context, diagnostics_);
    if (!values) return false;
    if (values->is_null()) return true;
    std::size_t position = 0;
    for (const Value& label : values->elements()) {
      const Range where = labels->expression.range_of({position++});
      if (label.is_null()) {
        diagnostics_.error("Invalid dynamic block label", "A label can't be null.", where);
        return false;
      }
      block.labels.push_back({label.as_string(), where});
    }
    return true;
  }

  const Block& dynamic_;
  const BlockSchema* schema_;
  const ContextPtr& context_;
  Diagnostics& diagnostics_;
  BodyContent parts_;
  std::string iterator_;
};

BodyContent expand(BodyContent content, const BodySchema* schema, const ContextPtr& context,
                   Diagnostics& diagnostics) {
  std::vector<Block> blocks;
  for (Block& block : content.blocks) {
    if (block.type != "dynamic") {
      static_cast<void>(context->charge(block_cost));
      block.context = context;
      blocks.push_back(std::move(block));
      continue;
    }
    const BlockSchema* made = nullptr;
    if (schema != nullptr) {
      made = find_block(*schema, block.labels[0].text);
      if (made == nullptr) {
        report_unknown_block(*schema, block.labels[0].text, block.labels[0].range, diagnostics);
        continue;
      }
    } else if (block.labels.size() != 1) {
      static_cast<void>(check_labels(dynamic_schema(), block, diagnostics));
      continue;
    }
    Expansion(block, made, context, diagnostics).run(blocks);
  }
  content.blocks = std::move(blocks);
  return content;
}

}  // namespace

BodyContent read_body(const Body& body, const BodySchema& schema, const ContextPtr& context,
                      Diagnostics& diagnostics) {
  return expand(body.content(schema, true, diagnostics), &schema, context, diagnostics);
}

BodyContent read_whole_body(const Body& body, const ContextPtr& context, Diagnostics& diagnostics) {
  return expand(body.all(diagnostics), nullptr, context, diagnostics);
}

}  // namespace yurt::hcl
