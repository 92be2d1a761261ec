#include "agent/fs/alloc_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <memory>

#include "agent/fs/read_descriptor.h"

namespace yurt::agent {
namespace {

constexpr std::size_t sniffed_bytes = 512;

// Where an open descriptor leads, after all links.
std::string real_path(int fd) {
  char buffer[PATH_MAX];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t size = ::readlink(link.c_str(), buffer, sizeof buffer);
  return size < 0 ? "" : std::string(buffer, static_cast<std::size_t>(size));
}

// "<task>/secrets", "<task>/private" and what is below them.
bool is_hidden(std::string_view inside) {
  const std::size_t first = inside.find('/');
  if (first == std::string_view::npos) return false;
  std::string_view folder = inside.substr(first + 1);
  folder = folder.substr(0, folder.find('/'));
  return inside.substr(0, first) != "alloc" && (folder == "secrets" || folder == "private");
}

model::FileInfo describe(const std::string& name, const struct stat& info) {
  model::FileInfo file;
  file.set_name(name);
  file.set_is_dir(S_ISDIR(info.st_mode));
  file.set_size(info.st_size);
  file.set_file_mode(go_file_mode(info.st_mode));
  file.set_mod_time(info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec);
  return file;
}

std::string base_name(std::string_view path) {
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  return std::string(path.substr(path.rfind('/') + 1));
}

void add_content_type(model::FileInfo& file, int fd) {
  if (const auto head = read_at(fd, 0, sniffed_bytes); head.ok()) {
    file.set_content_type(sniff_content_type(*head));
  }
}

}  // namespace

Result<AllocFiles> AllocFiles::open(const std::filesystem::path& root) {
  auto confined = ConfinedRoot::open(root);
  if (!confined.ok()) {
    return Error{ErrorCode::not_found, "the allocation's folder has been removed from the node"};
  }
  YURT_ASSIGN(const UniqueFd folder, confined->open_folder(""));
  return AllocFiles(std::move(*confined), real_path(folder.get()));
}

Result<UniqueFd> AllocFiles::open_checked(std::string_view path, int flags) const {
  auto opened = root_.open_file(path, flags | O_NONBLOCK);
  if (!opened.ok()) {
    const auto& error = opened.error();
    return Error{error.code == ErrorCode::io ? ErrorCode::not_found : error.code, error.message};
  }
  const std::string real = real_path(opened->get());
  if (real != real_root_ && real.rfind(real_root_ + "/", 0) != 0) {
    return Error{ErrorCode::permission_denied, "Path escapes the alloc directory"};
  }
  if (real != real_root_ && is_hidden(std::string_view(real).substr(real_root_.size() + 1))) {
    return Error{ErrorCode::permission_denied,
                 "Reading secret file prohibited: " + std::string(path)};
  }
  return opened;
}

Result<UniqueFd> AllocFiles::open_file(std::string_view path) const {
  YURT_ASSIGN(UniqueFd file, open_checked(path, O_RDONLY));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return system_error(std::string(path), errno);
  if (!S_ISREG(info.st_mode)) {
    return Error{ErrorCode::invalid_argument, "\"" + std::string(path) + "\" is no regular file"};
  }
  return file;
}

Result<model::FileInfo> AllocFiles::stat(std::string_view path) const {
  YURT_ASSIGN(const UniqueFd file, open_checked(path, O_RDONLY));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return system_error(std::string(path), errno);
  YURT_ASSIGN(const std::string normalized, normalized_path(path));
  auto described = describe(base_name(normalized), info);
  if (S_ISREG(info.st_mode)) add_content_type(described, file.get());
  return described;
}

Result<std::vector<model::FileInfo>> AllocFiles::list(std::string_view path) const {
  YURT_ASSIGN(UniqueFd folder, open_checked(path, O_RDONLY));
  struct stat own {};
  if (::fstat(folder.get(), &own) != 0) return system_error(std::string(path), errno);
  if (!S_ISDIR(own.st_mode)) {
    YURT_ASSIGN(model::FileInfo file, stat(path));
    return std::vector<model::FileInfo>{std::move(file)};
  }
  const int fd = folder.get();
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(folder.release()), ::closedir);
  if (!stream) return system_error(std::string(path), errno);
  std::vector<model::FileInfo> files;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string name = entry->d_name;
    struct stat info {};
    if (name == "." || name == ".." ||
        ::fstatat(fd, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      continue;
    }
    files.push_back(describe(name, info));
    if (!S_ISREG(info.st_mode)) continue;
    const UniqueFd file(::openat(fd, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (file.valid()) add_content_type(files.back(), file.get());
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.name() < b.name(); });
  return files;
}

std::string go_file_mode(unsigned mode) {
  std::string text;
  if (S_ISDIR(mode)) text += 'd';
  if (S_ISLNK(mode)) text += 'L';
  if (S_ISFIFO(mode)) text += 'p';
  if (S_ISSOCK(mode)) text += 'S';
  if (S_ISBLK(mode) || S_ISCHR(mode)) text += 'D';
  if (S_ISCHR(mode)) text += 'c';
  if ((mode & S_ISUID) != 0) text += 'u';
  if ((mode & S_ISGID) != 0) text += 'g';
  if ((mode & S_ISVTX) != 0) text += 't';
  if (text.empty()) text = "-";
  const char letters[] = "rwxrwxrwx";
  for (int bit = 8; bit >= 0; --bit) {
    text += ((mode >> bit) & 1U) != 0 ? letters[8 - bit] : '-';
  }
  return text;
}

std::string sniff_content_type(std::string_view first_bytes) {
  const std::pair<std::string_view, const char*> magics[] = {
      {"\x89PNG\r\n\x1a\n", "image/png"},
      {"\xff\xd8\xff", "image/jpeg"},
      {"GIF8", "image/gif"},
      {"%PDF-", "application/pdf"},
      {"\x1f\x8b", "application/x-gzip"},
      {"PK\x03\x04", "application/zip"},
      {"<!DOCTYPE html", "text/html; charset=utf-8"},
      {"<html", "text/html; charset=utf-8"},
      {"<?xml", "text/xml; charset=utf-8"},
  };
  for (const auto& [magic, type] : magics) {
    if (first_bytes.substr(0, magic.size()) == magic) return type;
  }
  const bool binary = std::any_of(first_bytes.begin(), first_bytes.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b;
  });
  return binary ? "application/octet-stream" : "text/plain; charset=utf-8";
}

}  // namespace yurt::agent
