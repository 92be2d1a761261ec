// Where an artifact comes from, taken apart. Pure.
#pragma once

#include <map>
#include <string>

#include "base/result.h"

namespace yurt::agent {

struct ArtifactSource {
  enum class Kind { file, http, git };
  Kind kind = Kind::http;
  std::string location;   // a path for files, a URL without the options taken from its query
  std::string inner;      // the wanted part of an archive or repository; "" = all
  std::string file_name;  // what a single file is called
  std::map<std::string, std::string> options;  // the given ones, then the query's
};

// invalid_argument for sources of other kinds, with what is understood.
[[nodiscard]] Result<ArtifactSource> parse_artifact_source(
    const std::string& source, const std::map<std::string, std::string>& options);

}  // namespace yurt::agent
