#include "jobspec/decode/csv_records.h"

namespace yurt::jobspec {

CsvRecords::CsvRecords(std::string_view text) : text_(text) {
  if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
}

char CsvRecords::peek(std::size_t ahead) const {
  return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
}

std::size_t CsvRecords::line_end() const {
  if (peek() == '\n') return 1;
  return peek() == '\r' && peek(1) == '\n' ? 2 : 0;
}

bool CsvRecords::at_field_end() const {
  return at_ == text_.size() || peek() == ',' || line_end() > 0;
}

bool CsvRecords::fail(std::string what) {
  problem_ = std::move(what);
  return false;
}

bool CsvRecords::read_plain(std::string& field) {
  while (!at_field_end()) {
    if (peek() == '"') return fail("a quote within a field that does not start with one");
    field += text_[at_++];
  }
  return true;
}

bool CsvRecords::read_quoted(std::string& field) {
  const std::size_t begin = at_++;
  while (at_ < text_.size()) {
    if (peek() != '"') {
      field += text_[at_++];
    } else if (peek(1) == '"') {
      field += '"';
      at_ += 2;
    } else {
      ++at_;
      return at_field_end() || fail("something follows the field's closing quote");
    }
  }
  at_ = begin;
  return fail("the field's closing quote is missing");
}

bool CsvRecords::next(std::vector<CsvField>& record) {
  if (!problem_.empty()) return false;
  while (line_end() > 0) at_ += line_end();
  if (at_ == text_.size()) return false;
  record.clear();
  while (true) {
    CsvField& field = record.emplace_back();
    field.begin = place();
    if (!(peek() == '"' ? read_quoted(field.text) : read_plain(field.text))) return false;
    field.end = place();
    if (peek() != ',' || at_ == text_.size()) {
      at_ += line_end();
      return true;
    }
    ++at_;
  }
}

}  // namespace yurt::jobspec
