#include "proto/packed_task_states.h"

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "proto/state.pb.h"

namespace yurt {
namespace {

using google::protobuf::util::MessageDifferencer;

model::TaskStates running(std::int64_t started_at) {
  model::TaskStates states;
  auto& state = (*states.mutable_tasks())["web"];
  state.set_state("running");
  state.set_started_at(started_at);
  for (const char* type : {"Received", "Task Setup", "Started"}) {
    auto* event = state.add_events();
    event->set_type(type);
    event->set_time(started_at - 1'000);
    (*event->mutable_details())["message"] = type;
  }
  return states;
}

TEST(PackedTaskStates, give_back_what_was_packed_whatever_the_times) {
  EXPECT_TRUE(rc::check([](const std::map<std::uint8_t, std::vector<std::int64_t>>& times) {
    model::TaskStates states;
    for (const auto& [task, of_events] : times) {
      auto& state = (*states.mutable_tasks())["task-" + std::to_string(task)];
      state.set_restarts(of_events.size());
      if (!of_events.empty()) state.set_started_at(of_events.front());
      if (!of_events.empty()) state.set_finished_at(of_events.back());
      for (const std::int64_t time : of_events) state.add_events()->set_time(time);
    }
    const auto packed = PackedTaskStates::pack(states);
    RC_ASSERT(MessageDifferencer::Equals(packed->unpack(), states));
    std::string bytes;
    packed->append_to(bytes);
    const auto read = PackedTaskStates::from_bytes(bytes);
    RC_ASSERT(read != nullptr);
    RC_ASSERT(MessageDifferencer::Equals(read->unpack(), states));
  }));
}

TEST(PackedTaskStates, store_equal_states_as_equal_bytes) {
  std::string first, second;
  PackedTaskStates::pack(running(1'700'000'000'000'000'000))->append_to(first);
  PackedTaskStates::pack(running(1'700'000'000'000'000'000))->append_to(second);
  EXPECT_EQ(first, second);
}

TEST(PackedTaskStates, outlive_others_with_the_same_story) {
  auto first = PackedTaskStates::pack(running(5'000));
  const auto second = PackedTaskStates::pack(running(7'000));
  first.reset();
  const auto third = PackedTaskStates::pack(running(9'000));
  EXPECT_TRUE(MessageDifferencer::Equals(second->unpack(), running(7'000)));
  EXPECT_TRUE(MessageDifferencer::Equals(third->unpack(), running(9'000)));
}

TEST(PackedTaskStates, refuse_bytes_that_end_within_the_times) {
  EXPECT_EQ(PackedTaskStates::from_bytes(std::string("\x05") + "abc"), nullptr);
}

}  // namespace
}  // namespace yurt
