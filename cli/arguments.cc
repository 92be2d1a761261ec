#include "cli/arguments.h"

#include <algorithm>
#include <cctype>

namespace yurt::cli {
namespace {

const CLI::App* child_named(const CLI::App& app, const std::string& name) {
  for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (child->check_name(name)) return child;
  }
  return nullptr;
}

// Levenshtein's distance.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

// " Did you mean …?" with the nearest candidate, or nothing when none is near.
std::string suggestion(const std::string& word, const std::vector<std::string>& candidates,
                       const std::string& before) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t d = distance(word, candidate);
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best.empty() ? std::string() : " Did you mean `" + before + best + "`?";
}

bool is_flag(const std::string& word) {
  if (word.size() < 2 || word[0] != '-' || word == "--") return false;
  return std::isdigit(static_cast<unsigned char>(word[1])) == 0;
}

// Rewrites the words after the command's name.
class Rewriter {
 public:
  Rewriter(const CLI::App& command, Arguments& out) : command_(command), out_(out) {}

  Status run(const std::vector<std::string>& words, std::size_t at) {
    const bool passes_on = command_.get_prefix_command();
    for (; at < words.size(); ++at) {
      const std::string& word = words[at];
      if (word == "--" || (passes_on && !positionals_.empty())) {
        if (word == "--") ++at;
        positionals_.insert(positionals_.end(), words.begin() + static_cast<std::ptrdiff_t>(at),
                            words.end());
        break;
      }
      if (!is_flag(word)) {
        positionals_.push_back(word);
        continue;
      }
      YURT_ASSIGN(const bool needs_value, add_flag(word));
      if (needs_value) {
        if (++at == words.size()) {
          return Error{ErrorCode::invalid_argument, "the flag " + word + " needs a value"};
        }
        out_.words.push_back(words[at]);
      }
    }
    return add_positionals();
  }

 private:
  // True when the flag's value is the next word.
  Result<bool> add_flag(const std::string& word) {
    const auto equals = word.find('=');
    std::string name = word.substr(word.find_first_not_of('-'));
    name = name.substr(0, name.find('='));
    const CLI::Option* option = command_.get_option_no_throw("--" + name);
    if (option == nullptr && name.size() == 1) option = command_.get_option_no_throw("-" + name);
    if (option == nullptr) {
      std::vector<std::string> names;
      for (const CLI::Option* known : flags_of(command_)) {
        for (const std::string& long_name : known->get_lnames()) names.push_back(long_name);
      }
      return Error{ErrorCode::invalid_argument, "`" + full_name(command_) + "` has no flag -" +
                                                    name + "." + suggestion(name, names, "-")};
    }
    // Every option with a short name has a long one, but for -h.
    const std::string spelled = option->get_lnames().empty() ? "-" + option->get_snames().front()
                                : option->check_lname(name)  ? "--" + name
                                                             : "--" + option->get_lnames().front();
    const bool valued = takes_value(*option);
    if (equals == std::string::npos) {
      out_.words.push_back(spelled);
      return valued;
    }
    const std::string value = word.substr(equals + 1);
    if (valued) {
      out_.words.push_back(spelled);
      out_.words.push_back(value);
    } else {
      out_.words.push_back(spelled + "=" + value);
    }
    return false;
  }

  // Behind "--", so that a job may be called "status".
  Status add_positionals() {
    if (positionals_.empty()) return {};
    std::size_t most = 0;
    for (const CLI::Option* word : words_of(command_)) {
      most += static_cast<std::size_t>(word->get_items_expected_max());
    }
    if (positionals_.size() > most) {
      return Error{ErrorCode::invalid_argument,
                   "`" + full_name(command_) + "` does not expect \"" + positionals_[most] + "\""};
    }
    out_.words.push_back("--");
    out_.words.insert(out_.words.end(), positionals_.begin(), positionals_.end());
    return {};
  }

  const CLI::App& command_;
  Arguments& out_;
  std::vector<std::string> positionals_;
};

}  // namespace

void pass_words_on(CLI::App& command) { command.prefix_command(true); }

Status normalise(const CLI::App& root, const std::vector<std::string>& words, Arguments& out) {
  out.command = &root;
  std::size_t at = 0;
  for (; at < words.size() && !is_flag(words[at]); ++at) {
    const CLI::App* child = child_named(*out.command, words[at]);
    if (child == nullptr) {
      if (!words_of(*out.command).empty()) break;
      std::vector<std::string> names;
      for (const CLI::App* known : shown_subcommands(*out.command)) {
        names.push_back(known->get_name());
      }
      if (names.empty()) break;
      return Error{ErrorCode::invalid_argument,
                   "`" + full_name(*out.command) + "` has no command \"" + words[at] + "\"." +
                       suggestion(words[at], names, full_name(*out.command) + " ")};
    }
    out.command = child;
    out.words.push_back(words[at]);
  }
  return Rewriter(*out.command, out).run(words, at);
}

std::vector<const CLI::App*> shown_subcommands(const CLI::App& app) {
  // An empty group hides a command.
  return app.get_subcommands([](const CLI::App* child) { return !child->get_group().empty(); });
}

std::vector<const CLI::Option*> flags_of(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return option->nonpositional(); });
}

std::vector<const CLI::Option*> words_of(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

std::string flag_names(const CLI::Option& option) {
  std::string out;
  for (const auto& names : {option.get_snames(), option.get_lnames()}) {
    for (const std::string& name : names) {
      // What turns a flag off is a form of it, not another name.
      if (name.starts_with("no-") && !option.get_fnames().empty()) continue;
      out += (out.empty() ? "-" : ", -") + name;
    }
  }
  return out;
}

std::string full_name(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent == nullptr ? app.get_name() : full_name(*parent) + " " + app.get_name();
}

}  // namespace yurt::cli
