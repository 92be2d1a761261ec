// Listing: what all list operations do with prefix, filter, pages and order.
//
// A row is any copyable handle (usually a pointer into the snapshot). Rows are collected in any
// order with the cheap tests already made (namespace, prefix, job), then laid out in order, sought
// to the token's row, filtered, and cut to a page. The token names the first row of the next page.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/api/filter/filter.h"
#include "server/api/operation.h"

namespace yurt::server {

// Whether `id` begins with `prefix`, hyphens of either ignored: CLIs cut them from UUIDs.
[[nodiscard]] bool has_id_prefix(const Uuid& id, std::string_view prefix);

// The filter of a request, checked against what it filters; nullopt when there is none. The error's
// text begins as clients expect it.
[[nodiscard]] Result<std::optional<filter::Filter>> parse_filter(
    const model::QueryOptions& query, const google::protobuf::Descriptor& type);

// "<index>.<id>"; a token without an index is one of index 0.
struct IndexedToken {
  std::uint64_t index = 0;
  std::string id;
};
[[nodiscard]] Result<IndexedToken> parse_indexed_token(const std::string& token);

// Sorts `rows` by `less` lazily, visits those that `keep` accepts from the first that
// `before_token` does not place before the page's start, and puts the next page's token into
// reading.next_token.
//   less(a, b)        the list's ascending order; query.reverse turns it round
//   at_token(row)     <0, 0 or >0: the row lies before, at or behind the token, ascending
//   keep(row)         the filter
//   emit(row)         adds it to the answer
//   token(row)        the row's own token
template <typename Row, typename Less, typename AtToken, typename Keep, typename Emit,
          typename Token>
void list_page(Reading& reading, std::vector<Row> rows, Less less, AtToken at_token, Keep keep,
               Emit emit, Token token) {
  const auto& query = reading.query;
  const bool reverse = query.reverse();
  if (!query.next_token().empty()) {
    std::erase_if(rows, [&](const Row& row) {
      const int side = at_token(row);
      return reverse ? side > 0 : side < 0;
    });
  }
  // A heap whose top is the next row: whoever asks for one page pays for one page's order.
  const auto later = [&](const Row& a, const Row& b) { return reverse ? less(a, b) : less(b, a); };
  std::make_heap(rows.begin(), rows.end(), later);
  std::int64_t room = query.per_page() > 0 ? query.per_page() : INT64_MAX;
  while (!rows.empty()) {
    std::pop_heap(rows.begin(), rows.end(), later);
    const Row row = std::move(rows.back());
    rows.pop_back();
    if (!keep(row)) continue;
    if (room-- == 0) {
      reading.next_token = token(row);
      return;
    }
    emit(row);
  }
}

// The same for rows that are ordered by CreateIndex and ID, as evaluations, allocations and
// deployments are; with a prefix they are ordered by ID, and so is the token.
//   key(row)  their (create index, UUID)
template <typename Row, typename Key, typename Keep, typename Emit>
[[nodiscard]] Status list_by_creation(Reading& reading, std::vector<Row> rows, Key key, Keep keep,
                                      Emit emit) {
  const bool by_id = !reading.query.prefix().empty();
  IndexedToken start;
  if (!reading.query.next_token().empty()) {
    if (by_id) {
      start.id = reading.query.next_token();
    } else {
      YURT_ASSIGN(start, parse_indexed_token(reading.query.next_token()));
    }
  }
  const Uuid start_id = Uuid::parse(start.id).value_or(Uuid{});
  using Place = std::pair<std::uint64_t, Uuid>;
  const auto place = [&](const Row& row) -> Place {
    const auto [index, id] = key(row);
    return {by_id ? 0 : index, id};
  };
  const Place first{start.index, start_id};
  list_page(
      reading, std::move(rows), [&](const Row& a, const Row& b) { return place(a) < place(b); },
      [&](const Row& row) {
        const Place at = place(row);
        return at < first ? -1 : (first < at ? 1 : 0);
      },
      keep, emit,
      [&](const Row& row) {
        const auto [index, id] = key(row);
        return by_id ? id.to_string() : std::to_string(index) + "." + id.to_string();
      });
  return {};
}

// The same for rows that are ordered by a text: their ID, or "<namespace>.<id>" in pieces.
template <typename Row, typename Key, typename Keep, typename Emit>
void list_by_name(Reading& reading, std::vector<Row> rows, Key key, Keep keep, Emit emit) {
  const std::string& start = reading.query.next_token();
  list_page(
      reading, std::move(rows), [&](const Row& a, const Row& b) { return key(a) < key(b); },
      [&](const Row& row) { return key(row).compare(start); }, keep, emit,
      [&](const Row& row) { return std::string(key(row)); });
}

}  // namespace yurt::server
