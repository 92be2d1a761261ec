#include "cli/snapshot_commands.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/unique_fd.h"
#include "cli/output.h"
#include "cli/show.h"
#include "proto/snapshot_file.h"

namespace yurt::cli {
namespace {

struct SnapshotOptions {
  std::string path;
  OutputOptions output;
  bool yes = false;
};

Status write_all(int fd, const std::string& data, const std::string& path) {
  std::size_t done = 0;
  while (done < data.size()) {
    const ssize_t n = ::write(fd, data.data() + done, data.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("write " + path, errno);
    done += static_cast<std::size_t>(n);
  }
  return {};
}

Result<UniqueFd> open_snapshot(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return system_error("open the snapshot " + path, errno);
  return file;
}

// A stream is not held until there is a leader, as a call is: so a call goes first.
Status find_leader(Session& session) {
  model::ListRequest request;
  *request.mutable_query() = query(session);
  model::SchedulerConfigurationResponse ignored;
  return session.client().call("ReadSchedulerConfiguration", request, ignored);
}

// Receives the archive into `fd`.
Status receive(Session& session, int fd, const std::string& path) {
  YURT_TRY(find_leader(session));
  model::ListRequest request;
  *request.mutable_query() = query(session);
  const auto stream = session.client().open("SaveSnapshot");
  if (!stream->write(request)) return stream->finish();
  stream->writes_done();
  model::SnapshotChunk chunk;
  while (stream->read(chunk)) {
    const Status written = write_all(fd, chunk.data(), path);
    if (!written.ok()) return written;
  }
  return stream->finish();
}

std::string count_text(std::uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  if (bytes < 1024 * 1024) return std::to_string(bytes / 1024) + " KiB";
  return std::to_string(bytes / 1024 / 1024) + " MiB";
}

int save_snapshot(Session& session, const SnapshotOptions& options) {
  // Beside its name first, and read back: a snapshot that is there is whole.
  const std::string partial = options.path + ".partial";
  UniqueFd file(::open(partial.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.valid()) return fail(session, system_error("write " + partial, errno));
  Status status = receive(session, file.get(), partial);
  Result<model::SnapshotMeta> meta = Error{ErrorCode::internal, "not read"};
  if (status.ok()) {
    meta = model::read_snapshot_file(file.get(), {});
    if (!meta.ok()) status = meta.error().within("what the server sent is damaged");
  }
  if (status.ok() && ::fsync(file.get()) != 0) status = system_error("write " + partial, errno);
  if (status.ok() && ::rename(partial.c_str(), options.path.c_str()) != 0) {
    status = system_error("write " + options.path, errno);
  }
  if (!status.ok()) {
    ::unlink(partial.c_str());
    return fail(session, status.error());
  }
  std::error_code none;
  session.terminal.print("State file written to " + options.path + " (" +
                         count_text(std::filesystem::file_size(options.path, none)) + ", index " +
                         std::to_string(meta->index) + ")");
  return exit_ok;
}

int restore_snapshot(Session& session, const SnapshotOptions& options) {
  auto file = open_snapshot(options.path);
  if (!file.ok()) return fail(session, file.error());
  const auto meta = model::read_snapshot_file(file->get(), {});
  if (!meta.ok()) return fail(session, meta.error().within(options.path));
  const bool agreed =
      options.yes ||
      ask(session, "Replace the whole state of the cluster by that of " + timestamp(meta->time_ns) +
                       " (index " + std::to_string(meta->index) + ")?");
  if (!agreed) {
    session.terminal.print("Cancelled: nothing was restored");
    return exit_failure;
  }
  if (::lseek(file->get(), 0, SEEK_SET) < 0) {
    return fail(session, system_error("read " + options.path, errno));
  }
  if (const Status led = find_leader(session); !led.ok()) return fail(session, led.error());
  const auto stream = session.client().open("RestoreSnapshot");
  std::string buffer(256 << 10, '\0');
  ssize_t got = 0;
  while ((got = ::read(file->get(), buffer.data(), buffer.size())) > 0) {
    model::SnapshotChunk chunk;
    chunk.set_data(buffer.data(), static_cast<std::size_t>(got));
    if (!stream->write(chunk)) break;
  }
  if (got < 0) {
    stream->cancel();
    return fail(session, system_error("read " + options.path, errno));
  }
  stream->writes_done();
  model::Empty reply;
  static_cast<void>(stream->read(reply));
  const Status status = stream->finish();
  if (!status.ok()) return fail(session, status.error());
  session.terminal.print("Snapshot restored");
  return exit_ok;
}

int inspect_snapshot(Session& session, const SnapshotOptions& options) {
  const auto file = open_snapshot(options.path);
  if (!file.ok()) return fail(session, file.error());
  const auto meta = model::read_snapshot_file(file->get(), {});
  if (!meta.ok()) return fail(session, meta.error().within(options.path));
  if (options.output.wanted()) {
    return print_document(session, options.output, model::snapshot_meta_json(*meta));
  }
  const Terminal& terminal = session.terminal;
  std::error_code none;
  terminal.print(
      key_values(terminal, {{"Index", std::to_string(meta->index)},
                            {"Taken", timestamp(meta->time_ns)},
                            {"Version", meta->version},
                            {"Region", meta->region},
                            {"Size", count_text(std::filesystem::file_size(options.path, none)) +
                                         " (unpacked " + count_text(meta->state_bytes) + ")"}}));
  std::vector<Row> rows{{"Type", "Count", "Size"}};
  for (const auto& entry : meta->tables) {
    rows.push_back({entry.type, std::to_string(entry.rows), count_text(entry.bytes)});
  }
  terminal.print("\n" + table(terminal, rows));
  return exit_ok;
}

std::pair<CLI::App*, std::shared_ptr<SnapshotOptions>> add_snapshot(
    CLI::App& parent, Session& session, const char* name, const char* description,
    int (*run)(Session&, const SnapshotOptions&)) {
  auto options = std::make_shared<SnapshotOptions>();
  CLI::App* command = add_command(parent, session, name, description,
                                  [&session, options, run] { return run(session, *options); });
  command->add_option("file", options->path, "Snapshot file")->required();
  return {command, options};
}

}  // namespace

void add_snapshot_commands(CLI::App& operation, Session& session) {
  CLI::App* snapshot = add_group(operation, "snapshot", "Backups of the state");
  add_snapshot(*snapshot, session, "save", "Write the whole state to a file", save_snapshot);
  auto [restore, restore_options] = add_snapshot(
      *snapshot, session, "restore", "Replace the whole state by a file's", restore_snapshot);
  restore->add_flag("-y,--yes", restore_options->yes, "Do not ask");
  restore->footer(
      "Everything that happened since the snapshot was taken is forgotten: jobs "
      "registered since are gone, and what runs for them is stopped.");
  auto [inspect, inspect_options] =
      add_snapshot(*snapshot, session, "inspect", "Check a snapshot file and show what is in it",
                   inspect_snapshot);
  inspect_options->output.add_to(*inspect);
}

}  // namespace yurt::cli
