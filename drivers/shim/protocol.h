// What the agent and yurt-shim say to each other. Plain data for both sides; the shim is built
// without the C++ library, so nothing here may need it.
//
// `yurt-shim` is started once by an agent, with one end of a SOCK_SEQPACKET pair as descriptor 3.
// Each message on it is one LaunchRequest byte with launch_fd_count descriptors; for each, the
// process forks a shim, which supervises one task and outlives the agent:
//
//   state folder  an open, flock()ed folder. The lock belongs to the open file description, so it
//                 is held exactly as long as the shim (or a launch under way) lives, however it
//                 ends. The shim writes `started` and `result` into it.
//   listener      a listening SOCK_SEQPACKET unix socket, bound in the state folder by the agent
//   control       a connected SOCK_SEQPACKET socket: the launching agent's own connection
//   spec          a memfd with a Spec (below)
//
// On the control connection and on every accepted one each packet is a PacketType and its payload.
// Byte order and alignment are the machine's: both ends always run on the same one. The version
// guards an agent that was upgraded against the shims that its predecessor left.
#pragma once

#include <cstddef>
#include <cstdint>

namespace yurt::shim {

inline constexpr std::uint32_t protocol_version = 1;

inline constexpr int launch_socket_fd = 3;
inline constexpr char launch_request = 'L';
enum LaunchFd { launch_state_folder, launch_listener, launch_control, launch_spec };
inline constexpr int launch_fd_count = 4;

// Names within the state folder.
inline constexpr const char* socket_name = "socket";
inline constexpr const char* started_name = "started";
inline constexpr const char* result_name = "result";

inline constexpr std::size_t max_packet_bytes = 128 * 1024;
// Connections of agents, and commands run in the task, that one shim serves at a time.
inline constexpr int max_clients = 8;
inline constexpr int max_exec_sessions = 32;

enum class PacketType : std::uint32_t {
  // shim → agent
  started = 1,       // the text of `started`; also the greeting of an accepted connection
  start_failed = 2,  // StartFailure; the shim ends
  exited = 3,        // the text of `result`, which is on the disk by then; the shim ends
  exec_started = 4,
  exec_failed = 5,  // StartFailure
  exec_exited = 6,  // ExecExit
  // agent → shim
  signal = 16,  // SignalRequest
  stop = 17,    // StopRequest
  // ExecRequestHeader and the arguments, each ended by NUL (the first is the path of the program,
  // the others its argv), with three descriptors (stdin, stdout, stderr). Turns the connection
  // into that command's own: it takes SignalRequests, and closing it kills the command.
  exec = 18,
};

struct SignalRequest {
  std::int32_t number;
};

struct StopRequest {
  std::int32_t signal_number;
  std::int32_t reserved;
  std::int64_t timeout_ns;  // 0: kill at once
};

struct ExecRequestHeader {
  std::uint32_t argument_count;  // without the program's path
  std::uint32_t tty;             // 1: make standard input the controlling terminal
};

struct ExecExit {
  std::int32_t exit_code;
  std::int32_t signal;
};

// The step at which a start failed.
enum class StartStage : std::int32_t {
  none = 0,
  spec,           // the spec can't be read
  logs,           // the log files can't be opened
  cgroup_create,  // detail = index into the cgroup operations
  cgroup_join,    // likewise
  fork,
  session,
  standard_files,
  terminal,
  oom_score,
  user,
  work_folder,
  exec,
  state,     // `started` can't be written
  too_many,  // exec: max_exec_sessions reached
};

struct StartFailure {
  StartStage stage;
  std::int32_t error_number;
  std::int32_t detail;
};

// A Spec: this header, `group_count` u32 group ids, then `text_bytes` of NUL-terminated strings in
// this order: program, work folder, log folder, stdout prefix, stderr prefix (e.g. "web.stdout."),
// the arguments, the environment, the cgroup operations.
//
// A cgroup operation is one letter and its operand:
//   D<folder>         create the folder and put the task into it; removed with the task
//   P<folder>         create the folder unless it exists, for the folders below it, which several
//                     tasks share; whichever task leaves it last removes it
//   J<folder>         put the task into this existing folder
//   W<file>=<value>   write the value into the file of the latest folder; failing fails the start
//   w<file>=<value>   the same, but failing is ignored (the kernel may lack the file)
inline constexpr std::uint32_t spec_magic = 0x59535043;

struct SpecHeader {
  std::uint32_t magic;
  std::uint32_t version;
  std::uint32_t text_bytes;
  std::uint32_t argument_count;
  std::uint32_t environment_count;
  std::uint32_t cgroup_operation_count;
  std::uint32_t cgroup_version;   // 0 (none), 1 or 2
  std::int32_t memory_operation;  // index of the D operation with the memory controller, or -1
  std::uint32_t switch_user;      // 1: become uid, gid and exactly the groups
  std::uint32_t uid;
  std::uint32_t gid;
  std::uint32_t group_count;
  std::int32_t oom_score_adj;
  std::uint32_t log_disabled;
  std::uint32_t log_max_files;
  std::uint32_t reserved;
  std::uint64_t log_max_bytes;
};

}  // namespace yurt::shim
