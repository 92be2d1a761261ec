// job tag apply and unset: names for versions of a job.
#include "cli/job_commands.h"
#include "cli/show.h"

namespace yurt::cli {
namespace {

struct TagOptions {
  std::string job, name, description;
  std::optional<std::uint64_t> version;
  OutputOptions output;
};

model::JobTagRequest request_of(Session& session, const TagOptions& options,
                                const std::string& job) {
  model::JobTagRequest request;
  *request.mutable_write() = write(session);
  request.set_job_id(job);
  request.set_tag(options.name);
  request.set_description(options.description);
  if (options.version) request.set_version(*options.version);
  return request;
}

int change_tag(Session& session, const TagOptions& options, const char* operation,
               const std::string& said) {
  const auto id = resolve_job(session, options.job);
  if (!id.ok()) return fail(session, id.error());
  const auto reply =
      session.client().get<model::JobTagResponse>(operation, request_of(session, options, *id));
  if (!reply.ok()) return fail(session, reply.error());
  if (options.output.wanted()) return print_message(session, options.output, *reply);
  session.terminal.print(said + " \"" + options.name + "\" of job \"" + *id + "\"");
  return exit_ok;
}

}  // namespace

void add_job_tag(CLI::App& job, Session& session) {
  CLI::App* tag = add_group(job, "tag", "Name versions of a job, which are then kept");
  auto apply = std::make_shared<TagOptions>();
  CLI::App* command = add_command(
      *tag, session, "apply", "Give a version a name",
      [&session, apply] { return change_tag(session, *apply, "TagJobVersion", "Set tag"); });
  command->add_option("job", apply->job, "Job ID or prefix")->required();
  command->add_option("--name", apply->name, "The tag")->required();
  command->add_option("--description", apply->description, "What the version is");
  command->add_option("--version", apply->version, "The version; the newest when not given");
  apply->output.add_to(*command);

  auto unset = std::make_shared<TagOptions>();
  command = add_command(*tag, session, "unset", "Take a name away", [&session, unset] {
    return change_tag(session, *unset, "UntagJobVersion", "Removed tag");
  });
  command->add_option("job", unset->job, "Job ID or prefix")->required();
  command->add_option("--name", unset->name, "The tag")->required();
  unset->output.add_to(*command);
}

}  // namespace yurt::cli
