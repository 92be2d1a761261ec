// The part of NVML's binary interface that Yurt uses, declared from NVIDIA's published reference
// (docs.nvidia.com/deploy/nvml-api): the library is loaded at run time and is no build dependency.
// Names are NVML's own, without their prefix. Sizes and orders must not change.
#pragma once

namespace yurt::nvml {

using Device = struct DeviceHandle*;
using EventSet = struct EventSetHandle*;

using Return = int;
inline constexpr Return success = 0;
inline constexpr Return error_uninitialized = 1;
inline constexpr Return error_invalid_argument = 2;
inline constexpr Return error_not_supported = 3;
inline constexpr Return error_not_found = 6;
inline constexpr Return error_insufficient_size = 7;
inline constexpr Return error_driver_not_loaded = 9;
inline constexpr Return error_timeout = 10;
inline constexpr Return error_gpu_is_lost = 15;
inline constexpr Return error_reset_required = 16;
inline constexpr Return error_unknown = 999;

inline constexpr unsigned text_bytes = 96;  // enough for every name, version and UUID

struct Memory {
  unsigned long long total, free, used;
};

struct Bar1Memory {
  unsigned long long total, free, used;
};

struct PciInfo {
  char bus_id_legacy[16];
  unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
  char bus_id[32];
};

struct Utilization {
  unsigned gpu, memory;  // percent
};

// Of the _v2 and _v3 calls for running processes.
struct ProcessInfo {
  unsigned pid;
  unsigned long long used_gpu_memory;  // bytes; not_available where the driver can't tell
  unsigned gpu_instance_id, compute_instance_id;
};
inline constexpr unsigned long long not_available = ~0ULL;

struct ProcessUtilizationSample {
  unsigned pid;
  unsigned long long time_stamp;  // microseconds
  unsigned sm_util, mem_util, enc_util, dec_util;
};

struct DeviceAttributes {
  unsigned multiprocessor_count, shared_copy_engine_count, shared_decoder_count,
      shared_encoder_count, shared_jpeg_count, shared_ofa_count, gpu_instance_slice_count,
      compute_instance_slice_count;
  unsigned long long memory_size_mb;
};

struct EventData {
  Device device;
  unsigned long long event_type, event_data;
  unsigned gpu_instance_id, compute_instance_id;
};
inline constexpr unsigned long long event_xid_critical_error = 8;

inline constexpr int clock_sm = 1, clock_mem = 2;
inline constexpr int temperature_gpu = 0;
inline constexpr int memory_error_uncorrected = 1;
inline constexpr int ecc_volatile = 0;
inline constexpr int ecc_location_l1 = 0, ecc_location_l2 = 1, ecc_location_device_memory = 2;
inline constexpr unsigned mig_enabled = 1;

}  // namespace yurt::nvml
