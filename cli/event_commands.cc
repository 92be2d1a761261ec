// events: what happens in the cluster, line by line.
#include <unistd.h>

#include "cli/command.h"
#include "cli/show.h"
#include "cli/streaming.h"

namespace yurt::cli {
namespace {

struct EventOptions {
  std::vector<std::string> topics;
  std::uint64_t index = 0;
};

int follow_events(Session& session, const EventOptions& options) {
  model::EventStreamRequest request;
  *request.mutable_query() = query(session);
  request.mutable_query()->set_index(options.index);
  for (const auto& topic : options.topics) request.add_topic(topic);
  const auto stream = session.client().open("StreamEvents");
  if (!stream->write(request)) return fail(session, stream->finish().error());
  stream->writes_done();
  model::EventLine line;
  while (stream->read(line)) {
    // Signs of life are for programs that hold the connection themselves.
    if (line.json() != "{}") write_out(STDOUT_FILENO, line.json() + "\n");
  }
  const Status status = stream->finish();
  return status.ok() ? exit_ok : fail(session, status.error());
}

}  // namespace

void add_event_commands(CLI::App& root, Session& session) {
  auto options = std::make_shared<EventOptions>();
  CLI::App* events =
      add_command(root, session, "events", "Follow what happens, one line of JSON for each change",
                  [&session, options] { return follow_events(session, *options); });
  events->add_option("--topic", options->topics,
                     "Topic:Key, e.g. Job:web, Allocation:* or Service:*; may be repeated");
  events->add_option("--index", options->index, "Begin after the change with this index");
}

}  // namespace yurt::cli
