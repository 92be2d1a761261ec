// Keys of the state database. Integers are big-endian, so that byte order is numeric order.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"

namespace yurt::server::row {

enum Kind : char {
  meta = 'm',
  node = 'n',
  eval = 'e',
  alloc = 'a',
  deployment = 'd',
  node_pool = 'p',
  ns = 's',
  scheduler_config = 'c',
  job = 'j',
  job_version = 'v',
  waiting = 'w',
  sweep = 'x',
  sweep_plan = 'y',
  trial = 't',
  run = 'r',
  service = 'o',
  variable = 'V',
  root_key = 'K',
  staged = 'k',  // of a restore under way; no part of the state
};

// What a kind of row is called where people see it.
inline std::string name_of(char kind) {
  switch (kind) {
    case meta: return "index";
    case node: return "node";
    case eval: return "evaluation";
    case alloc: return "allocation";
    case deployment: return "deployment";
    case node_pool: return "node pool";
    case ns: return "namespace";
    case scheduler_config: return "scheduler configuration";
    case job: return "job";
    case job_version: return "job version";
    case waiting: return "waiting child";
    case sweep: return "sweep";
    case sweep_plan: return "sweep's plan";
    case trial: return "trial";
    case run: return "finished run";
    case service: return "service";
    case variable: return "variable";
    case root_key: return "root key";
    case staged: return "staged part";
    default: return "unknown";
  }
}

inline std::string key(Kind kind, const std::string& rest) { return std::string(1, kind) + rest; }

inline void append_big_endian(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 255);
}

// Namespaces and job IDs hold no NUL byte (jobspec/validate).
inline std::string job_key(const std::string& ns, const std::string& id) {
  return std::string(1, job) + ns + '\0' + id;
}

inline std::string job_version_key(const std::string& ns, const std::string& id,
                                   std::uint64_t create_index, std::uint64_t version) {
  std::string out = std::string(1, job_version) + ns + '\0' + id + '\0';
  append_big_endian(out, create_index);
  append_big_endian(out, version);
  return out;
}

// Of a row that a namespace and an ID name.
inline std::string named_key(Kind kind, const std::string& ns, const std::string& id) {
  return std::string(1, kind) + ns + '\0' + id;
}

inline std::string trial_key(const std::string& ns, const std::string& sweep, std::uint32_t trial) {
  std::string out = named_key(row::trial, ns, sweep) + '\0';
  append_big_endian(out, trial);
  return out;
}

// Runs of one job, or of the children of one job, lie together, the newest first.
inline std::string run_prefix(const std::string& ns, const std::string& job) {
  return named_key(run, ns, job) + '\0';
}
inline std::string run_key(const std::string& ns, const std::string& job,
                           std::uint64_t create_index, const std::string& id) {
  std::string out = run_prefix(ns, job);
  append_big_endian(out, ~create_index);
  return out + id;
}

}  // namespace yurt::server::row
