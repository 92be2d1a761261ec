#include "cli/completion.h"

#include <algorithm>
#include <map>

#include "cli/arguments.h"
#include "cli/help.h"
#include "cli/show.h"

namespace yurt::cli {
namespace {

// Nobody waits longer for a completion.
constexpr std::int64_t patience_ms = 1500;

constexpr const char* hidden = "__complete";

constexpr const char* bash_script =
    R"(# Completion of yurt for bash: source this, or put it into a folder of bash-completion.
_yurt() {
  local line word
  COMPREPLY=()
  while IFS= read -r line; do
    word=${line%%$'\t'*}
    COMPREPLY+=("$word")
  done < <("${COMP_WORDS[0]}" __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _yurt yurt
)";

constexpr const char* zsh_script = R"(#compdef yurt
# Completion of yurt for zsh: source this after compinit, or put it as _yurt into a folder of $fpath.
_yurt() {
  local line
  local -a found
  while IFS= read -r line; do
    found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done < <("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( ${#found} )); then
    _describe 'yurt' found
  else
    _files
  fi
}
compdef _yurt yurt
)";

constexpr const char* fish_script =
    R"(# Completion of yurt for fish: put this into ~/.config/fish/completions/yurt.fish.
function __yurt_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l found ($words[1] __complete -- $words[2..-1] "$current" 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\n' $found
  else
    __fish_complete_path "$current"
  end
end
complete -c yurt -f -a '(__yurt_complete)'
)";

std::vector<std::string> ids_of(Session& session, const std::string& context,
                                const std::string& prefix) {
  session.client().set_patience_ms(patience_ms);
  model::SearchRequest request;
  *request.mutable_query() = query(session);
  request.mutable_query()->set_stale(true);
  request.set_prefix(prefix);
  request.set_context(context);
  const auto reply = session.client().get<model::SearchResponse>("Search", request);
  std::vector<std::string> out;
  if (!reply.ok()) return out;
  for (const auto& [name, matches] : reply->matches()) {
    out.insert(out.end(), matches.values().begin(), matches.values().end());
  }
  return out;
}

// What the server searches for a word or flag of this name; "" for what it does not know.
std::string context_of(const std::string& name) {
  static const std::map<std::string, std::string> contexts = {
      {"job", "jobs"}, {"alloc", "allocs"},          {"node", "nodes"},          {"eval", "evals"},
      {"id", "all"},   {"deployment", "deployment"}, {"namespace", "namespaces"}};
  const auto found = contexts.find(name);
  return found == contexts.end() ? std::string() : found->second;
}

class Completer {
 public:
  Completer(Session& session, const std::string& current) : session_(session), current_(current) {}

  std::vector<Candidate> run(const CLI::App& root, const std::vector<std::string>& before) {
    const CLI::App* app = &root;
    std::vector<std::string> words;
    for (std::size_t i = 0; i < before.size(); ++i) {
      const std::string& word = before[i];
      if (word.size() > 1 && word[0] == '-') {
        by_job_ |= word == "-job" || word == "--job";
        const CLI::Option* option = flag(*app, word);
        if (option == nullptr || !takes_value(*option) || word.find('=') != std::string::npos) {
          continue;
        }
        if (++i < before.size()) continue;
        value_of(*option);
        return std::move(out_);
      }
      const CLI::App* child = nullptr;
      if (words.empty()) {
        for (const CLI::App* known : app->get_subcommands([](const CLI::App*) { return true; })) {
          if (known->check_name(word)) child = known;
        }
      }
      if (child != nullptr) {
        app = child;
      } else {
        words.push_back(word);
      }
    }
    if (!current_.empty() && current_[0] == '-' && !(app->get_prefix_command() && !words.empty())) {
      flags(*app);
    } else {
      if (words.empty()) commands(*app);
      word_at(*app, words.size());
    }
    return std::move(out_);
  }

 private:
  void add(const std::string& word, const std::string& description) {
    if (word.starts_with(current_)) out_.push_back({word, description});
  }

  static const CLI::Option* flag(const CLI::App& app, const std::string& word) {
    const std::string name = word.substr(word.find_first_not_of('-'));
    const CLI::Option* option = app.get_option_no_throw("--" + name);
    return option != nullptr ? option : app.get_option_no_throw("-" + name.substr(0, 1));
  }

  void commands(const CLI::App& app) {
    for (const CLI::App* child : shown_subcommands(app)) {
      add(child->get_name(), child->get_description());
    }
  }

  void flags(const CLI::App& app) {
    const std::string dashes = current_.starts_with("--") ? "--" : "-";
    for (const CLI::Option* option : flags_of(app)) {
      for (const std::string& name : option->get_lnames()) {
        add(dashes + name, option->get_description());
      }
      if (dashes == "-") {
        for (const std::string& name : option->get_snames()) {
          add("-" + name, option->get_description());
        }
      }
    }
  }

  void value_of(const CLI::Option& option) {
    if (option.get_lnames().empty()) return;
    ids(context_of(option.get_lnames().front()));
  }

  void word_at(const CLI::App& app, std::size_t position) {
    const auto words = words_of(app);
    if (position >= words.size()) return;
    std::string name = words[position]->get_name(true);
    if (name == "alloc" && by_job_) name = "job";
    if (name == "shell") {
      for (const char* shell : {"bash", "zsh", "fish"}) add(shell, "");
    }
    ids(context_of(name));
  }

  void ids(const std::string& context) {
    if (context.empty()) return;
    for (const std::string& id : ids_of(session_, context, current_)) add(id, "");
  }

  Session& session_;
  const std::string& current_;
  bool by_job_ = false;
  std::vector<Candidate> out_;
};

}  // namespace

std::vector<Candidate> complete(const CLI::App& root, Session& session,
                                const std::vector<std::string>& words) {
  const std::string current = words.empty() ? std::string() : words.back();
  std::vector<std::string> before = words;
  if (!before.empty()) before.pop_back();
  return Completer(session, current).run(root, before);
}

void add_completion_commands(CLI::App& root, Session& session) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command =
      root.add_subcommand("completion", "Print the script that completes words in a shell");
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(
      "For this shell alone: `source <(yurt completion bash)`; for good: put that line "
      "into ~/.bashrc.");
  command->callback([&session, shell] {
    session.run = [&session, shell] {
      const std::string text = *shell == "bash"  ? bash_script
                               : *shell == "zsh" ? zsh_script
                                                 : fish_script;
      session.terminal.print(text.substr(0, text.size() - 1));
      return exit_ok;
    };
  });

  auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* answers = root.add_subcommand(hidden, "Words that may follow")->group("");
  answers->add_option("words", *words, "Words typed so far");
  answers->callback([&session, &root, words] {
    session.run = [&session, &root, words] {
      for (const Candidate& candidate : complete(root, session, *words)) {
        session.terminal.print(candidate.word + "\t" + candidate.description);
      }
      return exit_ok;
    };
  });

  root.add_subcommand("cli-reference", "Print docs/cli.md")->group("")->callback([&session, &root] {
    session.run = [&session, &root] {
      const std::string text = reference_markdown(root);
      session.terminal.print(text.substr(0, text.size() - 1));
      return exit_ok;
    };
  });
}

}  // namespace yurt::cli
