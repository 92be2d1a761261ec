// Standard base64 with padding (RFC 4648 §4), as JSON carries bytes.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace yurt {

[[nodiscard]] std::string base64_encode(std::string_view bytes);
// invalid_argument when `text` is not padded standard base64.
[[nodiscard]] Result<std::string> base64_decode(std::string_view text);

}  // namespace yurt
