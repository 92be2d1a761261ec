// alloc fs: files of an allocation.
#include <unistd.h>

#include <algorithm>

#include "cli/named_commands.h"
#include "cli/output.h"
#include "cli/streaming.h"

namespace yurt::cli {
namespace {

struct FileOptions {
  AllocTarget target;
  Tail tail;
  OutputOptions output;
  std::string path = "/";
  bool follow = false, stat = false, exact = false;
};

std::string size_text(std::int64_t bytes, bool exact) {
  if (exact || bytes < 1024) return std::to_string(bytes) + (exact ? "" : " B");
  if (bytes < 1024 * 1024) return std::to_string(bytes / 1024) + " KiB";
  if (bytes < 1024 * 1024 * 1024) return std::to_string(bytes / 1024 / 1024) + " MiB";
  return std::to_string(bytes / 1024 / 1024 / 1024) + " GiB";
}

int print_files(Session& session, const FileOptions& options, const model::FileListResponse& list) {
  if (options.output.wanted()) return print_field(session, options.output, list, "files");
  std::vector<Row> rows;
  for (const auto& file : list.files()) {
    rows.push_back({file.file_mode(), size_text(file.size(), options.exact),
                    timestamp(file.mod_time()), file.name() + (file.is_dir() ? "/" : "")});
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a[3] < b[3]; });
  rows.insert(rows.begin(), {"Mode", "Size", "Modified Time", "Name"});
  session.terminal.print(table(session.terminal, rows));
  return exit_ok;
}

int show_files(Session& session, const FileOptions& options) {
  const auto id = find_alloc(session, options.target);
  if (!id.ok()) return fail(session, id.error());
  model::FileRequest request;
  *request.mutable_query() = query(session);
  request.set_alloc_id(*id);
  request.set_path(options.path);
  const auto stat = session.client().get<model::FileStatResponse>("StatFile", request);
  if (!stat.ok()) return fail(session, stat.error());
  if (options.stat) {
    model::FileListResponse one;
    *one.add_files() = stat->file();
    return print_files(session, options, one);
  }
  if (stat->file().is_dir()) {
    const auto list = session.client().get<model::FileListResponse>("ListFiles", request);
    return list.ok() ? print_files(session, options, *list) : fail(session, list.error());
  }
  if (options.output.wanted()) {
    return fail(session, {ErrorCode::invalid_argument,
                          "\"" + options.path +
                              "\" is a file: -json and -t describe it with -stat; without them its "
                              "content is printed"});
  }
  request.set_follow(options.follow);
  const Status status =
      copy_stream(session, "StreamFile", std::move(request), options.tail, STDOUT_FILENO);
  return status.ok() ? exit_ok : fail(session, status.error());
}

}  // namespace

CLI::App* add_files(CLI::App& parent, Session& session, const std::string& name) {
  auto options = std::make_shared<FileOptions>();
  CLI::App* command =
      add_command(parent, session, name, "List and print the files of an allocation",
                  [&session, options] { return show_files(session, *options); });
  options->target.add_to(*command);
  command->add_option("path", options->path, "Path inside the allocation's folder");
  command->add_flag("--stat", options->stat, "Describe the path itself");
  command->add_flag("-H,--exact", options->exact, "Print sizes in bytes");
  command->add_flag("-f,--follow", options->follow, "Go on as the file grows");
  options->tail.add_to(*command);
  options->output.add_to(*command);
  return command;
}

}  // namespace yurt::cli
