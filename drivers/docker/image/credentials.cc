#include "drivers/docker/image/credentials.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/unique_fd.h"

extern char** environ;  // NOLINT: POSIX declares it so

namespace yurt::drivers::docker {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t helper_timeout_ns = 15 * nanoseconds_per_second;
constexpr const char* docker_hub = "https://index.docker.io/v1/";

// The Engine wants the URL-safe alphabet.
std::string header_of(const Json& json) {
  std::string text = base64_encode(json.dump());
  for (char& c : text) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return text;
}

std::string header_of(const std::string& user, const std::string& secret,
                      const std::string& server) {
  if (user == "<token>") return header_of({{"identitytoken", secret}, {"serveraddress", server}});
  return header_of({{"username", user}, {"password", secret}, {"serveraddress", server}});
}

// "https://registry:5000/v1/" and "registry:5000" name the same registry.
std::string host_in(std::string name) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (name.starts_with(scheme)) name.erase(0, scheme.size());
  }
  name = name.substr(0, name.find('/'));
  return name == "index.docker.io" || name == "registry-1.docker.io" ? "docker.io" : name;
}

std::string server_of(const std::string& registry) {
  return registry == "docker.io" ? docker_hub : registry;
}

// Runs `docker-credential-<helper> get` with the registry on its standard input.
Result<std::string> run_helper(const std::string& helper, const std::string& registry) {
  const std::string program = "docker-credential-" + helper;
  int in[2];
  int out[2];
  if (::pipe2(in, O_CLOEXEC) != 0) return system_error("cannot create a pipe", errno);
  UniqueFd in_read(in[0]);
  UniqueFd in_write(in[1]);
  if (::pipe2(out, O_CLOEXEC) != 0) return system_error("cannot create a pipe", errno);
  const UniqueFd out_read(out[0]);
  UniqueFd out_write(out[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in_read.get(), 0);
  ::posix_spawn_file_actions_adddup2(&actions, out_write.get(), 1);
  std::string verb = "get";
  std::string name = program;
  std::array<char*, 3> arguments{name.data(), verb.data(), nullptr};
  pid_t pid = 0;
  const int error =
      ::posix_spawnp(&pid, program.c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return system_error("cannot run " + program, error);
  in_read.reset();
  out_write.reset();
  [[maybe_unused]] const ssize_t written =
      ::write(in_write.get(), registry.data(), registry.size());
  in_write.reset();

  std::string answer;
  const std::int64_t deadline_ns = SystemClock().steady_ns() + helper_timeout_ns;
  bool in_time = true;
  while (true) {
    const std::int64_t left_ns = deadline_ns - SystemClock().steady_ns();
    pollfd watched{out_read.get(), POLLIN, 0};
    const int ready =
        left_ns <= 0
            ? 0
            : ::poll(&watched, 1, static_cast<int>(left_ns / nanoseconds_per_millisecond) + 1);
    if (ready < 0 && errno == EINTR) continue;
    in_time = ready > 0;
    if (!in_time) break;
    std::array<char, 4096> buffer;
    const ssize_t got = ::read(out_read.get(), buffer.data(), buffer.size());
    if (got <= 0) break;
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
  if (!in_time) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) return Error{ErrorCode::deadline_exceeded, program + " did not answer in time"};
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return Error{ErrorCode::permission_denied,
                 program + " has no credentials for " + registry + ": " + answer};
  }
  return answer;
}

Result<std::string> auth_from_helper(const std::string& helper, const std::string& registry) {
  YURT_ASSIGN(const std::string answer, run_helper(helper, server_of(registry)));
  const Json json = Json::parse(answer, nullptr, false);
  if (!json.is_object() || !json.contains("Secret")) {
    return Error{ErrorCode::corrupt, "docker-credential-" + helper + " gave no credentials"};
  }
  return header_of(json.value("Username", ""), json.value("Secret", ""), server_of(registry));
}

Result<std::string> configured_auth(const std::string& registry, const DockerOptions& options) {
  if (!options.auth_config_file.empty()) {
    const auto content = read_file(options.auth_config_file);
    if (!content.ok()) return content.error().within("auth.config");
    const auto found = auth_from_file(*content, registry);
    if (found.ok() && !found->header.empty()) return found->header;
    if (found.ok()) return auth_from_helper(found->helper, registry);
    if (found.error().code != ErrorCode::not_found) return found.error().within("auth.config");
  }
  if (!options.auth_helper.empty()) return auth_from_helper(options.auth_helper, registry);
  return std::string();
}

}  // namespace

Result<FileAuth> auth_from_file(const std::string& content, const std::string& registry) {
  const Json json = Json::parse(content, nullptr, false);
  if (!json.is_object()) {
    return Error{ErrorCode::corrupt, "the file of registry credentials is no JSON object"};
  }
  const auto section = [&json](const char* name) {
    return json.contains(name) && json[name].is_object() ? json[name] : Json::object();
  };
  // Named, since items() only refers to what it iterates over.
  const Json helpers = section("credHelpers"), auths = section("auths");
  for (const auto& [name, helper] : helpers.items()) {
    if (host_in(name) == registry && helper.is_string()) return FileAuth{"", helper};
  }
  for (const auto& [name, entry] : auths.items()) {
    if (host_in(name) != registry || !entry.is_object()) continue;
    if (const std::string token = entry.value("identitytoken", ""); !token.empty()) {
      return FileAuth{header_of("<token>", token, name), ""};
    }
    const auto both = base64_decode(entry.value("auth", ""));
    const std::size_t colon = both.ok() ? both->find(':') : std::string::npos;
    if (colon == std::string::npos) continue;
    return FileAuth{header_of(both->substr(0, colon), both->substr(colon + 1), name), ""};
  }
  if (json.contains("credsStore") && json["credsStore"].is_string()) {
    return FileAuth{"", json["credsStore"].get<std::string>()};
  }
  return Error{ErrorCode::not_found, "no credentials for " + registry};
}

Result<std::string> registry_auth(const AuthConfig& auth, bool soft, const std::string& registry,
                                  const DockerOptions& options) {
  if (!auth.empty()) {
    return header_of({{"username", auth.username},
                      {"password", auth.password},
                      {"email", auth.email},
                      {"serveraddress",
                       auth.server_address.empty() ? server_of(registry) : auth.server_address}});
  }
  Result<std::string> configured = configured_auth(registry, options);
  if (!configured.ok() && soft) return std::string();
  return configured;
}

}  // namespace yurt::drivers::docker
