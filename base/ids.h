// Identifiers: UUIDs with a type each, so that a node's ID can't be passed where a job's is due.
//
// A Uuid is 16 bytes, ordered as its text is. The nil UUID (all zero) means "none" and prints as
// the empty string, as Nomad's API does for absent references. Plain values; no locking needed.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace yurt {

class Random;

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Uuid&) const = default;
  [[nodiscard]] bool is_nil() const { return *this == Uuid{}; }
  // 36 characters, lower case, or "" for the nil UUID.
  [[nodiscard]] std::string to_string() const;
  // The first eight hex digits, as CLIs show IDs.
  [[nodiscard]] std::string short_form() const;
  // The 16 bytes as they are stored and sent; "" for nil.
  [[nodiscard]] std::string to_bytes() const;

  // Accepts the 36-character form in either case; nullopt for anything else.
  [[nodiscard]] static std::optional<Uuid> parse(std::string_view text);
  // The inverse of to_bytes; nil when `raw` is not 16 bytes long.
  [[nodiscard]] static Uuid from_bytes(std::string_view raw);
  // A random (version 4, RFC 9562) UUID.
  [[nodiscard]] static Uuid generate(Random& random);
};

// A Uuid that names one kind of object. Tag is never defined, only named.
template <typename Tag>
struct Id {
  Uuid uuid;

  auto operator<=>(const Id&) const = default;
  [[nodiscard]] bool is_nil() const { return uuid.is_nil(); }
  [[nodiscard]] std::string to_string() const { return uuid.to_string(); }
  [[nodiscard]] std::string short_form() const { return uuid.short_form(); }
  [[nodiscard]] std::string to_bytes() const { return uuid.to_bytes(); }
  [[nodiscard]] static std::optional<Id> parse(std::string_view text) {
    auto uuid = Uuid::parse(text);
    return uuid ? std::optional<Id>(Id{*uuid}) : std::nullopt;
  }
  // The ID that `text` names; nil when it is no UUID (e.g. empty).
  [[nodiscard]] static Id parse_or_nil(std::string_view text) { return parse(text).value_or(Id{}); }
  [[nodiscard]] static Id from_bytes(std::string_view raw) { return Id{Uuid::from_bytes(raw)}; }
  [[nodiscard]] static Id generate(Random& random) { return Id{Uuid::generate(random)}; }
};

using AllocId = Id<struct AllocTag>;
using EvalId = Id<struct EvalTag>;
using NodeId = Id<struct NodeTag>;
using DeploymentId = Id<struct DeploymentTag>;

// A job is named by its namespace and its ID, both chosen by the user.
struct JobKey {
  std::string ns;
  std::string id;

  auto operator<=>(const JobKey&) const = default;
};

}  // namespace yurt

template <>
struct std::hash<yurt::Uuid> {
  std::size_t operator()(const yurt::Uuid& uuid) const noexcept {
    // IDs are random already: any eight bytes are a good hash.
    std::size_t value;
    std::memcpy(&value, uuid.bytes.data(), sizeof value);
    return value;
  }
};
template <typename Tag>
struct std::hash<yurt::Id<Tag>> {
  std::size_t operator()(const yurt::Id<Tag>& id) const noexcept {
    return std::hash<yurt::Uuid>()(id.uuid);
  }
};
template <>
struct std::hash<yurt::JobKey> {
  std::size_t operator()(const yurt::JobKey& key) const noexcept {
    return std::hash<std::string>()(key.id) * 31 + std::hash<std::string>()(key.ns);
  }
};
