// The command line that every benchmark takes: [--quick] [--folder FOLDER] [ROW...]
#pragma once

#include <set>
#include <string>

namespace yurt::bench {

struct Arguments {
  bool quick = false;  // reduced size
  std::string folder;  // where scratch folders go; the system's temporary folder by default
  std::set<std::string> rows;

  [[nodiscard]] bool wants(const std::string& row) const {
    return rows.empty() || rows.contains(row);
  }
};

// Prints the usage and ends the program when the line is wrong.
[[nodiscard]] Arguments parse_arguments(int argc, char** argv);

}  // namespace yurt::bench
