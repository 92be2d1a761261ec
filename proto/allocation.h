// Allocation: the compact form in which servers and the scheduler hold an allocation.
//
// Allocations are many, so they are small: one refers to its job version and never embeds it, what
// allocations of one placement share stands behind shared pointers, and what most never have is in
// AllocExtra, absent by default. A published Allocation is immutable: changing one means copying it
// and publishing the copy. Times are Unix nanoseconds.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "proto/packed_task_states.h"

namespace yurt::model {
class Job;
class TaskGroup;
class AllocatedResources;
class AllocMetric;
class NetworkStatus;
class RescheduleTracker;
class Allocation;
class AllocationStub;
class DesiredTransition;
}  // namespace yurt::model

namespace yurt {

using JobRef = std::shared_ptr<const model::Job>;

enum class DesiredStatus : std::uint8_t { run, stop, evict };
enum class ClientStatus : std::uint8_t { pending, running, complete, failed, lost, unknown };

[[nodiscard]] const char* name_of(DesiredStatus status);
[[nodiscard]] const char* name_of(ClientStatus status);
// The status that `name` names; nullopt for an unknown name.
[[nodiscard]] std::optional<DesiredStatus> parse_desired_status(std::string_view name);
[[nodiscard]] std::optional<ClientStatus> parse_client_status(std::string_view name);

// The sums the scheduler fits against a node.
struct ResourceTotals {
  std::int64_t cpu_mhz = 0;        // shares; those of reserved cores are counted too
  std::int64_t memory_mb = 0;      // what is reserved, not memory_max
  std::int64_t memory_max_mb = 0;  // what tasks may grow to; at least memory_mb
  std::int64_t disk_mb = 0;
};

// What of a device a task gets: all of it, or a slice.
struct DeviceSize {
  std::int64_t memory_mib = 0;           // of a slice; 0: its memory is not accounted for
  std::int32_t fraction_millionths = 0;  // of the device's shares; 0: not accounted for
  std::int32_t max_sharers = 0;          // tasks on the device at most; 0: any number

  // Neither memory nor fraction: the whole device.
  [[nodiscard]] bool whole() const { return memory_mib == 0 && fraction_millionths == 0; }
  auto operator<=>(const DeviceSize&) const = default;
};

// Shares of a device are counted in millionths, rounded down, so that three thirds fit.
inline constexpr std::int32_t whole_device_millionths = 1'000'000;
[[nodiscard]] std::int32_t fraction_millionths(double fraction);

// One device, or slice of one, held by one task.
struct GrantedDevice {
  std::string instance;  // "vendor/type/name/id"
  DeviceSize size;
  auto operator<=>(const GrantedDevice&) const = default;
};

// Resources as granted; shared by the allocations of one placement where they are equal. Ports are
// apart (Allocation::ports), since they never are.
struct GrantedResources {
  GrantedResources();
  explicit GrantedResources(model::AllocatedResources granted);
  ~GrantedResources();
  GrantedResources(const GrantedResources&) = delete;
  GrantedResources& operator=(const GrantedResources&) = delete;

  std::unique_ptr<const model::AllocatedResources> message;
  ResourceTotals totals;
  std::vector<std::uint16_t> reserved_cores;  // of all tasks, ascending
  std::vector<GrantedDevice> devices;         // of all tasks, ascending by instance
};

struct GrantedPort {
  std::string label;
  std::uint16_t value = 0;  // on the host
  std::int32_t to = 0;      // inside the task's network; 0 or -1 as asked
  std::string host_ip;
  bool ignore_collision = false;
};

struct RescheduleRecord {
  std::int64_t time = 0;
  AllocId previous;
  NodeId previous_node;
  std::int64_t delay = 0;  // nanoseconds
};

// What somebody wants done with an allocation that is still desired to run.
struct Transition {
  bool migrate = false;
  bool reschedule = false;
  bool force_reschedule = false;
  bool no_shutdown_delay = false;
  bool migrate_disable_placement = false;

