#include "base/assert.h"
#include "jobspec/hcl/functions/registry.h"

namespace yurt::hcl {

std::shared_ptr<const FunctionTable> standard_functions(const FunctionOptions& options) {
  YURT_ASSERT(options.random != nullptr);
  auto table = std::make_shared<FunctionTable>();
  add_numeric_functions(*table);
  add_string_functions(*table);
  add_pattern_functions(*table);
  add_format_functions(*table);
  add_sequence_functions(*table);
  add_mapping_functions(*table);
  add_set_functions(*table);
  add_encoding_functions(*table);
  add_yaml_functions(*table);
  add_csv_functions(*table);
  add_hash_functions(*table);
  add_crypto_functions(*table, *options.random);
  add_uuid_functions(*table, *options.random);
  add_date_functions(*table);
  add_network_functions(*table);
  add_file_functions(*table, options.base_folder);
  return table;
}

}  // namespace yurt::hcl
