// Map fields through reflection, without the second copy of the map that protobuf's public
// reflection makes inside the message when it shows a map as a list of entries (and never frees).
//
// Reading a message that others read at the same time is safe; writing is not.
#pragma once

#include <google/protobuf/map_field.h>
#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace yurt::json {

using MapEntry = std::pair<std::string, google::protobuf::MapValueConstRef>;

// The entries of a map with string keys, sorted by key. They point into the message.
[[nodiscard]] std::vector<MapEntry> sorted_entries(const google::protobuf::Message& message,
                                                   const google::protobuf::FieldDescriptor& field);

[[nodiscard]] bool map_is_empty(const google::protobuf::Message& message,
                                const google::protobuf::FieldDescriptor& field);

// The value under `key`, made when there is none.
[[nodiscard]] google::protobuf::MapValueRef map_slot(google::protobuf::Message& message,
                                                     const google::protobuf::FieldDescriptor& field,
                                                     std::string_view key);

}  // namespace yurt::json
