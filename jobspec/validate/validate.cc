#include "jobspec/validate/validate.h"

#include "jobspec/validate/checks.h"

namespace yurt::jobspec {

const std::vector<std::string>& known_drivers() {
  static const std::vector<std::string> drivers{"raw_exec", "docker", "compose"};
  return drivers;
}

Issues validate(const model::Job& job, const ValidateOptions& options) {
  Issues issues;
  check_marked_fields(job, issues);
  check_job(job, options, issues);
  return issues;
}

}  // namespace yurt::jobspec
