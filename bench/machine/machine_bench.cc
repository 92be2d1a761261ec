// What the machine can do at best, as rows beside those of the system; one JSON object a line on
// standard output.
//
//   machine_bench [--quick] [--folder FOLDER] [ROW...]
//
// Rows: fdatasync_per_s (4 KiB appended and made durable, one after the other),
// fdatasync_grouped_per_s (the same 4 KiB pieces, 256 to a sync), spawns_per_s (/bin/true, eight at
// a time).
#include <nlohmann/json.hpp>

#include "bench/machine/arguments.h"
#include "bench/machine/disk_limit.h"
#include "bench/machine/row.h"
#include "bench/machine/scratch_folder.h"
#include "bench/machine/spawn_limit.h"

int main(int argc, char** argv) {
  using namespace yurt::bench;
  const Arguments arguments = parse_arguments(argc, argv);
  const ScratchFolder folder(arguments.folder, "machine-bench");
  const double seconds = arguments.quick ? 1 : 5;
  constexpr std::size_t piece = 4096, group = 256;
  const auto row = [](const char* name, double value) {
    print({.name = name, .value = value, .unit = "1/s"}, {{"what", "a limit of the machine"}});
  };
  if (arguments.wants("fdatasync_per_s")) {
    row("fdatasync_per_s", syncs_per_second(folder.path(), piece, seconds));
  }
  if (arguments.wants("fdatasync_grouped_per_s")) {
    row("fdatasync_grouped_per_s",
        syncs_per_second(folder.path(), piece * group, seconds) * double{group});
  }
  if (arguments.wants("spawns_per_s")) {
    row("spawns_per_s", spawns_per_second(arguments.quick ? 2000 : 10'000, 8));
  }
  return 0;
}
