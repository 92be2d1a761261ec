#include "server/server_identity.h"

#include "base/file.h"
#include "base/ids.h"

namespace yurt::server {

Result<std::string> load_or_make_server_id(const std::filesystem::path& data_dir, Random& random) {
  const auto path = data_dir / "server-id";
  const auto stored = read_file(path);
  if (stored.ok()) {
    const auto uuid = Uuid::parse(*stored);
    if (!uuid) {
      return Error{ErrorCode::corrupt, path.string() +
                                           " does not hold a UUID; restore it from a backup, or "
                                           "remove the data folder and let the server join anew"};
    }
    return uuid->to_string();
  }
  if (stored.error().code != ErrorCode::not_found) return stored.error();
  const std::string made = Uuid::generate(random).to_string();
  YURT_TRY(write_file_atomically(path, made, 0600));
  return made;
}

}  // namespace yurt::server
