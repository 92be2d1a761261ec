#include "drivers/signals.h"

#include <signal.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace yurt::drivers {
namespace {

constexpr std::array<std::pair<std::string_view, int>, 31> names{{
    {"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT},     {"ILL", SIGILL},
    {"TRAP", SIGTRAP}, {"ABRT", SIGABRT}, {"BUS", SIGBUS},       {"FPE", SIGFPE},
    {"KILL", SIGKILL}, {"USR1", SIGUSR1}, {"SEGV", SIGSEGV},     {"USR2", SIGUSR2},
    {"PIPE", SIGPIPE}, {"ALRM", SIGALRM}, {"TERM", SIGTERM},     {"STKFLT", SIGSTKFLT},
    {"CHLD", SIGCHLD}, {"CONT", SIGCONT}, {"STOP", SIGSTOP},     {"TSTP", SIGTSTP},
    {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU}, {"URG", SIGURG},       {"XCPU", SIGXCPU},
    {"XFSZ", SIGXFSZ}, {"PROF", SIGPROF}, {"VTALRM", SIGVTALRM}, {"WINCH", SIGWINCH},
    {"IO", SIGIO},     {"PWR", SIGPWR},   {"SYS", SIGSYS},
}};

}  // namespace

Result<int> parse_signal(std::string_view name) {
  int number = 0;
  const char* end = name.data() + name.size();
  if (const auto [rest, error] = std::from_chars(name.data(), end, number);
      error == std::errc() && rest == end && number > 0 && number < NSIG) {
    return number;
  }
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  if (upper.starts_with("SIG")) upper.erase(0, 3);
  for (const auto& [known, value] : names) {
    if (known == upper) return value;
  }
  return Error{ErrorCode::invalid_argument,
               "\"" + std::string(name) + "\" is not the name of a signal (e.g. SIGTERM)"};
}

std::string signal_name(int number) {
  for (const auto& [name, value] : names) {
    if (value == number) return "SIG" + std::string(name);
  }
  return "signal " + std::to_string(number);
}

}  // namespace yurt::drivers
