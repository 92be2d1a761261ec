// Issues: what is wrong with a job, as a list of places and sentences.
//
// A path names the field by the job file's names ("group[0].task[1].resources.memory"); the message
// is a sentence without capital and full stop that says what was found and what was expected.
#pragma once

#include <string>
#include <vector>

#include "jobspec/decode/source_map.h"
#include "jobspec/hcl/diagnostic.h"
#include "proto/job.pb.h"

namespace yurt::jobspec {

struct Issue {
  bool is_error = true;
  std::string path;
  std::string message;
};

class Issues {
 public:
  void error(std::string path, std::string message);
  void warning(std::string path, std::string message);

  [[nodiscard]] const std::vector<Issue>& list() const { return list_; }
  [[nodiscard]] bool has_errors() const { return error_count_ > 0; }
  [[nodiscard]] std::size_t error_count() const { return error_count_; }

 private:
  std::vector<Issue> list_;
  std::size_t error_count_ = 0;
};

// Messages with the group and task they are about in front: `group "web", task "server": …`.
[[nodiscard]] std::vector<std::string> error_messages(const Issues& issues, const model::Job& job);
[[nodiscard]] std::vector<std::string> warning_messages(const Issues& issues,
                                                        const model::Job& job);

// All errors as one text, as Nomad's API gives them: "2 errors occurred:\n\t* …\n\t* …\n\n". Empty
// when there are none.
[[nodiscard]] std::string errors_text(const Issues& issues, const model::Job& job);
// All warnings as one text: "1 warning:\n\n* …". Empty when there are none.
[[nodiscard]] std::string warnings_text(const Issues& issues, const model::Job& job);

// The issues as diagnostics that point into the job file that `places` was made from.
[[nodiscard]] hcl::Diagnostics to_diagnostics(const Issues& issues, const model::Job& job,
                                              const SourceMap& places);

}  // namespace yurt::jobspec
