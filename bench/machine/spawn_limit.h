// How fast the machine can start programs at best, measured beside the figures that depend on it.
#pragma once

namespace yurt::bench {

// /bin/true through posix_spawn and wait, `parallel` at a time, `count` in all; per second.
[[nodiscard]] double spawns_per_second(int count, int parallel);

}  // namespace yurt::bench
