// csvdecode: RFC 4180 with a header line, as Go's encoding/csv reads it.
#include <set>

#include "jobspec/hcl/functions/registry.h"

namespace yurt::hcl {
namespace {

class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : text_(text) {}

  // The next record that is no empty line; false at the end and after an error.
  bool next(std::vector<std::string>& fields) {
    while (at_ < text_.size() && (peek() == '\n' || text_.substr(at_).starts_with("\r\n"))) {
      end_line();
    }
    if (at_ == text_.size()) return false;
    fields.clear();
    record_line_ = line_;
    while (true) {
      fields.emplace_back();
      if (!(peek() == '"' ? read_quoted(fields.back()) : read_bare(fields.back()))) return false;
      if (at_ == text_.size()) return true;
      if (peek() != ',') {
        end_line();
        return true;
      }
      ++at_;
    }
  }

  std::size_t line() const { return record_line_; }
  const std::string& problem() const { return problem_; }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool at_field_end() const {
    return at_ == text_.size() || peek() == ',' || peek() == '\n' ||
           (peek() == '\r' && peek(1) == '\n');
  }
  void end_line() {
    at_ += peek() == '\r' ? 2 : 1;
    ++line_;
  }
  bool fail(const std::string& why) {
    problem_ = "parse error on line " + std::to_string(line_) + ": " + why;
    return false;
  }

  bool read_bare(std::string& field) {
    while (!at_field_end()) {
      if (peek() == '"') return fail("bare \" in non-quoted field");
      field += text_[at_++];
    }
    return true;
  }

  bool read_quoted(std::string& field) {
    ++at_;
    while (at_ < text_.size()) {
      if (peek() == '"' && peek(1) == '"') {
        field += '"';
        at_ += 2;
      } else if (peek() == '"') {
        ++at_;
        return at_field_end() || fail("extraneous or missing \" in quoted field");
      } else {
        if (peek() == '\n') ++line_;
        if (peek() == '\r' && peek(1) == '\n') ++at_;
        field += text_[at_++];
      }
    }
    return fail("extraneous or missing \" in quoted field");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t record_line_ = 1;
  std::string problem_;
};

CallResult decode_csv(Arguments arguments, std::uint64_t limit) {
  CsvReader reader(arguments[0].as_string());
  std::vector<std::string> names, fields;
  if (!reader.next(names)) {
    return call_error(reader.problem().empty() ? "missing header line" : reader.problem(), 0);
  }
  std::set<std::string> distinct;
  for (const std::string& name : names) {
    if (!distinct.insert(name).second) {
      return call_error("duplicate column name \"" + name + "\"", 0);
    }
  }
  Value::Elements rows;
  std::uint64_t weight = 0;
  while (reader.next(fields)) {
    if (fields.size() != names.size()) {
      return call_error("parse error on line " + std::to_string(reader.line()) +
                            ": wrong number of fields: expected " + std::to_string(names.size()) +
                            ", found " + std::to_string(fields.size()),
                        0);
    }
    Value::Members row;
    for (std::size_t i = 0; i < names.size(); ++i) {
      row.emplace(names[i], Value::string(std::move(fields[i])));
    }
    rows.push_back(Value::object(std::move(row)));
    weight += rows.back().weight();
    if (weight > limit) return too_large();
  }
  if (!reader.problem().empty()) return call_error(reader.problem(), 0);
  return Value::list(std::move(rows));
}

}  // namespace

void add_csv_functions(FunctionTable& table) {
  table["csvdecode"] = {{string_parameter("str")}, {}, decode_csv};
}

}  // namespace yurt::hcl
