// The session between a caller and an agent.
#include "server/agents/session.h"

#include <gtest/gtest.h>

#include "proto/agent_stream.pb.h"

namespace yurt::server {
namespace {

TEST(PendingSessionTest, the_next_frame_is_asked_for_when_the_last_has_been_passed_on) {
  int reads = 0, reads_while_passing_on = 0;
  std::shared_ptr<PendingSession> session;
  SessionEvents events;
  events.on_frame = [&](const model::SessionFrame& frame) {
    // The caller is quick: it has consumed the frame before we are back.
    session->consumed(frame.ByteSizeLong());
    reads_while_passing_on = reads;
  };
  session = std::make_shared<PendingSession>(std::move(events));
  PendingSession::Stream stream;
  stream.write = [](const model::SessionFrame*) {};
  stream.read = [&] { ++reads; };
  stream.finish = [] {};
  ASSERT_TRUE(session->attach(std::move(stream)));
  ASSERT_EQ(reads, 1);

  model::SessionFrame frame;
  frame.mutable_stream()->set_data("line\n");
  session->received(frame);
  EXPECT_EQ(reads_while_passing_on, 1) << "a second frame could have overtaken the first";
  EXPECT_EQ(reads, 2);
}

}  // namespace
}  // namespace yurt::server
