// Reading what an open descriptor holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace yurt::agent {

// Everything from the current position to the end. invalid_argument for what is no regular file,
// resource_exhausted beyond `max_bytes`.
[[nodiscard]] Result<std::string> read_descriptor(int fd, std::size_t max_bytes);

// Up to `count` bytes from `offset`, fewer only at the end of the file.
[[nodiscard]] Result<std::string> read_at(int fd, std::int64_t offset, std::size_t count);

}  // namespace yurt::agent
