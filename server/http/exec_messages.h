// The messages of an exec websocket. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proto/api.pb.h"

namespace yurt::server {

// One message from the caller; an empty frame for a sign of life.
[[nodiscard]] Result<model::ExecFrame> parse_exec_message(std::string_view json);
// What the caller gets of one frame: no message, one, or several.
[[nodiscard]] std::vector<std::string> exec_messages(const model::ExecFrame& frame);
// ?command=["sh","-c","…"]
[[nodiscard]] Result<std::vector<std::string>> parse_exec_command(std::string_view json);

}  // namespace yurt::server
