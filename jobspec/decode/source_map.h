// SourceMap: which part of a job file gave each field of the job, so that validation, which sees
// only the job, can point at the file.
//
// A path names a field by the job file's names: "group[0].task[1].resources.memory". Not
// thread-safe while being filled.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "jobspec/hcl/source.h"

namespace yurt::jobspec {

class SourceMap {
 public:
  void set(std::string path, hcl::Range range);
  // The place of the field, or of the nearest block around it that has one; a Range without source
  // when nothing is known (a job that came as JSON).
  [[nodiscard]] hcl::Range find(std::string_view path) const;
  // The field at `from` and all beneath it are now called `to`.
  void move(const std::string& from, const std::string& to);
  [[nodiscard]] bool empty() const { return ranges_.empty(); }

 private:
  std::map<std::string, hcl::Range, std::less<>> ranges_;
};

// "group[2]" below `parent`, which may be empty.
[[nodiscard]] std::string path_of(const std::string& parent, std::string_view field);
[[nodiscard]] std::string path_of(const std::string& parent, std::string_view field, int index);

}  // namespace yurt::jobspec
