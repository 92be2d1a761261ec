// The task whose start is measured: writes the steady clock, as eight bytes, into the pipe that it
// is given. Linked statically, so that nothing but the kernel lies between exec and main.
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>

int main(int argc, char** argv) {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t now_ns = std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
  const int pipe = argc == 2 ? ::open(argv[1], O_WRONLY | O_CLOEXEC) : -1;
  return pipe >= 0 && ::write(pipe, &now_ns, sizeof now_ns) == sizeof now_ns ? 0 : 1;
}
