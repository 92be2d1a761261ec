#include "jobspec/hcl/parse.h"

#include "jobspec/hcl/json_body.h"
#include "jobspec/hcl/parser.h"

namespace yurt::hcl {
namespace {

bool check_size(const SourcePtr& source, Diagnostics& diagnostics) {
  if (source->text().size() <= max_source_bytes) return true;
  diagnostics.error("File too large",
                    "A file can have at most " + std::to_string(max_source_bytes >> 20U) + " MiB.",
                    {source, 0, 0});
  return false;
}

bool is_json(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

}  // namespace

BodyPtr parse_body(const SourcePtr& source, Diagnostics& diagnostics) {
  if (!check_size(source, diagnostics)) {
    auto empty = std::make_shared<NativeBody>();
    empty->whole = empty->end = {source, 0, 0};
    return empty;
  }
  if (is_json(source->text())) return parse_json_body(source, diagnostics);
  TokenStream stream(source->text(), LexMode::expressions, source, 0, {});
  return Parser(stream, diagnostics).parse_file();
}

Expression parse_expression(const SourcePtr& source, Diagnostics& diagnostics) {
  if (!check_size(source, diagnostics)) return {};
  const std::size_t errors_before = diagnostics.error_count();
  TokenStream stream(source->text(), LexMode::expressions, source, 0, {});
  NodePtr node = Parser(stream, diagnostics).parse_whole_expression();
  return diagnostics.error_count() > errors_before ? Expression() : Expression(std::move(node));
}

}  // namespace yurt::hcl
