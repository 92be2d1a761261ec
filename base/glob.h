// Shell-like patterns for whole strings: '*' any run of characters, '?' any one character.
#pragma once

#include <string_view>

namespace yurt {

// Linear in the two lengths' product at worst; never recursive.
[[nodiscard]] bool glob_match(std::string_view pattern, std::string_view text);

}  // namespace yurt
