// A compose file as values: every key, and what is said about a wrong one.
#include <gtest/gtest.h>
#include <signal.h>

#include "drivers/compose/model/node_reader.h"
#include "drivers/compose/model/read_project.h"

namespace yurt::drivers::compose {
namespace {

using Texts = std::vector<std::string>;

Project read(const std::string& text, const Variables& variables = {}) {
  Project project;
  std::vector<std::string> unset;
  for (const auto& error : read_project(text, &variables, project, unset)) {
    ADD_FAILURE() << error.line << ": " << error.message;
  }
  return project;
}

Service service(const std::string& keys) {
  Project project = read("services:\n  s:\n    image: i\n" + keys);
  return project.services.empty() ? Service{} : project.services[0];
}

Texts errors(const std::string& text, const Variables* variables = nullptr) {
  Project project;
  std::vector<std::string> unset;
  const Variables none;
  Texts lines;
  for (const auto& error :
       read_project(text, variables == nullptr ? &none : variables, project, unset)) {
    lines.push_back(std::to_string(error.line) + ": " + error.message);
  }
  return lines;
}

// Errors of a service `s` whose keys begin on line 4.
Texts wrong(const std::string& keys) { return errors("services:\n  s:\n    image: i\n" + keys); }

TEST(ComposeFile, commands_are_lists_or_texts_as_a_shell_reads_them) {
  EXPECT_EQ(service("    command: [a, \"b c\"]\n").container.args, (Texts{"a", "b c"}));
  EXPECT_EQ(service("    command: sh -c 'echo \"x y\"' z\\ w \"q\\\"r\"\n").container.args,
            (Texts{"sh", "-c", "echo \"x y\"", "z w", "q\"r"}));
  EXPECT_EQ(*service("    entrypoint: /e --x\n").container.entrypoint, (Texts{"/e", "--x"}));
  EXPECT_EQ(*service("    entrypoint: []\n").container.entrypoint, Texts{});
  EXPECT_FALSE(service("    command: null\n").container.entrypoint.has_value());
  EXPECT_EQ(wrong("    command: echo 'x\n"),
            Texts{"4: services.s.command has a quote that is not closed"});
}

TEST(ComposeFile, environments_are_maps_or_lists_and_may_pass_variables_on) {
  using Pairs = std::vector<std::pair<std::string, std::optional<std::string>>>;
  EXPECT_EQ(service("    environment: {A: 1, B: \"\", C: , D: true}\n").environment,
            (Pairs{{"A", "1"}, {"B", ""}, {"C", std::nullopt}, {"D", "true"}}));
  EXPECT_EQ(service("    environment: [A=1, B=x=y, C]\n").environment,
            (Pairs{{"A", "1"}, {"B", "x=y"}, {"C", std::nullopt}}));
  EXPECT_EQ(service("    env_file: a.env\n").env_files[0].path, "a.env");
  const auto files = service("    env_file: [a, {path: b, required: false}]\n").env_files;
  EXPECT_TRUE(files[0].required && !files[1].required && files[1].path == "b");
}

TEST(ComposeFile, ports_in_every_form) {
  const auto port = [](const std::string& text) {
    const auto ports = service("    ports: [" + text + "]\n").ports;
    EXPECT_EQ(ports.size(), 1U) << text;
    return ports.empty() ? PublishedPort{} : ports[0];
  };
  EXPECT_EQ(port("80").container, 80);
  EXPECT_EQ(port("80").first_host, 0);
  EXPECT_EQ(port("\"8080:80\"").first_host, 8080);
  EXPECT_EQ(port("\"127.0.0.1:8080:80/udp\"").host_ip, "127.0.0.1");
  EXPECT_EQ(port("\"127.0.0.1:8080:80/udp\"").protocol, "udp");
  EXPECT_EQ(port("\"127.0.0.1::80\"").first_host, 0);
  EXPECT_EQ(port("\"[::1]:8080:80\"").host_ip, "::1");
  EXPECT_EQ(port("\"8000-8003:80\"").last_host, 8003);
  const auto range = service("    ports: [\"8000-8002:80-82\"]\n").ports;
  ASSERT_EQ(range.size(), 3U);
  EXPECT_TRUE(range[2].container == 82 && range[2].first_host == 8002);
  const auto ports =
      service(
          "    ports:\n    - target: 80\n      published: \"8080\"\n      host_ip: 1.2.3.4\n"
          "      protocol: udp\n      mode: host\n")
          .ports;
  EXPECT_TRUE(ports[0].container == 80 && ports[0].first_host == 8080 && ports[0].line == 5);
  for (const char* text :
       {"\"x:80\"", "\"80:x\"", "\"0:99999\"", "\"80/icmp\"", "\"1-3:80-81\"", "{published: 1}"}) {
    EXPECT_EQ(wrong(std::string("    ports: [") + text + "]\n").size(), 1U) << text;
  }
}

TEST(ComposeFile, volumes_in_every_form) {
  const Project project = read(
      "services:\n  s:\n    image: i\n    volumes:\n"
      "    - data:/data:ro\n    - ./conf:/conf\n    - /etc/x:/x:ro,z\n    - /anonymous\n"
      "    - {type: bind, source: ./b, target: /b, read_only: true, bind: {propagation: rslave}}\n"
      "    - {type: bind, source: /c, target: /c, bind: {create_host_path: false}}\n"
      "    - {type: volume, source: data, target: /d, volume: {nocopy: true}}\n"
      "    - {type: tmpfs, target: /t, tmpfs: {size: 64m, mode: 0700}}\n"
      "volumes:\n  data:\n");
  const Service& s = project.services[0];
  EXPECT_EQ(s.container.volumes, (Texts{"./conf:/conf", "/etc/x:/x:z,ro", "./b:/b:ro,rslave"}));
  ASSERT_EQ(s.container.mounts.size(), 2U);
  EXPECT_EQ(s.container.mounts[0].source, "/c");
  EXPECT_EQ(s.container.mounts[1].tmpfs_size_bytes, 64 << 20);
  EXPECT_EQ(s.container.mounts[1].tmpfs_mode, 0700);
  ASSERT_EQ(s.volumes.size(), 3U);
  EXPECT_TRUE(s.volumes[0].key == "data" && s.volumes[0].mount.read_only);
  EXPECT_EQ(s.volumes[1].key, "");
  EXPECT_TRUE(s.volumes[2].mount.no_copy);
  EXPECT_EQ(wrong("    volumes: [\"data:/x\"]\n"),
            Texts{"4: services.s.volumes uses the volume \"data\", which is not among the file's "
                  "volumes"});
  for (const char* text :
       {"\"data:x\"", "\"a:/b:what\"", "{type: npipe, target: /x}", "{type: bind, target: /x}"}) {
    EXPECT_EQ(wrong(std::string("    volumes: [") + text + "]\n").size(), 1U) << text;
  }
}

TEST(ComposeFile, dependencies_and_their_conditions) {
  const Project project = read(
      "services:\n  a: {image: i, depends_on: [b]}\n  b: {image: i}\n"
      "  c:\n    image: i\n    depends_on:\n      a: {condition: service_healthy}\n"
      "      b: {condition: service_completed_successfully, required: false, restart: true}\n");
  EXPECT_EQ(project.services[0].depends_on[0].condition, Condition::started);
  EXPECT_EQ(project.services[2].depends_on[0].condition, Condition::healthy);
  EXPECT_EQ(project.services[2].depends_on[1].condition, Condition::completed);
  EXPECT_FALSE(project.services[2].depends_on[1].required);
  EXPECT_EQ(wrong("    depends_on: [x]\n"),
            Texts{"4: services.s.depends_on names \"x\", which is no service of the file"});
  EXPECT_EQ(wrong("    depends_on: {s: {condition: up}}\n").size(), 1U);
}

TEST(ComposeFile, health_checks) {
  const auto health = service(
                          "    healthcheck:\n      test: curl x || exit 1\n      interval: 1m30s\n "
                          "     timeout: 5s\n"
                          "      retries: 4\n      start_period: 10s\n")
                          .container.healthchecks;
  EXPECT_EQ(health.test, (Texts{"CMD-SHELL", "curl x || exit 1"}));
  EXPECT_EQ(health.interval_ns, 90 * nanoseconds_per_second);
  EXPECT_EQ(health.retries, 4);
  EXPECT_EQ(service("    healthcheck: {test: [CMD, a, b]}\n").container.healthchecks.test,
            (Texts{"CMD", "a", "b"}));
  EXPECT_TRUE(service("    healthcheck: {test: [NONE]}\n").container.healthchecks.disable);
  EXPECT_TRUE(service("    healthcheck: {disable: true}\n").container.healthchecks.disable);
  EXPECT_EQ(wrong("    healthcheck: {test: [curl]}\n").size(), 1U);
}

TEST(ComposeFile, restarts) {
  EXPECT_EQ(service("    restart: \"no\"\n").restart.rule, RestartRule::never);
  EXPECT_EQ(service("    restart: no\n").restart.rule, RestartRule::never);
  EXPECT_EQ(service("    restart: always\n").restart.rule, RestartRule::always);
  EXPECT_EQ(service("    restart: unless-stopped\n").restart.rule, RestartRule::always);
  EXPECT_EQ(service("    restart: on-failure:3\n").restart.max_attempts, 3);
  EXPECT_EQ(service("    restart: on-failure\n").restart.rule, RestartRule::on_failure);
  EXPECT_EQ(wrong("    restart: sometimes\n").size(), 1U);
  EXPECT_EQ(wrong("    restart: on-failure:x\n").size(), 1U);
  const auto policy = service(
      "    deploy: {restart_policy: {condition: on-failure, delay: 5s, max_attempts: 3, window: "
      "1m}}\n");
  EXPECT_EQ(policy.restart.rule, RestartRule::on_failure);
  EXPECT_EQ(policy.restart.delay_ns, 5 * nanoseconds_per_second);
}

TEST(ComposeFile, resources_and_devices) {
  const Service s = service(
      "    deploy:\n      replicas: 3\n      resources:\n"
      "        limits: {cpus: \"1.5\", memory: 512M, pids: 100}\n"
      "        reservations:\n          memory: 64m\n          devices:\n"
      "          - {driver: nvidia, count: 2, capabilities: [gpu]}\n"
      "          - {device_ids: [\"0\"], capabilities: [gpu, compute]}\n");
  EXPECT_EQ(*s.replicas, 3);
  EXPECT_EQ(s.cpus, 1.5);
  EXPECT_EQ(s.memory_bytes, 512LL << 20);
  EXPECT_EQ(s.memory_reservation_bytes, 64LL << 20);
  EXPECT_EQ(s.container.pids_limit, 100);
  EXPECT_EQ(s.devices[0].count, 2);
  EXPECT_EQ(s.devices[1].ids, Texts{"0"});
  EXPECT_EQ(service("    gpus: all\n").devices[0].count, -1);
  EXPECT_EQ(service("    gpus: [{driver: nvidia, count: 1}]\n").devices[0].capabilities,
            Texts{"gpu"});
  EXPECT_EQ(*service("    scale: 2\n").replicas, 2);
  EXPECT_EQ(service("    devices: [\"/dev/a:/dev/b:r\"]\n").container.devices[0].container_path,
            "/dev/b");
  EXPECT_EQ(wrong("    deploy: {resources: {limits: {memory: lots}}}\n"),
            Texts{"4: services.s.deploy.resources.limits.memory must be a size like \"64m\" or a "
                  "number of bytes"});
  EXPECT_EQ(wrong("    deploy: {resources: {reservations: {devices: [{count: 1}]}}}\n").size(), 1U);
}

TEST(ComposeFile, the_container_itself) {
  const Service s = service(
      "    user: app\n    working_dir: /w\n    hostname: h\n    stop_signal: SIGINT\n"
      "    stop_grace_period: 1m\n    init: true\n    tty: true\n    stdin_open: true\n"
      "    read_only: true\n    privileged: true\n    cap_add: [NET_ADMIN]\n    cap_drop: [ALL]\n"
      "    security_opt: [no-new-privileges]\n    sysctls: {net.core.somaxconn: 1024}\n"
      "    ulimits: {nofile: {soft: 1, hard: 2}, nproc: 5}\n    shm_size: 1gb\n"
      "    tmpfs: /run\n    labels: [a=b]\n    extra_hosts: [\"h:1.2.3.4\", \"g=::1\"]\n"
      "    dns: 1.1.1.1\n    group_add: [5]\n    ipc: host\n    pid: host\n    runtime: nvidia\n"
      "    oom_score_adj: 10\n    container_name: n\n    profiles: [p]\n    pull_policy: always\n"
      "    expose: [80]\n    mem_limit: 1g\n    cpus: 0.5\n    network_mode: host\n");
  const auto& c = s.container;
  EXPECT_EQ(s.user, "app");
  EXPECT_EQ(s.stop_signal, SIGINT);
  EXPECT_EQ(s.stop_grace_ns, 60 * nanoseconds_per_second);
  EXPECT_TRUE(c.init && c.tty && c.interactive && c.readonly_rootfs && c.privileged);
  EXPECT_EQ(c.ulimit, (docker::TextMap{{"nofile", "1:2"}, {"nproc", "5"}}));
  EXPECT_EQ(c.shm_size_bytes, 1LL << 30);
  EXPECT_EQ(c.tmpfs, Texts{"/run"});
  EXPECT_EQ(c.labels, (docker::TextMap{{"a", "b"}}));
  EXPECT_EQ(c.extra_hosts, (Texts{"h:1.2.3.4", "g:::1"}));
  EXPECT_EQ(c.sysctl, (docker::TextMap{{"net.core.somaxconn", "1024"}}));
  EXPECT_EQ(s.pull, PullRule::always);
  EXPECT_EQ(c.network_mode, "host");
}

TEST(ComposeFile, networks_volumes_secrets_and_configs) {
  const Project project = read(
      "name: shop\nversion: \"3.8\"\n"
      "services:\n  s:\n    image: i\n    networks:\n      front: {aliases: [www], ipv4_address: "
      "10.0.0.9}\n      default:\n"
      "    secrets: [key, {source: key, target: other, mode: 0400, uid: \"5\"}]\n    configs: "
      "[conf]\n"
      "networks:\n  front:\n    driver: bridge\n    internal: true\n    driver_opts: {a: 1}\n"
      "    ipam: {config: [{subnet: 10.0.0.0/24, gateway: 10.0.0.1}]}\n  out: {external: true, "
      "name: world}\n"
      "volumes:\n  v: {labels: {a: b}}\n  w: {external: {name: there}}\n"
      "secrets:\n  key: {file: ./key.txt}\nconfigs:\n  conf: {content: hello}\n");
  EXPECT_EQ(project.name, "shop");
  EXPECT_EQ(project.services[0].networks[0].aliases, Texts{"www"});
  EXPECT_EQ(project.networks[0].pools[0].gateway, "10.0.0.1");
  EXPECT_TRUE(project.networks[1].external && project.networks[1].name == "world");
  EXPECT_TRUE(project.volumes[1].external && project.volumes[1].name == "there");
  EXPECT_EQ(project.services[0].secrets[0].target, "/run/secrets/key");
  EXPECT_EQ(project.services[0].secrets[1].mode, 0400);
  EXPECT_EQ(project.services[0].configs[0].target, "/conf");
  EXPECT_EQ(errors("services: {s: {image: i}}\nsecrets: {k: {}}\n").size(), 1U);
  EXPECT_EQ(wrong("    networks: [nowhere]\n").size(), 1U);
  EXPECT_EQ(wrong("    secrets: [nothing]\n").size(), 1U);
}

TEST(ComposeFile, unknown_keys_are_refused_with_line_and_nearest_name) {
  EXPECT_EQ(
      wrong("    enviroment: {A: 1}\n"),
      Texts{"4: services.s.enviroment is no key that Yurt knows here; did you mean environment?"});
  EXPECT_EQ(errors("services: {s: {image: i}}\nserices: {}\n"),
            Texts{"2: serices is no key that Yurt knows here; did you mean services?"});
  EXPECT_EQ(wrong("    healthcheck:\n      test: a\n      retrys: 3\n"),
            Texts{"6: services.s.healthcheck.retrys is no key that Yurt knows here; did you mean "
                  "retries?"});
  EXPECT_TRUE(wrong("    x-anything: {goes: here}\n").empty());
}

TEST(ComposeFile, what_yurt_does_not_do_is_refused_with_a_sentence) {
  const auto said = wrong("    build: .\n");
  ASSERT_EQ(said.size(), 1U);
  EXPECT_NE(said[0].find("Yurt runs images and builds none"), std::string::npos);
  for (const char* key :
       {"logging", "links", "extends", "cgroup_parent", "memswap_limit", "develop"}) {
    EXPECT_NE(
        wrong("    " + std::string(key) + ": x\n").at(0).find("4: services.s." + std::string(key)),
        std::string::npos);
  }
  EXPECT_EQ(errors("services: {s: {image: i}}\ninclude: [a]\n").size(), 1U);
}

TEST(ComposeFile, a_file_without_services_or_with_the_wrong_shape_is_refused) {
  EXPECT_EQ(errors(""), Texts{"1: the file is empty: it needs services"});
  EXPECT_EQ(errors("[a]"), Texts{"1: the file must be a map"});
  EXPECT_EQ(errors("services: {}\n"), Texts{"1: services must name at least one service"});
  EXPECT_EQ(errors("services:\n  s:\n"), Texts{"2: services.s must be a map"});
  EXPECT_EQ(errors("services:\n  s: {}\n"), Texts{"2: services.s.image is required"});
  EXPECT_EQ(errors("services:\n  \"a b\": {image: i}\n").size(), 1U);
}

TEST(ComposeFile, several_mistakes_are_told_at_once_in_the_files_order) {
  const auto said = errors(
      "services:\n  s:\n    image: i\n    tty: maybe\n    cpus: x\n  t:\n    x: 1\n    imag: i\n");
  ASSERT_EQ(said.size(), 5U);
  EXPECT_TRUE(said[0].starts_with("4: ") && said[1].starts_with("5: "));
}

TEST(ComposeFile, values_with_variables_are_read_once_they_are_known) {
  const std::string text =
      "services:\n  s:\n    image: \"app:${TAG:-1}\"\n    cpus: ${CPUS}\n    ports: [\"${P}:80\"]\n"
      "    volumes: [\"${V}:/v\"]\n    deploy: {replicas: \"${N:?how many}\"}\n";
  Project project;
  std::vector<std::string> unset;
  EXPECT_TRUE(read_project(text, nullptr, project, unset).empty());
  const Variables set{{"CPUS", "2"}, {"P", "8080"}, {"V", "/data"}, {"N", "2"}};
  const Project known = read(text, set);
  EXPECT_EQ(known.services[0].container.image, "app:1");
  EXPECT_EQ(known.services[0].cpus, 2);
  EXPECT_EQ(known.services[0].ports[0].first_host, 8080);
  EXPECT_EQ(*known.services[0].replicas, 2);
  EXPECT_EQ(errors("services: {s: {image: \"${I:?say which}\"}}\n"),
            Texts{"1: the variable I is required: say which"});
}

TEST(ComposeFile, sizes) {
  EXPECT_EQ(parse_bytes("64m"), 64LL << 20);
  EXPECT_EQ(parse_bytes("1.5gb"), 3LL << 29);
  EXPECT_EQ(parse_bytes("2GiB"), 2LL << 30);
  EXPECT_EQ(parse_bytes("512"), 512);
  EXPECT_EQ(parse_bytes("10b"), 10);
  for (const char* text : {"", "m", "12x", "-1", "1mm", "1e99g"}) {
    EXPECT_FALSE(parse_bytes(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace yurt::drivers::compose
