#include "cli/diff_text.h"

namespace yurt::cli {
namespace {

struct Mark {
  const char* sign;
  Color color;
};

Mark mark_of(const std::string& type) {
  if (type == "Added") return {"+", Color::green};
  if (type == "Deleted") return {"-", Color::red};
  if (type == "Edited") return {"+/-", Color::yellow};
  return {"", Color::plain};
}

class DiffWriter {
 public:
  DiffWriter(const Terminal& terminal, bool verbose) : terminal_(terminal), verbose_(verbose) {}

  std::string run(const model::JobDiff& diff) {
    head(0, diff.type(), "Job: \"" + diff.id() + "\"", "");
    fields(0, diff.fields());
    objects(0, diff.objects());
    for (const auto& group : diff.task_groups()) write_group(group);
    return std::move(out_);
  }

 private:
  template <typename Part>
  bool hidden(const Part& part) const {
    return !verbose_ && part.type() == "None";
  }

  void head(int depth, const std::string& type, const std::string& text, const std::string& note) {
    const Mark mark = mark_of(type);
    std::string line(static_cast<std::size_t>(depth) * 2, ' ');
    if (*mark.sign != '\0') line += terminal_.paint(mark.color, mark.sign) + " ";
    line += text;
    if (!note.empty()) line += " " + terminal_.paint(Color::faint, "(" + note + ")");
    out_ += line + "\n";
  }

  template <typename Strings>
  static std::string joined(const Strings& parts) {
    std::string out;
    for (const auto& part : parts) out += (out.empty() ? "" : ", ") + part;
    return out;
  }

  template <typename Fields>
  void fields(int depth, const Fields& list) {
    for (const auto& field : list) {
      if (hidden(field)) continue;
      std::string text = field.name() + ": ";
      if (field.type() == "Added" || field.type() == "None") {
        text += "\"" + field.new_() + "\"";
      } else if (field.type() == "Deleted") {
        text += "\"" + field.old() + "\"";
      } else {
        text += "\"" + field.old() + "\" => \"" + field.new_() + "\"";
      }
      head(depth + 1, field.type(), text, joined(field.annotations()));
    }
  }

  template <typename Objects>
  void objects(int depth, const Objects& list) {
    for (const auto& object : list) {
      if (hidden(object)) continue;
      head(depth + 1, object.type(), object.name() + " {", "");
      fields(depth + 1, object.fields());
      objects(depth + 1, object.objects());
      out_ += std::string(static_cast<std::size_t>(depth + 1) * 2, ' ') + "}\n";
    }
  }

  void write_group(const model::TaskGroupDiff& group) {
    std::string updates;
    for (const auto& [what, count] : group.updates()) {
      updates += (updates.empty() ? "" : ", ") + std::to_string(count) + " " + what;
    }
    head(0, group.type(), "Task Group: \"" + group.name() + "\"", updates);
    fields(0, group.fields());
    objects(0, group.objects());
    for (const auto& task : group.tasks()) {
      if (hidden(task)) continue;
      head(1, task.type(), "Task: \"" + task.name() + "\"", joined(task.annotations()));
      fields(1, task.fields());
      objects(1, task.objects());
    }
  }

  const Terminal& terminal_;
  const bool verbose_;
  std::string out_;
};

}  // namespace

std::string diff_text(const Terminal& terminal, const model::JobDiff& diff, bool verbose) {
  return DiffWriter(terminal, verbose).run(diff);
}

}  // namespace yurt::cli
