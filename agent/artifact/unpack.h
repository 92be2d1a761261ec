// Unpacking archives into a folder, with nothing landing outside of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace yurt::agent {

struct UnpackLimits {
  std::int64_t max_bytes = 100LL << 30;  // of all files together, unpacked
  std::int64_t max_entries = 1'000'000;
};

// Whether the name looks like an archive that unpack() reads.
[[nodiscard]] bool is_archive_name(const std::string& name);

// Unpacks into `folder`, which exists and nobody else writes to. A compressed single file becomes
// the file without the ending. permission_denied for an archive whose entries or links lead out,
// and for devices; corrupt for what can't be read.
[[nodiscard]] Status unpack(const std::filesystem::path& archive, const std::string& archive_name,
                            const std::filesystem::path& folder, const UnpackLimits& limits,
                            const std::atomic<bool>& cancelled);

}  // namespace yurt::agent
