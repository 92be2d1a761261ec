#include "bench/machine/arguments.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace yurt::bench {

Arguments parse_arguments(int argc, char** argv) {
  Arguments out;
  out.folder = std::filesystem::temp_directory_path().string();
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--quick") {
      out.quick = true;
    } else if (argument == "--folder" && i + 1 < argc) {
      out.folder = argv[++i];
    } else if (!argument.starts_with("-")) {
      out.rows.insert(argument);
    } else {
      std::fprintf(stderr, "usage: %s [--quick] [--folder FOLDER] [ROW...]\n", argv[0]);
      std::exit(2);
    }
  }
  return out;
}

}  // namespace yurt::bench
