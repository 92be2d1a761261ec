// Free-form content as a flat list of names and texts: "args[0]", "auth[0][user]". Inside this
// folder only.
#pragma once

#include <google/protobuf/struct.pb.h>

#include <map>
#include <string>

namespace yurt::jobspec {

[[nodiscard]] std::map<std::string, std::string> flatten(const google::protobuf::Struct& content);

}  // namespace yurt::jobspec
