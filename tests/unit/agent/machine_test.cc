#include "agent/fingerprint/machine.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/fingerprint/fingerprint.h"
#include "agent/fingerprint/network.h"
#include "agent/stats/alloc_stats.h"
#include "agent/stats/host_stats.h"
#include "agent/supervisor/garbage.h"
#include "tests/support/job_builder.h"

namespace yurt::agent {
namespace {

TEST(Fingerprint, reads_the_cpus_speed_from_what_the_kernel_offers) {
  const char* intel =
      "processor\t: 0\nmodel name\t: Xeon CPU @ 2.50GHz\ncpu MHz\t\t: 2499.998\n"
      "processor\t: 1\ncpu MHz\t\t: 3100.5\n";
  EXPECT_EQ(parse_cpu(intel, 3'500'000, {0, 1}).core_mhz, 3500);
  EXPECT_EQ(parse_cpu(intel, 0, {0, 1}).core_mhz, 3101);
  EXPECT_EQ(parse_cpu("model name : Xeon CPU @ 2.50GHz\n", 0, {0}).core_mhz, 2500);
  EXPECT_EQ(parse_cpu("processor : 0\nBogoMIPS : 243.75\n", 0, {0}).core_mhz, 0);
  EXPECT_EQ(parse_cpu(intel, 0, {0}).model, "Xeon CPU @ 2.50GHz");
}

TEST(Fingerprint, reads_the_distribution_and_the_architecture) {
  const auto os = parse_os_release("PRETTY_NAME=\"Debian\"\nID=debian\nVERSION_ID=\"12\"\n");
  EXPECT_EQ(os.name, "debian");
  EXPECT_EQ(os.version, "12");
  EXPECT_EQ(go_architecture("x86_64"), "amd64");
  EXPECT_EQ(go_architecture("aarch64"), "arm64");
}

TEST(Fingerprint, finds_the_default_route_and_addresses_in_networks) {
  EXPECT_EQ(
      default_route_interface("Iface\tDestination\tGateway\nlo\t0000007F\t0\neth0\t00000000\t1\n"),
      "eth0");
  EXPECT_EQ(default_route_interface("Iface\tDestination\n"), "");
  EXPECT_TRUE(in_cidr("10.1.2.3", "10.0.0.0/8"));
  EXPECT_FALSE(in_cidr("11.1.2.3", "10.0.0.0/8"));
  EXPECT_TRUE(in_cidr("fd00::1", "fd00::/16"));
  EXPECT_FALSE(in_cidr("10.1.2.3", "nonsense"));
}

TEST(Fingerprint, chooses_the_configured_interface_then_the_default_then_loopback) {
  Interface lo{.name = "lo", .loopback = true, .addresses = {{"127.0.0.1", 8, false}}};
  Interface eth{.name = "eth0", .addresses = {{"fd00::1", 64, true}, {"10.0.0.5", 24, false}}};
  AgentOptions options;
  EXPECT_EQ(choose_network(options, {lo, eth}, "eth0").address, "10.0.0.5");
  EXPECT_EQ(choose_network(options, {lo}, "").address, "127.0.0.1");
  options.network_interface = "lo";
  EXPECT_EQ(choose_network(options, {lo, eth}, "eth0").address, "127.0.0.1");
  options.advertise_address = "192.0.2.1";
  EXPECT_EQ(choose_network(options, {lo, eth}, "eth0").address, "192.0.2.1");
}

TEST(Fingerprint, describes_this_machine_with_nomads_names) {
  AgentOptions options;
  options.data_dir = "/tmp";
  options.node_class = "gpu";
  options.meta["rack"] = "r1";
  options.reserved.memory_mb = 100;
  options.host_networks = {{"public", "", "lo", "22"}};
  SystemRandom random;
  const NodeIdentity identity{NodeId::generate(random), "secret"};
  const auto node = take_fingerprint(options, identity, {}, 1);
  const auto& attributes = node.attributes();
  for (const char* name :
       {"cpu.arch", "cpu.numcores", "cpu.totalcompute", "memory.totalbytes", "kernel.name",
        "kernel.version", "os.name", "os.signals", "unique.hostname", "unique.network.ip-address",
        "unique.storage.bytestotal", "nomad.version", "yurt.version", "nomad.service_discovery"}) {
    EXPECT_TRUE(attributes.contains(name)) << name;
  }
  EXPECT_GT(node.node_resources().cpu().cpu_shares(), 0);
  EXPECT_GT(node.node_resources().memory().memory_mb(), 0);
  EXPECT_EQ(node.reserved_resources().memory().memory_mb(), 100);
  EXPECT_EQ(node.node_resources().min_dynamic_port(), 20000);
  EXPECT_EQ(node.node_class(), "gpu");
  ASSERT_GE(node.node_resources().node_networks_size(), 2);
  EXPECT_EQ(node.node_resources().node_networks(1).addresses(0).alias(), "public");
  EXPECT_FALSE(differs(node, take_fingerprint(options, identity, {}, 2)));
  options.meta["rack"] = "r2";
  options.cpu_total_mhz = 5;
  EXPECT_TRUE(differs(node, take_fingerprint(options, identity, {}, 2)));
}

TEST(Stats, host_statistics_have_nomads_shape) {
  HostStats stats("/tmp", 5000);
  const auto json = nlohmann::json::parse(stats.sample(42));
  EXPECT_EQ(json["Timestamp"], 42);
  EXPECT_GT(json["Memory"]["Total"].get<std::uint64_t>(), 0U);
  ASSERT_FALSE(json["CPU"].empty());
  for (const char* field : {"CPU", "User", "System", "Idle", "TotalPercent"}) {
    EXPECT_TRUE(json["CPU"][0].contains(field)) << field;
  }
  EXPECT_GT(json["AllocDirStats"]["Size"].get<std::uint64_t>(), 0U);
}

TEST(Stats, an_allocations_use_is_the_sum_of_its_tasks) {
  drivers::TaskStats a;
  a.cpu_percent = 50;
  a.memory_rss_bytes = 10;
  const auto json =
      nlohmann::json::parse(alloc_stats_json({{"a", "a", a}, {"b", "b", a}}, {}, 2000, 7));
  EXPECT_EQ(json["ResourceUsage"]["CpuStats"]["Percent"], 100.0);
  EXPECT_EQ(json["ResourceUsage"]["CpuStats"]["TotalTicks"], 2000.0);
  EXPECT_EQ(json["ResourceUsage"]["MemoryStats"]["RSS"], 20);
  EXPECT_EQ(json["Tasks"]["a"]["ResourceUsage"]["CpuStats"]["Percent"], 50.0);
}

TEST(Garbage, removes_the_oldest_beyond_the_limit) {
  GcOptions options;
  options.max_allocs = 3;
  std::vector<FinishedAlloc> finished;
  for (const std::int64_t time : {30, 10, 20}) finished.push_back({testing::new_alloc_id(), time});
  EXPECT_EQ(surplus(options, 2, finished), 2U);
  EXPECT_EQ(finished[0].finished_at_ns, 10);
  EXPECT_EQ(finished[1].finished_at_ns, 20);
  EXPECT_EQ(surplus(options, 0, finished), 0U);
  EXPECT_EQ(surplus(options, 100, finished), 3U) << "never more than there are";
}

TEST(Garbage, a_full_disk_presses) {
  GcOptions options;
  EXPECT_TRUE(presses(options, {.space_percent = 81, .inodes_percent = 0}));
  EXPECT_TRUE(presses(options, {.space_percent = 0, .inodes_percent = 71}));
  EXPECT_FALSE(presses(options, {.space_percent = 79, .inodes_percent = 69}));
}

}  // namespace
}  // namespace yurt::agent
