#include "cli/dispatch_overrides.h"

#include <charconv>
#include <sstream>

namespace yurt::cli {
namespace {

// NAME or NAME:COUNT.
Result<model::RequestedDevice> parse_device(const std::string& text) {
  model::RequestedDevice device;
  const std::size_t colon = text.rfind(':');
  device.set_name(text.substr(0, colon));
  std::uint64_t count = 1;
  bool good = !device.name().empty();
  if (colon != std::string::npos) {
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + colon + 1, end, count);
    good = good && read.ec == std::errc() && read.ptr == end && count > 0;
  }
  if (!good) {
    return Error{ErrorCode::invalid_argument,
                 "-device takes NAME or NAME:COUNT, e.g. nvidia/gpu:2, not \"" + text + "\""};
  }
  device.set_count(count);
  return device;
}

// ATTRIBUTE OPERATOR VALUE; is_set and is_not_set take no value.
Result<model::Constraint> parse_constraint(const std::string& text) {
  std::istringstream words(text);
  std::string attribute, operation, value, more;
  words >> attribute >> operation;
  std::getline(words >> std::ws, value);
  const bool unary = operation == "is_set" || operation == "is_not_set";
  if (operation.empty() || value.empty() != unary) {
    return Error{ErrorCode::invalid_argument,
                 "-constraint takes \"ATTRIBUTE OPERATOR VALUE\", e.g. \"${node.class} = gpu\", "
                 "not \"" +
                     text + "\""};
  }
  model::Constraint constraint;
  constraint.set_attribute(attribute);
  constraint.set_operator_(operation);
  constraint.set_value(value);
  return constraint;
}

}  // namespace

void OverrideOptions::add_to(CLI::App& command) {
  command.add_option("--cpu", cpu, "MHz, where the job's allow_override lets it");
  command.add_option("--memory", memory, "MB, where allow_override lets it");
  command.add_option("--memory-max", memory_max, "MB, where allow_override lets it");
  command.add_option("--count", count, "Instances, where allow_override lets it");
  command
      .add_option("--device", devices,
                  "NAME or NAME:COUNT in place of the job's devices, where allow_override lets it; "
                  "may be repeated")
      ->expected(1)
      ->take_all();
  command
      .add_option("--constraint", constraints,
                  "\"ATTRIBUTE OPERATOR VALUE\", a further constraint, where allow_override lets "
                  "it; may be repeated")
      ->expected(1)
      ->take_all();
}

Result<std::optional<model::DispatchOverrides>> OverrideOptions::read() const {
  model::DispatchOverrides out;
  if (cpu > 0) out.set_cpu(cpu);
  if (memory > 0) out.set_memory(memory);
  if (memory_max > 0) out.set_memory_max(memory_max);
  if (count > 0) out.set_count(count);
  for (const std::string& text : devices) {
    YURT_ASSIGN(*out.add_device(), parse_device(text));
  }
  for (const std::string& text : constraints) {
    YURT_ASSIGN(*out.add_constraint(), parse_constraint(text));
  }
  if (out.ByteSizeLong() == 0) return std::optional<model::DispatchOverrides>();
  return std::optional(std::move(out));
}

}  // namespace yurt::cli
