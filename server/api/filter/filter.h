// Filter: the language of ?filter=, as Nomad's API takes it.
//
//   Status == "running" and (Meta["team"] == "vision" or Name matches "^train-")
//
// Selectors name fields as JSON does, joined by dots (Job.Meta.team, Job.Meta["team"],
// TaskGroups.0.Name) or as a JSON pointer in quotes ("/Job/Meta/team"). Operators: == != in, not
// in, contains, not contains, matches, not matches, is empty, is not empty, is nil, is not nil.
// Values: "text", `raw text`, numbers, true, false, bare words. any/all quantify over a list or
// map: any TaskGroups as g { g.Count == 3 }.
//
// An expression is checked against the type of what it filters when it is parsed. What an absent
// object or map key leads to equals nothing, contains nothing and is empty. Immutable; thread-safe.
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <string_view>

#include "base/result.h"

namespace yurt::server::filter {

struct Node;

// What is filtered. One message field may live outside the message (an allocation's job, which is
// shared by thousands of allocations): `detached` stands in for it.
struct Subject {
  const google::protobuf::Message& message;
  const google::protobuf::FieldDescriptor* detached_field = nullptr;
  const google::protobuf::Message* detached = nullptr;
};

class Filter {
 public:
  // invalid_argument says what was expected, and where.
  [[nodiscard]] static Result<Filter> parse(std::string_view text,
                                            const google::protobuf::Descriptor& type);
  [[nodiscard]] bool matches(const Subject& subject) const;

 private:
  explicit Filter(std::shared_ptr<const Node> root) : root_(std::move(root)) {}
  std::shared_ptr<const Node> root_;
};

}  // namespace yurt::server::filter
