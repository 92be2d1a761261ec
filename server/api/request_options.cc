#include "server/api/request_options.h"

#include <algorithm>

namespace yurt::server {
namespace {

using google::protobuf::FieldDescriptor;

template <typename Options>
const Options* options_of(const Message& request, const char* field_name) {
  if (request.GetDescriptor() == Options::descriptor()) {
    return static_cast<const Options*>(&request);
  }
  const FieldDescriptor* field = request.GetDescriptor()->FindFieldByName(field_name);
  if (field == nullptr || field->message_type() != Options::descriptor()) return nullptr;
  return static_cast<const Options*>(&request.GetReflection()->GetMessage(request, field));
}

constexpr std::int64_t longest_wait_ns = 300 * nanoseconds_per_second;

}  // namespace

const model::QueryOptions* query_options(const Message& request) {
  // A stream's first message may carry the real request inside.
  if (request.GetDescriptor() == model::ExecFrame::descriptor()) {
    return &static_cast<const model::ExecFrame&>(request).start().query();
  }
  return options_of<model::QueryOptions>(request, "query");
}

const model::WriteOptions* write_options(const Message& request) {
  return options_of<model::WriteOptions>(request, "write");
}

Status check_region(const Message& request, const std::string& own_region) {
  std::string region;
  if (const auto* query = query_options(request)) region = query->region();
  if (const auto* write = write_options(request)) region = write->region();
  if (region.empty() || region == own_region || region == "global") return {};
  return Error{ErrorCode::failed_precondition, "No path to region"};
}

std::int64_t blocking_wait_ns(const model::QueryOptions& query, Random& random) {
  const std::int64_t wait =
      query.wait() <= 0 ? longest_wait_ns : std::min(query.wait(), longest_wait_ns);
  return wait + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(wait / 16) + 1));
}

void fill_query_meta(const model::QueryMeta& meta, Message& response) {
  const auto* type = response.GetDescriptor();
  const auto* reflection = response.GetReflection();
  const FieldDescriptor* field = type->FindFieldByName("query_meta");
  if (field == nullptr) return;
  reflection->MutableMessage(&response, field)->CopyFrom(meta);
  if (const auto* index = type->FindFieldByName("index")) {
    reflection->SetUInt64(&response, index, meta.index());
  }
  if (const auto* last_contact = type->FindFieldByName("last_contact")) {
    reflection->SetInt64(&response, last_contact, meta.last_contact());
  }
  if (const auto* known_leader = type->FindFieldByName("known_leader")) {
    reflection->SetBool(&response, known_leader, meta.known_leader());
  }
}

}  // namespace yurt::server
