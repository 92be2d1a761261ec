#include "agent/state/identity.h"

#include "base/file.h"

namespace yurt::agent {
namespace {

std::string without_space_around(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

Result<Uuid> load_or_create(const std::filesystem::path& path, unsigned mode, Random& random) {
  auto text = read_file(path);
  if (text.ok()) {
    const auto uuid = Uuid::parse(without_space_around(*text));
    if (!uuid) {
      return Error{
          ErrorCode::corrupt,
          path.string() + " does not hold a UUID; remove it to give the node a new identity"};
    }
    return *uuid;
  }
  if (text.error().code != ErrorCode::not_found) return text.error();
  const Uuid uuid = Uuid::generate(random);
  YURT_TRY(write_file_atomically(path, uuid.to_string() + "\n", mode));
  return uuid;
}

}  // namespace

Result<NodeIdentity> load_or_create_identity(const std::filesystem::path& data_dir,
                                             Random& random) {
  YURT_ASSIGN(const Uuid id, load_or_create(data_dir / "node-id", 0644, random));
  YURT_ASSIGN(const Uuid secret, load_or_create(data_dir / "node-secret", 0600, random));
  return NodeIdentity{NodeId{id}, secret.to_string()};
}

std::string read_boot_id() {
  return without_space_around(read_file("/proc/sys/kernel/random/boot_id").value_or(""));
}

}  // namespace yurt::agent
