#include "drivers/shim/process/spec_view.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace yurt::shim {
namespace {

// Takes NUL-terminated strings one after another; nullptr once they are used up.
class StringReader {
 public:
  StringReader(char* text, std::size_t size) : at_(text), end_(text + size) {}
  char* next() {
    if (at_ == end_) return nullptr;
    auto* nul = static_cast<char*>(std::memchr(at_, '\0', static_cast<std::size_t>(end_ - at_)));
    if (nul == nullptr) return nullptr;
    char* text = at_;
    at_ = nul + 1;
    return text;
  }
  bool take(std::uint32_t count, char** into) {
    for (std::uint32_t i = 0; i < count; ++i) {
      if ((into[i] = next()) == nullptr) return false;
    }
    into[count] = nullptr;
    return true;
  }

 private:
  char* at_;
  char* end_;
};

}  // namespace

bool map_spec(int fd, SpecView& view) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return false;
  const auto size = static_cast<std::size_t>(info.st_size);
  errno = EINVAL;
  if (size < sizeof(SpecHeader)) return false;
  void* mapping = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  if (mapping == MAP_FAILED) return false;
  auto* bytes = static_cast<char*>(mapping);
  const auto* header = reinterpret_cast<const SpecHeader*>(bytes);
  const std::size_t groups_bytes = std::size_t{header->group_count} * sizeof(std::uint32_t);
  errno = EINVAL;
  if (header->magic != spec_magic || header->version != protocol_version ||
      size != sizeof(SpecHeader) + groups_bytes + header->text_bytes) {
    return false;
  }
  const std::size_t pointer_count = std::size_t{header->argument_count} +
                                    header->environment_count + header->cgroup_operation_count + 3;
  if (pointer_count > size + 3) return false;  // each string has at least its NUL
  void* pointers = ::mmap(nullptr, pointer_count * sizeof(char*), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pointers == MAP_FAILED) return false;
  view.header = header;
  view.groups = reinterpret_cast<const std::uint32_t*>(bytes + sizeof(SpecHeader));
  view.arguments = static_cast<char**>(pointers);
  view.environment = view.arguments + header->argument_count + 1;
  view.cgroup_operations = view.environment + header->environment_count + 1;
  StringReader reader(bytes + sizeof(SpecHeader) + groups_bytes, header->text_bytes);
  view.program = reader.next();
  view.work_folder = reader.next();
  view.log_folder = reader.next();
  view.stdout_prefix = reader.next();
  view.stderr_prefix = reader.next();
  errno = EINVAL;
  return view.stderr_prefix != nullptr && reader.take(header->argument_count, view.arguments) &&
         reader.take(header->environment_count, view.environment) &&
         reader.take(header->cgroup_operation_count, view.cgroup_operations);
}

}  // namespace yurt::shim
