#include "program/driver_configs.h"

#include <google/protobuf/util/json_util.h>

#include "drivers/compose/compose.h"
#include "drivers/docker/docker.h"
#include "drivers/raw_exec/config.h"

namespace yurt::program {

std::vector<jobspec::ConfigIssue> check_driver_config(const std::string& driver,
                                                      const google::protobuf::Struct& config) {
  if (driver != "raw_exec" && driver != "docker" && driver != "compose") return {};
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(config, &text).ok()) {
    return {{"", "the config can't be written as JSON: it holds a number that JSON has not"}};
  }
  drivers::RawExecConfig ignored;
  const auto errors = driver == "docker"    ? drivers::check_docker_config(text)
                      : driver == "compose" ? drivers::check_compose_config(text)
                                            : drivers::parse_raw_exec_config(text, ignored);
  std::vector<jobspec::ConfigIssue> issues;
  for (const auto& error : errors) {
    issues.push_back({error.field == "config" ? "" : error.field, error.message});
  }
  return issues;
}

}  // namespace yurt::program
