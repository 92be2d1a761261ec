// The functions a template may call, by name: Go's own and consul-template's, as their
// documentation describes them. The last argument of a pipeline comes last.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "templates/provider.h"
#include "templates/value.h"

namespace yurt::templates {

using Arguments = std::vector<Value>;

struct Function {
  std::string name;
  std::size_t min_arguments = 0;
  std::size_t max_arguments = 0;  // unlimited: SIZE_MAX
  // invalid_argument for values of the wrong kind.
  std::function<Result<Value>(const Arguments&, Provider&)> call;
};

inline constexpr std::size_t unlimited = static_cast<std::size_t>(-1);

// Null for an unknown name. The tables are built once and live for ever.
[[nodiscard]] const Function* find_function(const std::string& name);
// Every function's name, sorted: for messages and documentation.
[[nodiscard]] std::vector<std::string> function_names();

// The groups the table is made of.
[[nodiscard]] std::vector<Function> comparison_functions();
[[nodiscard]] std::vector<Function> string_functions();
[[nodiscard]] std::vector<Function> collection_functions();
[[nodiscard]] std::vector<Function> number_functions();
[[nodiscard]] std::vector<Function> encoding_functions();
[[nodiscard]] std::vector<Function> world_functions();
[[nodiscard]] std::vector<Function> cluster_functions();
[[nodiscard]] std::vector<Function> yaml_functions();

// Why there is no function of that name. REQUIRES: there is none
[[nodiscard]] std::string refusal_of(const std::string& name);

// Go's fmt.Sprintf over template values: %v %s %q %d %x %X %o %b %c %t %f %g %e %% with flags,
// width and precision.
[[nodiscard]] std::string format_printf(const std::string& format, const Value* arguments,
                                        std::size_t count);

// A point in time by a Go layout ("2006-01-02T15:04:05Z07:00"), in UTC.
[[nodiscard]] std::string format_go_time(std::int64_t unix_ns, const std::string& layout);

// Arguments by kind; the error names the function and the argument.
[[nodiscard]] Result<std::string> string_argument(const std::string& function, const Value& value);
[[nodiscard]] Result<std::int64_t> int_argument(const std::string& function, const Value& value);

}  // namespace yurt::templates
