// Checksums of files: "sha256:<hex>", also md5, sha1 and sha512.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace yurt::agent {

// Ok when the file has this checksum. invalid_argument when `expected` is not of that form,
// corrupt when the file's is another.
[[nodiscard]] Status verify_checksum(const std::filesystem::path& file,
                                     const std::string& expected);

}  // namespace yurt::agent
