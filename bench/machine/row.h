// Rows: how every benchmark prints what it measured: one JSON object a line on standard output.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace yurt::bench {

enum class Better { higher, lower };

struct Row {
  std::string name;
  double value = 0;
  std::string unit;
  Better better = Better::higher;
  // Nothing: nobody has set one.
  std::optional<double> aim = std::nullopt;
  // What the machine could do at best, in the same unit; nothing: not known.
  std::optional<double> limit = std::nullopt;
  // False when something else was wrong, e.g. writes were lost: the aim is not met then.
  bool sound = true;
};

// `notes` is an object whose fields follow the row's own.
void print(const Row& row, const nlohmann::ordered_json& notes);

}  // namespace yurt::bench
