#include "cli/help.h"

#include <algorithm>
#include <map>

#include "cli/arguments.h"

namespace yurt::cli {
namespace {

constexpr std::size_t text_width = 96;

// "<number>" for what the flag takes; "" for a flag without a value.
std::string value_text(const CLI::Option& option) {
  if (!takes_value(option)) return {};
  std::string type = option.get_type_name();
  if (type == "TEXT") type = "text";
  if (type == "INT" || type == "UINT") type = "number";
  return " <" + type + ">";
}

std::string word_text(const CLI::Option& option) {
  std::string name = option.get_name(true);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (option.get_items_expected_max() > 1) name += "...";
  return option.get_required() ? name : "[" + name + "]";
}

std::string described(const CLI::Option& option) {
  std::string text = option.get_description();
  const std::string initial = option.get_default_str();
  if (!initial.empty() && takes_value(option)) text += " (default: " + initial + ")";
  return text;
}

// Breaks `text` into lines and indents all but the first.
std::string wrapped(const std::string& text, std::size_t indent) {
  std::string out;
  std::size_t column = indent;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto end = std::min(text.find(' ', at), text.size());
    const std::size_t length = end - at;
    if (column > indent && column + 1 + length > text_width) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out.append(text, at, length);
    column += length;
    at = end + 1;
  }
  return out;
}

using Lines = std::vector<std::pair<std::string, std::string>>;

void add_section(std::string& out, const std::string& title, const Lines& lines) {
  if (lines.empty()) return;
  std::size_t width = 0;
  for (const auto& [name, text] : lines) width = std::max(width, name.size());
  width = std::min<std::size_t>(width, 30);
  out += "\n" + title + ":\n";
  for (const auto& [name, text] : lines) {
    out += "  " + name;
    if (name.size() > width) {
      out += "\n" + std::string(width + 4, ' ');
    } else {
      out += std::string(width + 2 - name.size(), ' ');
    }
    out += wrapped(text, width + 4) + "\n";
  }
}

// Flags by their group: a command's own first, then those that all have.
std::vector<std::pair<std::string, std::vector<const CLI::Option*>>> grouped_flags(
    const CLI::App& app) {
  std::vector<std::pair<std::string, std::vector<const CLI::Option*>>> out{{"Flags", {}}};
  for (const CLI::Option* option : flags_of(app)) {
    if (option == app.get_help_ptr() || option->get_group().empty()) continue;
    const std::string group = option->get_group() == "Options" ? "Flags" : option->get_group();
    auto found = std::find_if(out.begin(), out.end(),
                              [&](const auto& entry) { return entry.first == group; });
    if (found == out.end()) found = out.insert(out.end(), {group, {}});
    found->second.push_back(option);
  }
  return out;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '|' || c == '<' || c == '>') out += '\\';
    out += c;
  }
  return out;
}

