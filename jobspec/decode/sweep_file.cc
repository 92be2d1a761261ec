#include "jobspec/decode/sweep_file.h"

#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "jobspec/decode/csv_records.h"
#include "jobspec/json/cursor.h"

namespace yurt::jobspec {
namespace {

class TrialFile {
 public:
  TrialFile(hcl::SourcePtr source, model::Sweep& sweep, hcl::Diagnostics& diagnostics)
      : source_(std::move(source)), sweep_(sweep), diagnostics_(diagnostics) {}

  void read() {
    const std::size_t first = source_->text().find_first_not_of(" \t\r\n");
    const bool json = first != std::string::npos && source_->text()[first] == '{';
    const std::size_t errors = diagnostics_.error_count();
    json ? read_json() : read_csv();
    if (sweep_.trial().empty() && diagnostics_.error_count() == errors) {
      error("the file holds no trials", static_cast<std::uint32_t>(source_->text().size()));
    }
  }

 private:
  void error(const std::string& what, std::uint32_t begin) { error(what, begin, begin); }
  void error(const std::string& what, std::uint32_t begin, std::uint32_t end) {
    diagnostics_.error("Unusable trials", what + ".", {source_, begin, end});
  }

  bool check_header(const std::vector<CsvField>& header) {
    std::map<std::string, int> seen;
    for (const CsvField& name : header) {
      if (name.text.empty()) {
        error("a column has no name", name.begin, name.end);
        return false;
      }
      if (++seen[name.text] > 1) {
        error("column \"" + name.text + "\" comes twice", name.begin, name.end);
        return false;
      }
    }
    return true;
  }

  void read_csv() {
    CsvRecords records(source_->text());
    std::vector<CsvField> header, record;
    if (records.next(header) && !check_header(header)) return;
    while (records.next(record)) {
      if (record.size() != header.size()) {
        error("the trial has " + std::to_string(record.size()) + " fields; the header has " +
                  std::to_string(header.size()),
              record.front().begin, record.back().end);
        return;
      }
      auto& values = *sweep_.add_trial()->mutable_values();
      for (std::size_t i = 0; i < header.size(); ++i) {
        values[header[i].text] = std::move(record[i].text);
      }
    }
    if (!records.problem().empty()) error(records.problem(), records.place());
  }

  void read_json() {
    json::Cursor cursor(source_->text());
    while (!cursor.at_end()) {
      if (read_trial(cursor, *sweep_.add_trial()->mutable_values())) continue;
      error(cursor.message(), static_cast<std::uint32_t>(cursor.position()));
      return;
    }
  }

  template <typename Values>
  bool read_trial(json::Cursor& cursor, Values& values) {
    if (!cursor.expect('{', "before a trial's parameters")) return false;
    if (cursor.skip_if('}')) return cursor.fail("the trial has no parameters");
    do {
      std::string name;
      if (!cursor.string(name) || !cursor.expect(':', "after a parameter's name")) return false;
      if (values.contains(name)) return cursor.fail("\"" + name + "\" comes twice in the trial");
      if (!read_value(cursor, values[name])) return false;
    } while (cursor.skip_if(','));
    return cursor.expect('}', "after a trial's parameters");
  }

  // Numbers keep the digits they were written with.
  static bool read_value(json::Cursor& cursor, std::string& out) {
    const char next = cursor.peek();
    if (next == '"') return cursor.string(out);
    if (next == 't' || next == 'f') {
      bool value = false;
      if (!cursor.boolean(value)) return false;
      out = value ? "true" : "false";
      return true;
    }
    if (next == '{' || next == '[' || next == 'n') {
      return cursor.fail(std::string("expected a text, a number or a boolean, found ") +
                         cursor.describe_next());
    }
    std::string_view digits;
    if (!cursor.number(digits)) return false;
    out = digits;
    return true;
  }

  const hcl::SourcePtr source_;
  model::Sweep& sweep_;
  hcl::Diagnostics& diagnostics_;
};

}  // namespace

void read_sweep_file(model::Job& job, const std::optional<std::filesystem::path>& folder,
                     const SourceMap& places, hcl::Diagnostics& diagnostics) {
  if (!job.has_sweep() || !job.sweep().has_file()) return;
  model::Sweep& sweep = *job.mutable_sweep();
  const std::string name = sweep.file();
  const hcl::Range place = places.find("sweep.file");
  sweep.clear_file();
  if (!folder) {
    diagnostics.error("Files cannot be read here",
                      "A server has no files of yours: submit the job with \"yurt job run\", which "
                      "reads \"file\" where the job file is.",
                      place);
    return;
  }
  if (!sweep.trial().empty()) {
    diagnostics.error("Two lists of trials",
                      "A sweep's trials are in a file or in trial blocks, not both.", place);
    return;
  }
  auto text = read_file(*folder / name);
  if (!text.ok()) {
    diagnostics.error("Unreadable file", text.error().message + ".", place);
    return;
  }
  TrialFile(hcl::make_source((*folder / name).lexically_normal(), std::move(*text)), sweep,
            diagnostics)
      .read();
}

}  // namespace yurt::jobspec
