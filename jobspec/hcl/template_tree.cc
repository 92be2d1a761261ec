// Templates: matching %{ if }, %{ else }, %{ endif } and %{ for }, %{ endfor } into a tree.
#include "jobspec/hcl/template_parser.h"

namespace yurt::hcl {

NodePtr TemplateParser::parse() {
  if (!read_parts()) return parser_.invalid();
  const Range range = parser_.range_from(begin_);
  if (flush_) remove_shared_indentation();
  if (parts_.size() == 2 && parts_[0].kind == PartKind::interpolation) {
    return std::make_shared<TemplateWrapNode>(range, parts_[0].expression);
  }
  const NodePtr content = parse_sequence([](PartKind kind) { return kind == PartKind::end; });
  if (parser_.recovering_) return content;
  return std::make_shared<TemplateNode>(range, as<TemplateNode>(*content).parts);
}

NodePtr TemplateParser::parse_sequence(bool (*until)(PartKind)) {
  std::vector<NodePtr> nodes;
  const Range start = parts_[next_].range;
  while (!until(parts_[next_].kind)) {
    const Part& part = parts_[next_];
    if (part.kind == PartKind::literal) {
      nodes.push_back(std::make_shared<LiteralNode>(part.range, Value::string(part.text)));
      ++next_;
    } else if (part.kind == PartKind::interpolation) {
      nodes.push_back(part.expression);
      ++next_;
    } else {
      nodes.push_back(parse_directive());
      if (parser_.recovering_) return nodes.back();
    }
  }
  const Range range = nodes.empty() ? start : nodes.front()->range.through(nodes.back()->range);
  return std::make_shared<TemplateNode>(range, std::move(nodes));
}

NodePtr TemplateParser::fail_directive(const char* summary, const char* detail,
                                       const Range& where) {
  parser_.fail_at(summary, detail, where);
  return std::make_shared<InvalidNode>(where);
}

NodePtr TemplateParser::parse_directive() {
  Parser::Nesting nesting(parser_);
  const Part& part = parts_[next_];
  if (!nesting.ok()) return std::make_shared<InvalidNode>(part.range);
  switch (part.kind) {
    case PartKind::begin_if: ++next_; return parse_if(part);
    case PartKind::begin_for: ++next_; return parse_for(part);
    case PartKind::else_:
      return fail_directive("Unexpected else", "There is no %{ if } open that this belongs to.",
                            part.range);
    case PartKind::endif:
      return fail_directive("Unexpected endif", "There is no %{ if } open that this would end.",
                            part.range);
    case PartKind::endfor:
      return fail_directive("Unexpected endfor", "There is no %{ for } open that this would end.",
                            part.range);
    default:
      return fail_directive("Directive without end",
                            "The template ended before its %{ if } or %{ for } did.", part.range);
  }
}

NodePtr TemplateParser::parse_if(const Part& start) {
  const auto ends_branch = [](PartKind kind) {
    return kind == PartKind::else_ || kind == PartKind::endif || kind == PartKind::endfor ||
           kind == PartKind::end;
  };
  NodePtr when_true = parse_sequence(ends_branch);
  if (parser_.recovering_) return when_true;
  NodePtr when_false;
  if (parts_[next_].kind == PartKind::else_) {
    ++next_;
    when_false = parse_sequence(ends_branch);
    if (parser_.recovering_) return when_false;
  }
  if (parts_[next_].kind == PartKind::else_) {
    return fail_directive("Unexpected else", "This %{ if } already has an %{ else }.",
                          parts_[next_].range);
  }
  if (parts_[next_].kind != PartKind::endif) {
    return fail_directive("If without end", "Expected %{ endif } for this %{ if }.", start.range);
  }
  const Range range = start.range.through(parts_[next_].range);
  ++next_;
  if (!when_false) when_false = std::make_shared<LiteralNode>(range, Value::string(""));
  return std::make_shared<ConditionalNode>(range, start.expression, std::move(when_true),
                                           std::move(when_false));
}

NodePtr TemplateParser::parse_for(const Part& start) {
  NodePtr content = parse_sequence([](PartKind kind) {
    return kind == PartKind::endfor || kind == PartKind::endif || kind == PartKind::else_ ||
           kind == PartKind::end;
  });
  if (parser_.recovering_) return content;
  if (parts_[next_].kind != PartKind::endfor) {
    return fail_directive("For without end", "Expected %{ endfor } for this %{ for }.",
                          start.range);
  }
  const Range range = start.range.through(parts_[next_].range);
  ++next_;
  start.loop->range = range;
  start.loop->value = std::move(content);
  return std::make_shared<TemplateJoinNode>(range, start.loop);
}

}  // namespace yurt::hcl
