#include "agent/artifact/artifact.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <optional>

#include "agent/artifact/checksum.h"
#include "agent/artifact/download.h"
#include "agent/artifact/git.h"
#include "agent/artifact/install.h"
#include "agent/artifact/source.h"
#include "agent/artifact/unpack.h"
#include "agent/fs/confined_root.h"
#include "base/file.h"

namespace yurt::agent {
namespace fs = std::filesystem;
namespace {

// The staging folder, empty at the beginning and gone at the end.
class Staging {
 public:
  explicit Staging(fs::path path) : path_(std::move(path)) { remove(); }
  ~Staging() { remove(); }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  void remove() const {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  fs::path path_;
};

std::string option(const ArtifactSource& source, const char* name) {
  const auto found = source.options.find(name);
  return found == source.options.end() ? "" : found->second;
}

Status copy_from_machine(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy(from, to,
           fs::copy_options::recursive | fs::copy_options::copy_symlinks |
               fs::copy_options::overwrite_existing,
           error);
  if (error == std::errc::no_such_file_or_directory) {
    return Error{ErrorCode::not_found, from.string() + " does not exist on this node"};
  }
  if (error) return system_error("copying " + from.string(), error.value());
  return {};
}

// The wanted part of what was fetched. No link in what came from outside is followed.
Result<fs::path> inner_part(const fs::path& fetched, const std::string& inner) {
  if (inner.empty()) return fetched;
  auto normalized = normalized_path(inner);
  if (!normalized.ok()) return normalized.error();
  YURT_ASSIGN(const ConfinedRoot root, ConfinedRoot::open(fetched));
  auto part = root.open_file(*normalized, O_RDONLY | O_NONBLOCK, 0, ConfinedRoot::Links::none);
  if (!part.ok()) {
    return Error{ErrorCode::not_found, "the artifact holds no \"" + inner + "\""};
  }
  return fetched / *normalized;
}

class Fetch {
 public:
  Fetch(const ArtifactRequest& request, const ArtifactPlaces& places,
        const std::atomic<bool>& cancelled)
      : request_(request), staging_(places.staging), root_(places.root), cancelled_(cancelled) {}

  Status run() {
    YURT_ASSIGN(source_, parse_artifact_source(request_.source, request_.options));
    YURT_TRY(make_folders(staging_.path(), 0700));
    const fs::path fetched = staging_.path() / "fetched";
    YURT_TRY(bring(fetched));
    std::error_code error;
    if (fs::is_directory(fetched, error)) return place_folder(fetched);
    if (const std::string checksum = option(source_, "checksum"); !checksum.empty()) {
      YURT_TRY(verify_checksum(fetched, checksum));
    }
    if (unpacks()) {
      const fs::path folder = staging_.path() / "unpacked";
      YURT_TRY(make_folders(folder, 0755));
      YURT_TRY(unpack(fetched, archive_name(), folder, UnpackLimits{}, cancelled_));
      return place_folder(folder);
    }
    return place_file(fetched, source_.file_name);
  }

 private:
  Status bring(const fs::path& to) {
    switch (source_.kind) {
      case ArtifactSource::Kind::http:
        return download({source_.location, request_.headers, request_.insecure}, to, cancelled_);
      case ArtifactSource::Kind::git:
        return clone({.url = source_.location,
                      .ref = option(source_, "ref"),
                      .depth = option(source_, "depth"),
                      .ssh_key = option(source_, "sshkey"),
                      .insecure = request_.insecure,
                      .allow_files = request_.allow_files},
                     to, staging_.path(), cancelled_);
      case ArtifactSource::Kind::file:
        if (!request_.allow_files) {
          return Error{ErrorCode::invalid_argument,
                       "files of the node can't be artifacts here: raw_exec is not enabled"};
        }
        return copy_from_machine(source_.location, to);
    }
    return {};
  }

  [[nodiscard]] bool unpacks() const {
    const std::string archive = option(source_, "archive");
    if (request_.mode == ArtifactMode::file || archive == "false") return false;
    return (!archive.empty() && archive != "true") || is_archive_name(source_.file_name);
  }

  // options.archive = "zip" says what the name does not.
  [[nodiscard]] std::string archive_name() const {
    const std::string archive = option(source_, "archive");
    if (archive.empty() || archive == "true") return source_.file_name;
    return source_.file_name + "." + archive;
  }

  [[nodiscard]] std::optional<UserIds> owner() const {
    if (request_.chown) return request_.owner;
    return std::nullopt;
  }

  Status place_folder(const fs::path& folder) {
    YURT_ASSIGN(const fs::path part, inner_part(folder, source_.inner));
    std::error_code error;
    if (!fs::is_directory(part, error)) return place_file(part, part.filename().string());
    if (request_.mode == ArtifactMode::file) {
      return Error{ErrorCode::invalid_argument, "mode is \"file\", but the source is a folder"};
    }
    YURT_ASSIGN(const ConfinedRoot root, ConfinedRoot::open(root_));
    return install_folder(part, root, request_.destination, owner());
  }

  Status place_file(const fs::path& file, const std::string& name) {
    if (request_.mode == ArtifactMode::dir) {
      return Error{ErrorCode::invalid_argument, "mode is \"dir\", but the source is one file"};
    }
    YURT_ASSIGN(const ConfinedRoot root, ConfinedRoot::open(root_));
    const std::string to = request_.mode == ArtifactMode::file ? request_.destination
                                                               : request_.destination + "/" + name;
    return install_file(file, root, to, owner());
  }

  const ArtifactRequest& request_;
  const Staging staging_;
  const fs::path root_;
  const std::atomic<bool>& cancelled_;
  ArtifactSource source_;
};

}  // namespace

Status fetch_artifact(const ArtifactRequest& request, const ArtifactPlaces& places,
                      const std::atomic<bool>& cancelled) {
  return Fetch(request, places, cancelled).run();
}

}  // namespace yurt::agent
