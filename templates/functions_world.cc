#include "templates/functions.h"

namespace yurt::templates {

std::vector<Function> world_functions() {
  return {
      {"env", 1, 1,
       [](const Arguments& arguments, Provider& provider) -> Result<Value> {
         YURT_ASSIGN(const std::string name, string_argument("env", arguments[0]));
         return Value(provider.env(name).value_or(""));
       }},
      {"mustEnv", 1, 1,
       [](const Arguments& arguments, Provider& provider) -> Result<Value> {
         YURT_ASSIGN(const std::string name, string_argument("mustEnv", arguments[0]));
         const auto value = provider.env(name);
         if (!value) {
           return Error{ErrorCode::not_found, "the variable \"" + name + "\" is not set"};
         }
         return Value(*value);
       }},
      {"envOrDefault", 2, 2,
       [](const Arguments& arguments, Provider& provider) -> Result<Value> {
         YURT_ASSIGN(const std::string name, string_argument("envOrDefault", arguments[0]));
         YURT_ASSIGN(const std::string fallback, string_argument("envOrDefault", arguments[1]));
         return Value(provider.env(name).value_or(fallback));
       }},
      {"file", 1, 1,
       [](const Arguments& arguments, Provider& provider) -> Result<Value> {
         YURT_ASSIGN(const std::string path, string_argument("file", arguments[0]));
         YURT_ASSIGN(const std::string content, provider.file(path));
         return Value(content);
       }},
      {"timestamp", 0, 1,
       [](const Arguments& arguments, Provider& provider) -> Result<Value> {
         std::string layout = "2006-01-02T15:04:05Z07:00";
         if (!arguments.empty()) {
           YURT_ASSIGN(layout, string_argument("timestamp", arguments[0]));
         }
         const std::int64_t now_ns = provider.now_wall_ns();
         if (layout == "unix") return Value(std::to_string(now_ns / 1'000'000'000));
         return Value(format_go_time(now_ns, layout));
       }},
  };
}

}  // namespace yurt::templates
