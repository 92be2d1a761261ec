#include "bench/machine/row.h"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace yurt::bench {

void print(const Row& row, const nlohmann::ordered_json& notes) {
  nlohmann::ordered_json line{{"row", row.name}, {"value", row.value}, {"unit", row.unit}};
  line["better"] = row.better == Better::higher ? "higher" : "lower";
  line["aim"] = nullptr;
  line["met"] = nullptr;
  if (row.aim) {
    const bool reached =
        row.better == Better::higher ? row.value >= *row.aim : row.value <= *row.aim;
    line["aim"] = *row.aim;
    line["met"] = reached && row.sound;
  }
  line["limit"] = nullptr;
  line["share_of_limit"] = nullptr;
  if (row.limit && *row.limit > 0 && row.value > 0) {
    line["limit"] = *row.limit;
    line["share_of_limit"] =
        row.better == Better::higher ? row.value / *row.limit : *row.limit / row.value;
  }
  line.update(notes);
  std::printf("%s\n", line.dump().c_str());
  std::fflush(stdout);
}

}  // namespace yurt::bench
