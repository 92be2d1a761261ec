#include "agent/template/task_templates.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "agent/alloc_dir/task_path.h"
#include "agent/fs/confined_root.h"
#include "agent/fs/read_descriptor.h"
#include "agent/template/cluster_reader.h"
#include "agent/template/env_file.h"
#include "proto/job.pb.h"

namespace yurt::agent {
namespace {

constexpr std::size_t max_file_bytes = 16 << 20;

// What a template may see: the task's variables, and files of its own and the shared folder.
class FolderProvider final : public templates::Provider {
 public:
  FolderProvider(const TaskEnvironment& environment, const ConfinedRoot& root,
                 std::function<Result<std::string>(const std::string&)> place,
                 const TemplateScope& scope, std::int64_t now_wall_ns)
      : environment_(environment),
        root_(root),
        place_(std::move(place)),
        cluster_(scope),
        now_wall_ns_(now_wall_ns) {}

  std::optional<std::string> env(const std::string& name) override {
    const auto found = environment_.variables().find(name);
    if (found == environment_.variables().end()) return std::nullopt;
    return found->second;
  }
  Result<std::string> file(const std::string& path) override {
    YURT_ASSIGN(const std::string inside, place_(environment_.interpolate(path)));
    files_read_.push_back(inside);
    YURT_ASSIGN(const UniqueFd file, root_.open_file(inside, O_RDONLY | O_NONBLOCK));
    return read_descriptor(file.get(), max_file_bytes);
  }
  std::int64_t now_wall_ns() override { return now_wall_ns_; }
  Result<templates::Value> cluster(const templates::ClusterQuery& query) override {
    return cluster_.answer(query);
  }

  [[nodiscard]] std::vector<std::string> take_files_read() { return std::move(files_read_); }
  [[nodiscard]] const ClusterReader& cluster_read() const { return cluster_; }

