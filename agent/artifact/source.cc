#include "agent/artifact/source.h"

#include <array>

namespace yurt::agent {
namespace {

constexpr std::array<const char*, 5> query_options = {"archive", "checksum", "filename", "ref",
                                                      "depth"};

std::string percent_decoded(const std::string& text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 &&
        digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// Takes the options out of the query; what is left of it stays.
void take_query(std::string& location, std::map<std::string, std::string>& options) {
  const std::size_t mark = location.find('?');
  if (mark == std::string::npos) return;
  std::string kept;
  std::string query = location.substr(mark + 1);
  location.resize(mark);
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string pair = query.substr(0, end);
    query.erase(0, end + 1);
    const std::size_t equals = pair.find('=');
    const std::string name = pair.substr(0, equals);
    bool taken = false;
    for (const char* known : query_options) {
      if (name != known || equals == std::string::npos) continue;
      options.emplace(name, percent_decoded(pair.substr(equals + 1)));
      taken = true;
    }
    if (!taken) kept += (kept.empty() ? "" : "&") + pair;
  }
  if (!kept.empty()) location += "?" + kept;
}

// "https://host/a.zip//part" → part. The "//" behind the scheme does not count.
void take_inner(std::string& location, std::string& inner) {
  const std::size_t scheme = location.find("://");
  const std::size_t from = scheme == std::string::npos ? 1 : scheme + 3;
  const std::size_t mark = location.find('?');
  const std::size_t slashes = location.find("//", from);
  if (slashes == std::string::npos || (mark != std::string::npos && slashes > mark)) return;
  const std::size_t end = mark == std::string::npos ? location.size() : mark;
  inner = location.substr(slashes + 2, end - slashes - 2);
  location.erase(slashes, end - slashes);
}

bool starts_with(const std::string& text, const char* prefix) { return text.rfind(prefix, 0) == 0; }

}  // namespace

Result<ArtifactSource> parse_artifact_source(const std::string& source,
                                             const std::map<std::string, std::string>& options) {
  ArtifactSource result;
  result.options = options;
  std::string location = source;
  std::string forced;
  if (const std::size_t mark = location.find("::");
      mark != std::string::npos && location.find_first_of("/?") > mark) {
    forced = location.substr(0, mark);
    location = location.substr(mark + 2);
  }
  for (const char* host : {"github.com/", "gitlab.com/", "bitbucket.org/"}) {
    if (forced.empty() && starts_with(location, host)) {
      forced = "git";
      // host/owner/repository, and what is below it is the part that is wanted
      std::size_t end = location.find('/', std::string(host).size());
      if (end != std::string::npos) end = location.find_first_of("/?", end + 1);
      if (end != std::string::npos && location[end] == '/' && location[end + 1] != '/') {
        location.insert(end, "/");
      }
      location.insert(0, "https://");
    }
  }
  take_inner(location, result.inner);
  take_query(location, result.options);
  const std::string scheme =
      location.find("://") == std::string::npos ? "" : location.substr(0, location.find("://"));
  if (forced == "git") {
    result.kind = ArtifactSource::Kind::git;
  } else if (!forced.empty() && forced != "http" && forced != "https" && forced != "file") {
    return Error{ErrorCode::invalid_argument,
                 "\"" + forced + "\" is not supported: use http, https, git or file"};
  } else if (scheme == "file" || forced == "file" ||
             (scheme.empty() && starts_with(location, "/"))) {
    result.kind = ArtifactSource::Kind::file;
    if (scheme == "file") location = percent_decoded(location.substr(7));
  } else if (scheme == "http" || scheme == "https") {
    const std::string path = location.substr(0, location.find('?'));
    const bool is_repository = path.size() > 4 && path.substr(path.size() - 4) == ".git";
    result.kind = is_repository ? ArtifactSource::Kind::git : ArtifactSource::Kind::http;
  } else if (scheme == "ssh" || scheme == "git" ||
             (scheme.empty() && starts_with(location, "git@"))) {
    result.kind = ArtifactSource::Kind::git;
  } else {
    return Error{ErrorCode::invalid_argument,
                 "\"" + source + "\" is no artifact source: use an http, https, git or file URL"};
  }
  if (location.empty() || location[0] == '-') {
    return Error{ErrorCode::invalid_argument, "\"" + source + "\" names no place"};
  }
  const std::string path = location.substr(0, location.find('?'));
  result.file_name = path.substr(path.rfind('/') + 1);
  if (result.kind == ArtifactSource::Kind::http)
    result.file_name = percent_decoded(result.file_name);
  if (const auto named = result.options.find("filename"); named != result.options.end()) {
    result.file_name = named->second;
  }
  if (result.file_name.find('/') != std::string::npos || result.file_name == ".." ||
      result.file_name == "." || result.file_name.empty()) {
    result.file_name = "artifact";
  }
  result.location = std::move(location);
  return result;
}

}  // namespace yurt::agent
