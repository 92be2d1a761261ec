#include "agent/artifact/git.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <vector>

#include "base/base64.h"
#include "base/file.h"
#include "base/unique_fd.h"

extern char** environ;  // NOLINT: POSIX declares it so

namespace yurt::agent {
namespace {

constexpr int cancel_check_ms = 100;
constexpr std::size_t kept_output = 4096;

std::vector<std::string> git_environment(const GitRequest& request,
                                         const std::filesystem::path& key) {
  std::vector<std::string> result;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    if (std::string_view(*entry).substr(0, 4) != "GIT_") result.emplace_back(*entry);
  }
  result.emplace_back("GIT_TERMINAL_PROMPT=0");
  result.emplace_back("GIT_ASKPASS=/bin/false");
  result.push_back(std::string("GIT_ALLOW_PROTOCOL=http:https:ssh:git") +
                   (request.allow_files ? ":file" : ""));
  if (request.insecure) result.emplace_back("GIT_SSL_NO_VERIFY=1");
  std::string ssh = "GIT_SSH_COMMAND=ssh -o BatchMode=yes";
  if (!key.empty()) {
    ssh += " -o IdentitiesOnly=yes -o StrictHostKeyChecking=accept-new -i '" + key.string() + "'";
  }
  result.push_back(std::move(ssh));
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// Runs git and waits; what it printed is the error's text.
Status run_git(std::vector<std::string> arguments, std::vector<std::string> environment,
               const std::atomic<bool>& cancelled) {
  arguments.insert(arguments.begin(), "git");
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("pipe", errno);
  const UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, writing.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, writing.get(), 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // A group of its own, so that its helpers end with it.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  pid_t pid = -1;
  auto argv = pointers(arguments);
  auto envp = pointers(environment);
  const int failure = ::posix_spawnp(&pid, "git", &actions, &attributes, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failure != 0) {
    return Error{ErrorCode::failed_precondition,
                 "git is needed for this artifact and can't be run on this node"};
  }
  writing.reset();
  std::string output;
  char buffer[4096];
  while (true) {
    pollfd waiting{reading.get(), POLLIN, 0};
    const int ready = ::poll(&waiting, 1, cancel_check_ms);
    if (cancelled) ::kill(-pid, SIGKILL);
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    const ssize_t n = ::read(reading.get(), buffer, sizeof buffer);
    if (n <= 0) break;
    output.append(buffer, static_cast<std::size_t>(n));
    if (output.size() > kept_output) output.erase(0, output.size() - kept_output);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (cancelled) return Error{ErrorCode::unavailable, "the download was cancelled"};
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  while (!output.empty() && output.back() == '\n') output.pop_back();
  return Error{ErrorCode::unavailable, "git failed: " + output};
}

}  // namespace

Status clone(const GitRequest& request, const std::filesystem::path& folder,
             const std::filesystem::path& scratch, const std::atomic<bool>& cancelled) {
  for (const std::string& word : {request.ref, request.depth, request.url}) {
    if (!word.empty() && word[0] == '-') {
      return Error{ErrorCode::invalid_argument, "\"" + word + "\" can't begin with a dash"};
    }
  }
  if (request.depth.find_first_not_of("0123456789") != std::string::npos) {
    return Error{ErrorCode::invalid_argument, "depth \"" + request.depth + "\" is no number"};
  }
  std::filesystem::path key;
  if (!request.ssh_key.empty()) {
    YURT_ASSIGN(const std::string decoded, base64_decode(request.ssh_key));
    key = scratch / "ssh-key";
    YURT_TRY(write_file_atomically(key, decoded, 0600));
  }
  const auto environment = git_environment(request, key);
  std::vector<std::string> arguments{"clone", "--quiet", "--recurse-submodules"};
  if (!request.depth.empty()) {
    arguments.insert(arguments.end(), {"--depth", request.depth, "--no-single-branch"});
  }
  arguments.insert(arguments.end(), {"--", request.url, folder.string()});
  Status status = run_git(arguments, environment, cancelled);
  if (status.ok() && !request.ref.empty()) {
    const std::vector<std::string> in_folder{"-C", folder.string()};
    auto checkout = in_folder;
    checkout.insert(checkout.end(),
                    {"checkout", "--quiet", "--recurse-submodules", request.ref, "--"});
    status = run_git(checkout, environment, cancelled);
    if (!status.ok() && !request.depth.empty()) {
      // A shallow clone does not hold every commit: ask for this one.
      auto fetch = in_folder;
      fetch.insert(fetch.end(),
                   {"fetch", "--quiet", "--depth", request.depth, "origin", request.ref});
      if (run_git(fetch, environment, cancelled).ok()) {
        status = run_git({"-C", folder.string(), "checkout", "--quiet", "FETCH_HEAD", "--"},
                         environment, cancelled);
      }
    }
  }
  if (!key.empty()) {
    std::error_code ignored;
    std::filesystem::remove(key, ignored);
  }
  return status;
}

}  // namespace yurt::agent