  bool operator==(const Transition&) const = default;
};

struct AllocExtra {
  AllocId previous, next;
  EvalId followup_eval;
  DeploymentId deployment;
  std::optional<bool> deployment_healthy;  // nullopt: not known yet
  // When that was decided. Kept while an allocation that was healthy waits for a new deployment's
  // verdict.
  std::int64_t deployment_health_time = 0;
  bool canary = false;
  Transition transition;
  std::vector<RescheduleRecord> reschedules;  // oldest first
  std::vector<AllocId> preempted;
  AllocId preempted_by;
  std::string desired_description;
  std::string client_description;  // "" when it is a usual one: see Allocation
  // When the last of its tasks finished; 0 while any has not.
  std::int64_t finished_at = 0;
  // When it became `unknown`, and whether it has been heard of again since.
  std::int64_t disconnected_at = 0;
  bool reconnected = false;
  std::uint32_t oom_retries = 0;  // how often it was placed again for want of memory
  std::shared_ptr<const model::NetworkStatus> network_status;
};

struct Allocation {
  AllocId id;
  EvalId eval;
  NodeId node;
  JobRef job;                    // the exact version it was placed for, or updated to in place
  std::uint32_t name_index = 0;  // N in "<job>.<group>[N]"
  std::uint16_t group = 0;       // position in job->group()
  DesiredStatus desired = DesiredStatus::run;
  ClientStatus client = ClientStatus::pending;
  // The agent's description, where it is one that most allocations have: see client_description().
  std::uint8_t usual_description = 0;
  std::uint64_t create_index = 0, modify_index = 0;
  std::uint64_t alloc_modify_index = 0;  // moves only when servers change it, not agents
  std::int64_t create_time = 0, modify_time = 0;
  std::int64_t started_at = 0;  // when the first of its tasks started; 0 before
  std::shared_ptr<const GrantedResources> resources;
  std::shared_ptr<const model::AllocMetric> metrics;
  std::vector<GrantedPort> ports;
  std::shared_ptr<const AllocExtra> extra;              // null: all defaults
  std::shared_ptr<const PackedTaskStates> task_states;  // null until the agent reports

  [[nodiscard]] bool server_terminal() const { return desired != DesiredStatus::run; }
  [[nodiscard]] bool client_terminal() const {
    return client == ClientStatus::complete || client == ClientStatus::failed ||
           client == ClientStatus::lost;
  }
  [[nodiscard]] bool terminal() const { return server_terminal() || client_terminal(); }
  // `extra`, or a shared default object when there is none.
  [[nodiscard]] const AllocExtra& more() const;
  [[nodiscard]] const model::TaskGroup& task_group() const;
  // What the agent says of it in words.
  [[nodiscard]] std::string_view client_description() const;
  // "<job>.<group>[N]"
  [[nodiscard]] std::string name() const;
};

using AllocRef = std::shared_ptr<const Allocation>;

// A copy of `alloc` whose extra may be changed freely before it is published.
struct AllocEdit {
  explicit AllocEdit(const Allocation& alloc);
  // One that nobody has seen yet, to be changed itself.
  explicit AllocEdit(std::shared_ptr<Allocation> fresh) : alloc(std::move(fresh)) {}
  std::shared_ptr<Allocation> alloc;
  // Creates the extra part when there is none.
  AllocExtra& extra();
  void set_client_description(const std::string& description);
  // The finished allocation; the edit must not be used afterwards.
  [[nodiscard]] AllocRef publish() &&;

 private:
  std::shared_ptr<AllocExtra> extra_;
};

// The API's forms. `node_name` is the node's, which the allocation does not hold.
[[nodiscard]] model::Allocation to_message(const Allocation& alloc, const std::string& node_name,
                                           bool with_job);
[[nodiscard]] model::AllocationStub to_stub(const Allocation& alloc, const std::string& node_name,
                                            bool with_resources, bool with_task_states);
// What is granted, ports included.
[[nodiscard]] model::AllocatedResources resources_with_ports(const Allocation& alloc);
// Sets what is wanted and leaves the rest absent.
void fill_transition(const Transition& transition, model::DesiredTransition& out);

}  // namespace yurt
