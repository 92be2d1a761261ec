// The parts of the function table, one per file, and what their definitions share. Inside this
// folder only.
#pragma once

#include <string>
#include <utility>

#include "jobspec/hcl/functions.h"

namespace yurt::hcl {

void add_numeric_functions(FunctionTable& table);
void add_string_functions(FunctionTable& table);
void add_pattern_functions(FunctionTable& table);
void add_format_functions(FunctionTable& table);
void add_sequence_functions(FunctionTable& table);
void add_mapping_functions(FunctionTable& table);
void add_set_functions(FunctionTable& table);
void add_encoding_functions(FunctionTable& table);
void add_yaml_functions(FunctionTable& table);
void add_csv_functions(FunctionTable& table);
void add_hash_functions(FunctionTable& table);
void add_crypto_functions(FunctionTable& table, Random& random);
void add_uuid_functions(FunctionTable& table, Random& random);
void add_date_functions(FunctionTable& table);
void add_network_functions(FunctionTable& table);
void add_file_functions(FunctionTable& table,
                        const std::optional<std::filesystem::path>& base_folder);

using Arguments = std::span<const Value>;

inline Parameter string_parameter(std::string name) { return {std::move(name), Type::string()}; }
inline Parameter number_parameter(std::string name) { return {std::move(name), Type::number()}; }
inline Parameter any_parameter(std::string name) { return {std::move(name), Type::any()}; }
inline Parameter nullable_parameter(std::string name) {
  return {std::move(name), Type::any(), true};
}
inline Parameter list_parameter(std::string name, Type element) {
  return {std::move(name), Type::list(std::move(element))};
}

inline CallError call_error(std::string message, std::optional<std::size_t> argument = {}) {
  return {std::move(message), argument};
}
inline CallError too_large() { return {"the result would be too large", {}}; }

// A whole number that fits, or nullopt.
inline std::optional<std::int64_t> whole(const Value& number) {
  return number.as_number().as_int64();
}

// A list when `model` is a list or set (elements of one type), else a tuple.
inline Value sequence_like(const Value& model, Value::Elements elements) {
  const bool typed = model.kind() == Value::Kind::list || model.kind() == Value::Kind::set;
  return typed ? Value::list(std::move(elements)) : Value::tuple(std::move(elements));
}

}  // namespace yurt::hcl