class Reference {
 public:
  std::string run(const CLI::App& root) {
    out_ = R"(# Command line reference

Printed by `yurt cli-reference` from the definitions of the commands; `yurt COMMAND -help` shows the same.

Flags take one dash or two (`-detach`, `--detach`), a value as `-var a=b` or `-var=a=b`, and may stand before and after the other words. `-flag=false` turns a flag off. IDs may be shortened to a prefix that names one thing. Results go to standard output, everything else to standard error. Colours are used on a terminal only.

Exit codes: 0 success, 1 failure; `job run` 2 when something could not be placed; `job plan` 0 nothing would change, 1 allocations would, 255 failure; `alloc exec` the command's own.

| Environment variable | Meaning |
| --- | --- |
| `YURT_ADDR`, else `NOMAD_ADDR` | The server: `host:port` of its gRPC endpoint, or `http://host:port` of its HTTP endpoint, which is asked for the other |
| `YURT_REGION`, else `NOMAD_REGION` | Region |
| `YURT_NAMESPACE`, else `NOMAD_NAMESPACE` | Namespace |
| `YURT_VAR_name`, else `NOMAD_VAR_name` | Value of a job file's variable |
| `NO_COLOR`, `NOMAD_CLI_NO_COLOR` | No colours |
| `NOMAD_CLI_FORCE_COLOR` | Colours even where no terminal is |
)";
    for (const CLI::App* child : shown_subcommands(root)) {
      if (child->get_group() != short_forms_group) family(*child);
    }
    short_forms(root);
    return std::move(out_);
  }

 private:
  void family(const CLI::App& app) {
    out_ += "\n## " + full_name(app) + "\n\n" + app.get_description() + ".\n";
    if (shown_subcommands(app).empty() || !grouped_flags(app).front().second.empty()) body(app);
    commands_of(app);
  }

  void commands_of(const CLI::App& app) {
    for (const CLI::App* child : shown_subcommands(app)) {
      if (!shown_subcommands(*child).empty()) {
        commands_of(*child);
        continue;
      }
      out_ += "\n### " + full_name(*child) + "\n\n" + child->get_description() + ".\n";
      body(*child);
    }
  }

  void body(const CLI::App& app) {
    out_ += "\n```\n" + usage(app) + "\n```\n";
    if (!app.get_footer().empty()) out_ += "\n" + app.get_footer() + "\n";
    std::string rows;
    for (const CLI::Option* word : words_of(app)) {
      rows += "| `" + word_text(*word) + "` | " + escaped(described(*word)) + " |\n";
    }
    for (const auto& [group, options] : grouped_flags(app)) {
      if (group == connection_group) continue;
      for (const CLI::Option* option : options) {
        rows += "| `" + flag_names(*option) + value_text(*option) + "` | " +
                escaped(described(*option)) + " |\n";
      }
    }
    if (!rows.empty()) out_ += "\n| Word or flag | Meaning |\n| --- | --- |\n" + rows;
    if (connection_.empty()) note_connection(app);
  }

  void note_connection(const CLI::App& app) {
    for (const auto& [group, options] : grouped_flags(app)) {
      if (group != connection_group) continue;
      for (const CLI::Option* option : options) {
        connection_ += "| `" + flag_names(*option) + value_text(*option) + "` | " +
                       escaped(described(*option)) + " |\n";
      }
    }
  }

  void short_forms(const CLI::App& root) {
    out_ += "\n## Short forms\n\n| Short | Long |\n| --- | --- |\n";
    for (const CLI::App* child : shown_subcommands(root)) {
      if (child->get_group() != short_forms_group) continue;
      out_ += "| `" + full_name(*child) + "` | `" + child->get_footer() + "` |\n";
    }
    out_ += "\n## Flags of all commands\n\n| Flag | Meaning |\n| --- | --- |\n" + connection_;
  }

  static constexpr const char* connection_group = "Connection";
  std::string out_, connection_;
};

}  // namespace

std::string usage(const CLI::App& app) {
  std::string out = full_name(app);
  if (!shown_subcommands(app).empty() && app.get_require_subcommand_min() > 0) {
    return out + " COMMAND";
  }
  out += " [flags]";
  for (const CLI::Option* word : words_of(app)) out += " " + word_text(*word);
  return out;
}

std::string help_text(const CLI::App& app) {
  std::string out = "Usage: " + usage(app) + "\n\n  " + wrapped(app.get_description(), 2) + "\n";
  if (app.get_group() == short_forms_group) {
    out += "\n  The same as `" + app.get_footer() + "`.\n";
  } else if (!app.get_footer().empty()) {
    out += "\n  " + wrapped(app.get_footer(), 2) + "\n";
  }
  Lines commands, short_forms;
  for (const CLI::App* child : shown_subcommands(app)) {
    auto& list = child->get_group() == short_forms_group ? short_forms : commands;
    list.emplace_back(child->get_name(), child->get_description());
  }
  add_section(out, "Commands", commands);
  add_section(out, short_forms_group, short_forms);
  Lines words;
  for (const CLI::Option* word : words_of(app)) {
    words.emplace_back(word_text(*word), described(*word));
  }
  add_section(out, "Words", words);
  for (const auto& [group, options] : grouped_flags(app)) {
    Lines lines;
    for (const CLI::Option* option : options) {
      lines.emplace_back(flag_names(*option) + value_text(*option), described(*option));
    }
    add_section(out, group, lines);
  }
  return out;
}

std::string reference_markdown(const CLI::App& root) { return Reference().run(root); }

void use_help_texts(CLI::App& root) {
  root.formatter_fn(
      [](const CLI::App* app, std::string, CLI::AppFormatMode) { return help_text(*app); });
}

}  // namespace yurt::cli