 private:
  const TaskEnvironment& environment_;
  const ConfinedRoot& root_;
  std::function<Result<std::string>(const std::string&)> place_;
  ClusterReader cluster_;
  std::int64_t now_wall_ns_;
  std::vector<std::string> files_read_;
};

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

}  // namespace

Result<std::shared_ptr<TaskTemplates>> TaskTemplates::create(const model::Task& task,
                                                             const TaskEnvironment& environment,
                                                             const std::filesystem::path& root,
                                                             TemplateScope scope) {
  std::shared_ptr<TaskTemplates> result(new TaskTemplates());
  result->scope_ = std::move(scope);
  result->root_ = root;
  result->task_name_ = task.name();
  for (const auto& block : task.template_()) {
    One one;
    YURT_TRY(result->parse(one, block, environment));
    result->all_.push_back(std::move(one));
  }
  return result;
}

Status TaskTemplates::parse(One& one, const model::Template& block,
                            const TaskEnvironment& environment) const {
  if (!block.left_delimiter().empty()) one.delimiters.left = block.left_delimiter();
  if (!block.right_delimiter().empty()) one.delimiters.right = block.right_delimiter();
  YURT_ASSIGN(one.destination, place(environment.interpolate(block.destination())));
  if (!block.source().empty()) {
    YURT_ASSIGN(one.source, place(environment.interpolate(block.source())));
  } else {
    YURT_ASSIGN(one.parsed, templates::Template::parse("template " + block.destination(),
                                                       block.data(), one.delimiters));
  }
  if (!block.perms().empty()) {
    char* end = nullptr;
    one.perms = static_cast<unsigned>(std::strtoul(block.perms().c_str(), &end, 8));
    if (*end != '\0' || one.perms > 0777) {
      return Error{ErrorCode::invalid_argument, "template " + block.destination() + ": perms \"" +
                                                    block.perms() + "\" is no octal file mode"};
    }
  }
  if (block.has_uid()) one.uid = block.uid();
  if (block.has_gid()) one.gid = block.gid();
  one.env = block.env();
  one.once = block.once();
  one.error_on_missing_key = block.error_on_missing_key();
  one.change_mode = block.has_change_mode() ? block.change_mode() : "restart";
  one.change_signal = block.change_signal();
  one.rolls =
      one.change_mode == "restart" && (block.has_rolling() ? block.rolling() : scope_.rolling);
  one.wait = {block.wait().min(), std::max(block.wait().min(), block.wait().max())};
  one.splay_ns = block.splay();
  const auto& script = block.change_script();
  one.script.command = environment.interpolate(script.command());
  for (const auto& arg : script.args()) one.script.args.push_back(environment.interpolate(arg));
  one.script.timeout_ns = script.has_timeout() ? script.timeout() : 5'000'000'000;
  one.script.fail_on_error = script.fail_on_error();
  one.script_on_first_render = script.run_on_first_render();
  return {};
}

Result<std::string> TaskTemplates::place(const std::string& path) const {
  return path_in_alloc(root_, task_name_, path);
}

Result<TemplateChanges> TaskTemplates::render(const TaskEnvironment& environment,
                                              std::int64_t now_wall_ns) {
  const std::lock_guard lock(mutex_);
  TemplateChanges changes;
  for (auto& one : all_) {
    if (one.once && one.rendered) continue;
    YURT_TRY(render_one(one, environment, now_wall_ns, changes));
  }
  return changes;
}

Status TaskTemplates::render_one(One& one, const TaskEnvironment& environment,
                                 std::int64_t now_wall_ns, TemplateChanges& changes) {
  const std::string name = "template " + one.destination;
  YURT_ASSIGN(const ConfinedRoot root, ConfinedRoot::open(root_));
  FolderProvider provider(
      environment, root, [this](const std::string& path) { return place(path); }, scope_,
      now_wall_ns);
  std::optional<templates::Template> from_file;
  if (!one.source.empty()) {
    auto file = root.open_file(one.source, O_RDONLY | O_NONBLOCK);
    if (!file.ok()) return file.error().within(name);
    YURT_ASSIGN(const std::string text, read_descriptor(file->get(), max_file_bytes));
    YURT_ASSIGN(from_file, templates::Template::parse(one.source, text, one.delimiters));
  }
  const auto& parsed = from_file ? *from_file : *one.parsed;
  templates::RenderOptions options;
  options.error_on_missing_key = one.error_on_missing_key;
  auto rendered = parsed.render(provider, nullptr, options);
  one.files_read = provider.take_files_read();
  if (!one.source.empty()) one.files_read.push_back(one.source);
  const ClusterReader& read = provider.cluster_read();
  one.watches = read.keys();
  if (!read.missing().empty()) {
    // What went wrong beside it may have gone wrong for want of it.
    changes.missing.insert(changes.missing.end(), read.missing().begin(), read.missing().end());
    changes.answered &= read.answered();
    return {};
  }
  YURT_ASSIGN(std::string content, std::move(rendered));
  if (one.rendered && content == one.content) {
    one.staged.reset();
    return {};
  }
  const bool first = !one.rendered;
  if (!first) changes.splay_ns = std::max(changes.splay_ns, one.splay_ns);
  if (one.rolls && !first) {
    one.staged.reset();
    if (one.refused == content) return {};
    one.staged = std::move(content);
    changes.roll = true;
    changes.index = std::max(changes.index, read.newest());
    return {};
  }
  YURT_TRY(write(one, root, std::move(content)));
  changes.any = true;
  if (one.change_mode == "script" && (!first || one.script_on_first_render)) {
    changes.scripts.push_back(one.script);
  }
  if (first) return {};
  changes.rendered_again.push_back(one.destination + " (" + std::to_string(one.renderings - 1) +
                                   ")");
  if (one.change_mode == "restart") changes.restart = true;
  if (one.change_mode == "signal") changes.signals.push_back(one.change_signal);
  return {};
}

Status TaskTemplates::write(One& one, const ConfinedRoot& root, std::string content) {
  std::map<std::string, std::string> variables;
  if (one.env) {
    auto read = parse_env_file(content);
    if (!read.ok()) return read.error().within("template " + one.destination);
    variables = std::move(*read);
  }
  YURT_TRY(root.make_folders(parent_of(one.destination), 0777));
  YURT_TRY(root.replace_file(one.destination, content, one.perms, one.uid, one.gid));
  one.rendered = true;
  ++one.renderings;
  one.content = std::move(content);
  one.variables = std::move(variables);
  one.staged.reset();
  one.refused.reset();
  return {};
}

Status TaskTemplates::commit_staged() {
  const std::lock_guard lock(mutex_);
  YURT_ASSIGN(const ConfinedRoot root, ConfinedRoot::open(root_));
  for (auto& one : all_) {
    if (one.staged) YURT_TRY(write(one, root, std::string(*one.staged)));
  }
  return {};
}

void TaskTemplates::refuse_staged() {
  const std::lock_guard lock(mutex_);
  for (auto& one : all_) {
    if (one.staged) one.refused = std::exchange(one.staged, std::nullopt);
  }
}

void TaskTemplates::adopt_rendered() {
  const std::lock_guard lock(mutex_);
  const auto root = ConfinedRoot::open(root_);
  if (!root.ok()) return;
  for (auto& one : all_) {
    const auto file = root->open_file(one.destination, O_RDONLY | O_NONBLOCK);
    if (!file.ok()) continue;
    auto content = read_descriptor(file->get(), max_file_bytes);
    if (!content.ok()) continue;
    one.rendered = true;
    one.content = std::move(*content);
    if (one.env) one.variables = parse_env_file(one.content).value_or({});
  }
}

std::map<std::string, std::string> TaskTemplates::variables() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::string> all;
  for (const auto& one : all_) {
    for (const auto& [name, value] : one.variables) all[name] = value;
  }
  return all;
}

std::set<WatchKey> TaskTemplates::watches() const {
  const std::lock_guard lock(mutex_);
  std::set<WatchKey> all;
  for (const auto& one : all_) {
    if (!one.once || !one.rendered) all.insert(one.watches.begin(), one.watches.end());
  }
  return all;
}

TaskTemplates::Wait TaskTemplates::wait() const {
  const std::lock_guard lock(mutex_);
  Wait longest;
  for (const auto& one : all_) {
    longest.min_ns = std::max(longest.min_ns, one.wait.min_ns);
    longest.max_ns = std::max(longest.max_ns, one.wait.max_ns);
  }
  return longest;
}

bool TaskTemplates::watched() const {
  const std::lock_guard lock(mutex_);
  return std::any_of(all_.begin(), all_.end(),
                     [](const One& one) { return !one.once && !one.files_read.empty(); });
}

}  // namespace yurt::agent
