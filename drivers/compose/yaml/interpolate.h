// Variables in a compose file's values, as the Compose specification has them: $NAME, ${NAME},
// ${NAME:-default}, ${NAME-default}, ${NAME:?message}, ${NAME?message}, ${NAME:+other},
// ${NAME+other}, nested ones in the defaults, and $$ for a dollar sign. Pure; thread-safe.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "drivers/compose/yaml/yaml_node.h"

namespace yurt::drivers::compose {

using Variables = std::map<std::string, std::string, std::less<>>;

struct Interpolated {
  std::string text;
  bool open = false;  // it depends on a variable that is not known
};

// A variable that is not set becomes nothing and is put into `unset`. With `variables` null nothing
// is known: what depends on a variable is marked as open and its text left as it is.
// invalid_argument for what is malformed, and for ${NAME:?message} without a value.
[[nodiscard]] Result<Interpolated> interpolate(std::string_view text, const Variables* variables,
                                               std::vector<std::string>& unset);

// Every scalar value in `node`, keys excepted. Errors carry the line.
void interpolate_tree(YamlNode& node, const Variables* variables, std::vector<std::string>& unset,
                      std::vector<YamlError>& errors);

}  // namespace yurt::drivers::compose
