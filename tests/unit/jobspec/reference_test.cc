// docs/job-file.md against the schema: nobody adds a field and forgets to say what it is for.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/file.h"
#include "jobspec/decode/block_layout.h"
#include "proto/job.pb.h"

namespace yurt::jobspec {
namespace {

// The text from the message's mark to the next mark.
std::string section(const std::string& document, const std::string& message) {
  const std::string mark = "<!-- message: " + message + " -->";
  const std::size_t begin = document.find(mark);
  if (begin == std::string::npos) return "";
  const std::size_t end = document.find("<!-- message:", begin + mark.size());
  return document.substr(begin, end - begin);
}

void expect_documented(const google::protobuf::Descriptor& message, const std::string& document,
                       std::set<std::string>& seen) {
  if (!seen.insert(message.name()).second) return;
  const std::string text = section(document, message.name());
  EXPECT_FALSE(text.empty()) << "docs/job-file.md has no section for " << message.name();
  for (const auto& [name, field] : block_layout(&message).fields) {
    EXPECT_NE(text.find("`" + name + "`"), std::string::npos)
        << message.name() << "." << name << " is not in docs/job-file.md";
    if (field.form == BlockField::Form::block) {
      expect_documented(*field.field->message_type(), document, seen);
    }
  }
}

TEST(Reference, ExplainsEveryFieldAJobFileCanSet) {
  const auto document = read_file(YURT_DOCS "/job-file.md");
  ASSERT_TRUE(document.ok());
  std::set<std::string> seen;
  expect_documented(*model::Job::descriptor(), *document, seen);
}

}  // namespace
}  // namespace yurt::jobspec
