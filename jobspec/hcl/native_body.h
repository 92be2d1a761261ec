// The body of a file or block in native syntax, as the parser builds it.
#pragma once

#include <vector>

#include "jobspec/hcl/body.h"

namespace yurt::hcl {

// Filled by the parser, immutable from then on.
class NativeBody final : public Body {
 public:
  std::vector<Attribute> attributes;  // distinct names
  std::vector<Block> blocks;
  Range whole;
  Range end;  // the closing brace, or the end of the file

  [[nodiscard]] BodyContent content(const BodySchema& schema, bool with_dynamic,
                                    Diagnostics& diagnostics) const override;
  [[nodiscard]] BodyContent all(Diagnostics& diagnostics) const override;
  [[nodiscard]] Range range() const override { return whole; }
  [[nodiscard]] Range missing_item_range() const override { return end; }
};

}  // namespace yurt::hcl
