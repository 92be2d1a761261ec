// Objects as -json or as -t formats them.
//
// A -t text is either a list of fields ("ID,Status", printed with tabs between) or a template
// (cli/template_text.h).
#pragma once

#include <google/protobuf/message.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/command.h"

namespace yurt::model {
class Job;
}

namespace yurt::cli {

struct OutputOptions {
  bool json = false;
  std::string format;

  void add_to(CLI::App& command);
  [[nodiscard]] bool wanted() const { return json || !format.empty(); }
};

// `json` through the format. invalid_argument names what is wrong with it.
[[nodiscard]] Result<std::string> format_json(const std::string& json, const std::string& format);

// {"Job": …}, as registrations carry it and `job inspect` prints it.
[[nodiscard]] std::string job_document(const model::Job& job);

// Print `message`, one of its fields, or JSON, as the options ask; the exit code.
int print_message(Session& session, const OutputOptions& options,
                  const google::protobuf::Message& message);
int print_document(Session& session, const OutputOptions& options, const std::string& json);
int print_field(Session& session, const OutputOptions& options,
                const google::protobuf::Message& message, const std::string& field);

}  // namespace yurt::cli
