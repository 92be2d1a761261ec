#include "jobspec/json/map_entries.h"

#include <google/protobuf/reflection.h>

#include <algorithm>

// protobuf 3.21 keeps its map iteration private and names this class, made for the CEL library, as
// the friend through which code outside protobuf may use it. Nothing here links that library.
namespace google::protobuf::expr {
class CelMapReflectionFriend {
 public:
  static MapIterator begin(const Message& message, const FieldDescriptor& field) {
    // Iterators want a mutable message; one that is only read from does not change it.
    return message.GetReflection()->MapBegin(const_cast<Message*>(&message), &field);
  }
  static MapIterator end(const Message& message, const FieldDescriptor& field) {
    return message.GetReflection()->MapEnd(const_cast<Message*>(&message), &field);
  }
  static int size(const Message& message, const FieldDescriptor& field) {
    return message.GetReflection()->MapSize(message, &field);
  }
  static void slot(Message& message, const FieldDescriptor& field, const MapKey& key,
                   MapValueRef& value) {
    message.GetReflection()->InsertOrLookupMapValue(&message, &field, key, &value);
  }
};
}  // namespace google::protobuf::expr

namespace yurt::json {

using google::protobuf::FieldDescriptor;
using google::protobuf::MapKey;
using google::protobuf::MapValueConstRef;
using google::protobuf::MapValueRef;
using google::protobuf::Message;
using google::protobuf::expr::CelMapReflectionFriend;

std::vector<MapEntry> sorted_entries(const Message& message, const FieldDescriptor& field) {
  std::vector<MapEntry> entries;
  entries.reserve(static_cast<std::size_t>(CelMapReflectionFriend::size(message, field)));
  const auto end = CelMapReflectionFriend::end(message, field);
  for (auto it = CelMapReflectionFriend::begin(message, field); it != end; ++it) {
    entries.emplace_back(it.GetKey().GetStringValue(), MapValueConstRef(it.GetValueRef()));
  }
  std::sort(entries.begin(), entries.end(),
            [](const MapEntry& a, const MapEntry& b) { return a.first < b.first; });
  return entries;
}

bool map_is_empty(const Message& message, const FieldDescriptor& field) {
  return CelMapReflectionFriend::size(message, field) == 0;
}

MapValueRef map_slot(Message& message, const FieldDescriptor& field, std::string_view key) {
  MapKey map_key;
  map_key.SetStringValue(std::string(key));
  MapValueRef value;
  CelMapReflectionFriend::slot(message, field, map_key, value);
  return value;
}

}  // namespace yurt::json
