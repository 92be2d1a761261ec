// FleetOfGpus: the GPUs of a simulated cluster and what is free of them, whoever decides where
// requests go. Memory in GiB, shares as a fraction of one GPU.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace yurt::bench {

struct GpuRequest {
  int memory_gib = 0;        // of a slice; 0 with fraction 0: whole GPUs
  double fraction = 0;       // of a slice
  int count = 1;             // whole GPUs on one node
  int least_memory_gib = 0;  // of the model; 0: any
  double weight = 0;         // its share of all requests

  [[nodiscard]] bool whole() const { return fraction == 0; }
};

struct Gpu {
  int memory_gib, free_memory_gib;
  double free_fraction = 1;
  int holders = 0;  // of slices
  bool held_whole = false;

  [[nodiscard]] bool free() const { return !held_whole && holders == 0; }
};

struct GpuNode {
  std::string model;
  std::vector<Gpu> gpus;
};

// Where a request went.
struct GpuPlace {
  int node;
  std::vector<int> gpus;
};

class FleetOfGpus {
 public:
  FleetOfGpus();

  [[nodiscard]] const std::vector<GpuNode>& nodes() const { return nodes_; }
  [[nodiscard]] static bool fits(const Gpu& gpu, const GpuRequest& request);
  // Ends the program when it does not fit: whoever chose the place was wrong.
  void take(const GpuPlace& place, const GpuRequest& request);
  void give_back(const GpuPlace& place, const GpuRequest& request);

  // All GPUs.
  [[nodiscard]] double capacity() const;
  // GPUs that are free or free in part, counted by what is left of memory and shares together.
  [[nodiscard]] double free() const;
  // The capacity that is free on models the request may have and that it could not use.
  [[nodiscard]] double unusable_for(const GpuRequest& request) const;

 private:
  std::vector<GpuNode> nodes_;
};

}  // namespace yurt::bench
