// Artifacts: what a task needs from elsewhere, put into its folder before it starts.
//
//   file:///path, /path        copied from this machine, where that is allowed
//   http(s)://…                downloaded (redirects followed, headers sent)
//   git::URL, github.com/…     cloned; options ref, depth and sshkey (base64)
//
// Behind a "//" in the path stands the part of an archive or repository that is wanted; the options
// archive, checksum, filename, ref and depth may also stand in the URL's query.
//
// A checksum (options.checksum = "sha256:<hex>") is verified before anything is unpacked. Archives
// (tar with gzip, bzip2, xz, zstd; zip; single .gz, .bz2, .xz files) are unpacked unless
// options.archive = "false" or mode = "file". Nothing lands outside the task's folder: downloads
// go to a private folder first, no archive entry may lead out of it, and what came is then moved.
//
// Blocks; may run in several threads at once for different tasks. Errors: invalid_argument for
// what only an edit of the job mends, other codes for what may heal.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <string>

#include "agent/alloc_dir/alloc_dir.h"
#include "base/result.h"

namespace yurt::agent {

enum class ArtifactMode {
  any,   // an archive or repository becomes a folder's content, anything else a file in it
  file,  // one file, never unpacked; the destination is its name
  dir,   // a folder's content
};

struct ArtifactRequest {
  std::string source;
  std::string destination;  // relative to the allocation's folder
  std::map<std::string, std::string> options;
  std::map<std::string, std::string> headers;
  ArtifactMode mode = ArtifactMode::any;
  bool insecure = false;     // TLS certificates are not checked
  bool allow_files = false;  // this machine's own files may be read
  bool chown = false;        // give everything to `owner`
  UserIds owner;
};

// Where an artifact may go and what it passes through.
struct ArtifactPlaces {
  std::filesystem::path root;     // the allocation's folder
  std::filesystem::path staging;  // private to the agent, on the same file system; emptied
};

[[nodiscard]] Status fetch_artifact(const ArtifactRequest& request, const ArtifactPlaces& places,
                                    const std::atomic<bool>& cancelled);

}  // namespace yurt::agent
