// Who this server is: a UUID made at its first start and kept in its data folder.
#pragma once

#include <filesystem>
#include <string>

#include "base/random.h"
#include "base/result.h"

namespace yurt::server {

[[nodiscard]] Result<std::string> load_or_make_server_id(const std::filesystem::path& data_dir,
                                                         Random& random);

}  // namespace yurt::server
