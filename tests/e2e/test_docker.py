"""What a task on docker can rely on, against a real Docker Engine that the tests start themselves."""
import contextlib
import json
import os
import socket
import subprocess
import urllib.request

import pytest
from docker_engine import DockerEngine, EngineError, Registry, why_no_engine
from test_jobs import NO_RESTART
from yurt import BIN, HttpError, wait_for

REASON = why_no_engine()
pytestmark = pytest.mark.skipif(REASON is not None, reason=str(REASON))


def plugin(engine, extra="", volumes="false"):
    return f'''plugin "docker" {{
  config {{
    endpoint = "{engine.endpoint}"
    volumes {{
      enabled = {volumes}
    }}
    gc {{
      dangling_containers {{
        period         = "300ms"
        creation_grace = "1s"
      }}
    }}
    {extra}
  }}
}}
client {{
  gc_interval = "1s"
}}
'''


@pytest.fixture(scope="module")
def engine():
    made = DockerEngine()
    yield made
    made.close()


@pytest.fixture(scope="module")
def registry():
    made = Registry()
    yield made
    made.close()


@pytest.fixture(scope="module")
def dev(dev_cluster, engine):
    process = dev_cluster.dev(plugin(engine))
    process.api.wait_node()
    return process.api


def job(name, command="", config="", kind="batch", group=NO_RESTART, task="", count=1,
        image=DockerEngine.IMAGE, memory=16):
    run = ""
    if command:
        run = f'command = "/bin/sh"\n        args = ["-c", {json.dumps(command)}]'
    return f'''
job "{name}" {{
  type = "{kind}"
  group "g" {{
    count = {count}
    {group}
    task "t" {{
      driver = "docker"
      config {{
        image = "{image}"
        {run}
        {config}
      }}
      resources {{
        cpu    = 20
        memory = {memory}
      }}
      {task}
    }}
  }}
}}'''


def run_to_end(dev, name, *words, status="complete", **options):
    dev.run(job(name, *words, **options))
    return dev.wait_allocs(name, status)[0]


def events_of(dev, alloc):
    return dev.alloc(alloc["ID"])["TaskStates"]["t"]["Events"]


def last_exit(dev, alloc):
    return [e for e in events_of(dev, alloc) if e["Type"] == "Terminated"][-1]


# --- Running -------------------------------------------------------------------------------------

def test_a_container_runs_to_its_end_and_keeps_its_output(dev):
    alloc = run_to_end(dev, "hello", "echo hello from $NOMAD_TASK_NAME; echo oops >&2")
    assert dev.logs(alloc["ID"], "t") == "hello from t\n"
    assert dev.logs(alloc["ID"], "t", "stderr") == "oops\n"
    state = dev.alloc(alloc["ID"])["TaskStates"]["t"]
    assert state["State"] == "dead" and not state["Failed"]


def test_exit_codes_and_signals_are_reported(dev):
    alloc = run_to_end(dev, "code", "exit 7", status="failed")
    assert last_exit(dev, alloc)["ExitCode"] == 7
    alloc = run_to_end(dev, "by-signal", "kill -9 $$", config="init = true", status="failed")
    assert last_exit(dev, alloc)["ExitCode"] == 137 and last_exit(dev, alloc)["Signal"] == 9


def test_a_task_that_exceeds_its_memory_is_reported_as_killed_for_it(dev):
    alloc = run_to_end(dev, "oom", "x=aaaaaaaa; while true; do x=$x$x; done", status="failed")
    assert last_exit(dev, alloc)["Details"]["oom_killed"] == "true"


def test_a_command_that_does_not_exist_fails_for_good(dev):
    alloc = run_to_end(dev, "missing", group="restart {\n attempts = 5\n}\nreschedule {\n attempts = 0\n unlimited = false\n}",
                       config='command = "/no/such/program"', status="failed")
    failures = [e for e in events_of(dev, alloc) if e["Type"] == "Driver Failure"]
    assert len(failures) == 1 and "/no/such/program" in failures[0]["DisplayMessage"]


def test_folders_and_environment_are_those_of_the_container(dev, engine):
    script = '''
      echo $NOMAD_ALLOC_DIR $NOMAD_TASK_DIR $NOMAD_SECRETS_DIR
      cat /local/conf /secrets/key
      echo shared > /alloc/data/f
      id -u; echo $FROM_TEMPLATE $GREETING'''
    task = '''
      user = "app"
      env {
        GREETING = "hi"
      }
      template {
        data        = "conf in {{ env \\"NOMAD_TASK_DIR\\" }}\\n"
        destination = "${NOMAD_TASK_DIR}/conf"
      }
      template {
        data        = "secret\\n"
        destination = "secrets/key"
      }
      template {
        data        = "FROM_TEMPLATE=yes"
        destination = "secrets/env"
        env         = true
      }'''
    dev.run(job("folders", script + "; while true; do sleep 1; done", task=task))
    alloc = dev.wait_allocs("folders", "running")[0]
    wait_for("its output", lambda: dev.logs(alloc["ID"], "t").count("\n") == 5)
    assert dev.logs(alloc["ID"], "t") == "/alloc /local /secrets\nconf in /local\nsecret\n1234\nyes hi\n"
    shared = dev.get(f"/v1/client/fs/cat/{alloc['ID']}?path=alloc/data/f", raw=True)
    assert shared == b"shared\n"
    dev.delete("/v1/job/folders")
    dev.wait_allocs("folders", "complete")


def test_published_ports_reach_the_container(dev):
    network = NO_RESTART + '''
    network {
      port "http" {
        to = 8080
      }
      port "same" {}
    }'''
    script = '''mkdir -p /tmp/www; echo $NOMAD_PORT_http > /tmp/www/index.html
      httpd -p $NOMAD_PORT_same -h /tmp/www; exec httpd -f -p 8080 -h /tmp/www'''
    dev.run(job("ports", script, config='ports = ["http", "same"]', kind="service", group=network))
    alloc = dev.wait_allocs("ports", "running")[0]
    ports = dev.alloc(alloc["ID"])["AllocatedResources"]["Shared"]["Ports"]
    assert sorted(p["Label"] for p in ports) == ["http", "same"]
    for port in ports:
        def page():
            with contextlib.suppress(OSError):
                with urllib.request.urlopen(f"http://{port['HostIP']}:{port['Value']}/") as reply:
                    return reply.read()
        assert wait_for(f"port {port['Label']}", page) == b"8080\n"
    dev.delete("/v1/job/ports")
    dev.wait_allocs("ports", "complete")


def test_a_stopped_task_gets_its_signal_and_its_time_and_leaves_no_container(dev, engine):
    script = 'trap "echo got TERM; exit 0" TERM; trap "echo got USR1; exit 0" USR1; echo up; while true; do sleep 0.1; done'
    for name, extra, want in (("polite", "", "got TERM"), ("chosen", 'kill_signal = "SIGUSR1"', "got USR1")):
        dev.run(job(name, script, kind="service", task=extra))
        alloc = dev.wait_allocs(name, "running")[0]
        wait_for("its first line", lambda: "up" in dev.logs(alloc["ID"], "t"))
        dev.delete(f"/v1/job/{name}")
        dev.wait_allocs(name, "complete")
        assert dev.logs(alloc["ID"], "t").splitlines()[-1] == want
        wait_for("the container to be gone",
                 lambda: not engine.containers(**{"yurt.alloc_id": alloc["ID"]}))
    dev.run(job("stubborn", 'trap "" TERM; echo up; while true; do sleep 0.1; done', kind="service",
                task='kill_timeout = "1s"'))
    alloc = dev.wait_allocs("stubborn", "running")[0]
    wait_for("its first line", lambda: "up" in dev.logs(alloc["ID"], "t"))
    dev.delete("/v1/job/stubborn")
    dev.wait_allocs("stubborn", "complete")
    assert last_exit(dev, alloc)["Signal"] == 9


def test_exec_signals_restart_and_statistics(dev):
    script = 'trap "echo got HUP" HUP; echo up; while true; do sleep 0.1; done'
    dev.run(job("lively", script, kind="service"))
    alloc = dev.wait_allocs("lively", "running")[0]
    wait_for("its first line", lambda: "up" in dev.logs(alloc["ID"], "t"))
    done = dev.cli("alloc", "exec", "-i=false", "-t=false", alloc["ID"], "sh", "-c", "echo inside; echo bad >&2; exit 5",
                   code=5)
    assert done.stdout == "inside\n" and "bad" in done.stderr
    done = dev.cli("alloc", "exec", "-i", "-t=false", alloc["ID"], "cat", stdin="through the pipe")
    assert done.stdout == "through the pipe"
    dev.cli("alloc", "signal", "-s", "SIGHUP", alloc["ID"])
    wait_for("the signal", lambda: "got HUP" in dev.logs(alloc["ID"], "t"))
    stats = dev.get(f"/v1/client/allocation/{alloc['ID']}/stats")
    assert stats["Tasks"]["t"]["ResourceUsage"]["MemoryStats"]["Usage"] > 0
    dev.cli("alloc", "restart", alloc["ID"])
    wait_for("the second run", lambda: dev.logs(alloc["ID"], "t").count("up") == 2)
    dev.delete("/v1/job/lively")
    dev.wait_allocs("lively", "complete")


# --- The config block ----------------------------------------------------------------------------

def test_the_options_reach_the_engine(dev, engine):
    config = '''
        entrypoint      = ["/bin/env"]
        hostname        = "trainer"
        work_dir        = "/tmp"
        labels          = {
          team = "vision"
        }
        cap_add         = ["chown"]
        cap_drop        = ["mknod"]
        ulimit {
          nofile = "1000:2000"
        }
        shm_size        = 33554432
        security_opt    = ["no-new-privileges"]
        dns_servers     = ["192.0.2.1"]
        dns_search_domains = ["example.org"]
        dns_options     = ["ndots:1"]
        extra_hosts     = ["db:192.0.2.2"]
        init            = true
        healthchecks {
          disable = true
        }
        logging {
          type = "json-file"
          config {
            max-size = "1m"
          }
        }
        cpu_hard_limit  = true
        pids_limit      = 64
        oom_score_adj   = 500
        readonly_rootfs = true
        tmpfs           = ["/scratch:size=1m"]
        mount {
          type   = "tmpfs"
          target = "/scratch2"
          tmpfs_options {
            size = 1048576
          }
        }
        mount {
          type     = "bind"
          source   = "local"
          target   = "/again"
          readonly = true
        }
        volumes         = ["local/made:/made"]
        sysctl          = {
          "net.core.somaxconn" = "512"
        }
        group_add       = ["1234"]
        ipc_mode        = "private"
        network_aliases = []'''
    command = 'command = "/bin/sh"\n args = ["-c", "while true; do sleep 1; done"]'
    dev.run(job("options", config=config + "\n" + command, kind="service", task='user = "1234"'))
    alloc = dev.wait_allocs("options", "running")[0]
    seen = engine.container_of(alloc["ID"])
    host, own = seen["HostConfig"], seen["Config"]
    assert own["Entrypoint"] == ["/bin/env"] and own["Cmd"][0] == "/bin/sh"
    assert own["Hostname"] == "trainer" and own["WorkingDir"] == "/tmp" and own["User"] == "1234"
    assert own["Labels"]["team"] == "vision" and own["Labels"]["yurt.job_id"] == "options"
    assert own["Healthcheck"]["Test"] == ["NONE"]
    assert [c.upper().removeprefix("CAP_") for c in host["CapAdd"]] == ["CHOWN"]
    assert {c.upper().removeprefix("CAP_") for c in host["CapDrop"]} == {"MKNOD", "NET_RAW"}
    assert host["Ulimits"] == [{"Name": "nofile", "Soft": 1000, "Hard": 2000}]
    assert host["ShmSize"] == 33554432 and host["SecurityOpt"] == ["no-new-privileges"]
    assert host["Dns"] == ["192.0.2.1"] and host["DnsSearch"] == ["example.org"]
    assert host["DnsOptions"] == ["ndots:1"] and host["ExtraHosts"] == ["db:192.0.2.2"]
    assert host["Init"] and host["ReadonlyRootfs"] and host["PidsLimit"] == 64
    assert host["OomScoreAdj"] == 500 and host["IpcMode"] == "private"
    assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "1m"}}
    assert host["CpuPeriod"] == 100000 and host["CpuQuota"] >= 1000 and host["CpuShares"] == 20
    assert host["Memory"] == host["MemorySwap"] == 16 << 20
    assert host["Tmpfs"] == {"/scratch": "size=1m"} and host["GroupAdd"] == ["1234"]
    assert host["Sysctls"] == {"net.core.somaxconn": "512"}
    mounts = {m["Destination"]: m for m in seen["Mounts"]}
    assert not mounts["/again"]["RW"] and mounts["/made"]["Source"].endswith("/t/local/made")
    assert {"/alloc", "/local", "/secrets"} <= set(mounts)
    look = dev.cli("alloc", "exec", "-i=false", "-t=false", alloc["ID"], "sh", "-c",
                   "hostname; ulimit -n; touch /x || echo read-only; touch /scratch/x /scratch2/x && echo ok; "
                   "cat /proc/sys/net/core/somaxconn; grep db /etc/hosts; id -G", code=None)
    assert look.stdout.split() == ["trainer", "1000", "read-only", "ok", "512", "192.0.2.2", "db",
                                   "1234"]
    dev.delete("/v1/job/options")
    dev.wait_allocs("options", "complete")


@pytest.mark.parametrize("config, needle", [
    ("privileged = true", "allow_privileged"),
    ('volumes = ["/etc:/host-etc"]', "volumes { enabled = true }"),
    ('volumes = ["../../../../etc:/host-etc"]', "volumes { enabled = true }"),
    ('pid_mode = "host"', "allow_privileged"),
    ('cap_add = ["sys_admin"]', "allow_caps"),
    ('runtime = "kata"', "allow_runtimes"),
    ('devices = [{\n host_path = "/dev/null"\n}]', "allow_privileged"),
])
def test_what_the_agent_does_not_allow_fails_for_good_and_says_which_setting_would(dev, config, needle):
    name = "refused-" + config.split()[0]
    alloc = run_to_end(dev, name, "true", config=config, status="failed")
    text = [e["DisplayMessage"] for e in events_of(dev, alloc) if e["Type"] == "Driver Failure"]
    assert len(text) == 1 and needle in text[0]
    dev.cli("job", "stop", "-detach", "-purge", name)


def test_two_hosts_modes_of_the_network(dev, engine):
    alloc = run_to_end(dev, "none", "ls /sys/class/net | tr '\\n' ' '", config='network_mode = "none"')
    assert dev.logs(alloc["ID"], "t").split() == ["lo"]
    alloc = run_to_end(dev, "host", "hostname", config='network_mode = "host"')
    assert dev.logs(alloc["ID"], "t").strip() == socket.gethostname()
    engine.call("POST", "/networks/create", {"Name": "yurt-net", "Driver": "bridge"})
    try:
        dev.run(job("joined", "while true; do sleep 1; done", kind="service",
                    config='network_mode = "yurt-net"\n network_aliases = ["peer"]'))
        alloc = dev.wait_allocs("joined", "running")[0]
        networks = engine.container_of(alloc["ID"])["NetworkSettings"]["Networks"]
        assert "peer" in networks["yurt-net"]["Aliases"]
        dev.delete("/v1/job/joined")
        dev.wait_allocs("joined", "complete")
        wait_for("the container to leave", lambda: not engine.containers(**{"yurt.alloc_id": alloc["ID"]}))
    finally:
        engine.call("DELETE", "/networks/yurt-net")


def test_output_of_a_terminal_and_long_lines_arrive_whole(dev):
    script = "head -c 50000 /dev/zero | tr '\\0' x; echo; echo end"
    alloc = run_to_end(dev, "long", script)
    assert dev.logs(alloc["ID"], "t") == "x" * 50000 + "\nend\n"
    alloc = run_to_end(dev, "tty", script + "; [ -t 1 ] && echo terminal", config="tty = true")
    assert dev.logs(alloc["ID"], "t").replace("\r", "") == "x" * 50000 + "\nend\nterminal\n"


# --- Images --------------------------------------------------------------------------------------

def test_an_image_is_pulled_once_for_all_who_start_at_the_same_time(dev, engine, registry):
    image = registry.add("team/shared")
    registry.gate.clear()
    registry.waiting.clear()
    dev.run(job("shared", "cat /marker", image=image, count=4))
    assert registry.waiting.wait(60)

    def all_wait():
        allocs = dev.allocs("shared")
        return len(allocs) == 4 and all("Downloading image" in json.dumps(events_of(dev, a)) for a in allocs)
    wait_for("four tasks to wait for one pull", all_wait)
    registry.gate.set()
    allocs = dev.wait_allocs("shared", "complete", 4)
    assert all(dev.logs(a["ID"], "t") == "team/shared:1" for a in allocs)
    assert registry.pulled.count(registry.layer) == 1


def test_a_pull_can_be_cancelled_by_stopping_the_job(dev, registry):
    image = registry.add("team/slow")
    registry.gate.clear()
    registry.waiting.clear()
    dev.run(job("slow", "true", image=image))
    assert registry.waiting.wait(60)
    dev.delete("/v1/job/slow")
    alloc = dev.wait_allocs("slow", "complete")[0]
    assert not dev.alloc(alloc["ID"])["TaskStates"]["t"]["Failed"]
    registry.gate.set()


def test_a_slow_pull_ends_at_its_timeout(dev, registry):
    image = registry.add("team/stuck")
    registry.gate.clear()
    alloc = run_to_end(dev, "stuck", "true", image=image, config='image_pull_timeout = "1s"',
                       status="failed")
    assert "image_pull_timeout" in json.dumps(events_of(dev, alloc))
    registry.gate.set()


def test_an_image_that_does_not_exist_fails_for_good(dev, registry):
    retry = "restart {\n attempts = 5\n}\nreschedule {\n attempts = 0\n unlimited = false\n}"
    alloc = run_to_end(dev, "nowhere", "true", group=retry, image=f"{registry.address}/team/none:1",
                       status="failed")
    failures = [e for e in events_of(dev, alloc) if e["Type"] == "Driver Failure"]
    assert len(failures) == 1 and "team/none:1" in failures[0]["DisplayMessage"]


def test_a_registry_out_of_order_is_asked_again_after_a_while(dev, registry):
    image = registry.add("team/flaky")
    registry.failures = 2
    retry = 'restart {\n attempts = 5\n delay = "1ms"\n}'
    alloc = run_to_end(dev, "flaky", "true", group=retry, image=image)
    text = json.dumps(events_of(dev, alloc))
    assert "before the next try" in text and "Driver Failure" in text


def test_credentials_of_the_job_open_a_private_registry(dev, registry):
    image = registry.add("team/private")
    registry.credentials = "me:s3cret"
    try:
        alloc = run_to_end(dev, "locked-out", "true", image=image, status="failed")
        assert "Driver Failure" in json.dumps(events_of(dev, alloc))
        # Another key than the refused one: no back-off.
        auth = 'auth {\n username = "me"\n password = "s3cret"\n}'
        alloc = run_to_end(dev, "let-in", "cat /marker", image=image, config=auth)
        assert dev.logs(alloc["ID"], "t") == "team/private:1"
    finally:
        registry.credentials = None


def test_force_pull_asks_the_registry_each_time(dev, registry):
    image = registry.add("team/moving")
    run_to_end(dev, "first", "cat /marker", image=image)
    registry.add("team/moved")
    registry.move("team/moving", "team/moved")
    alloc = run_to_end(dev, "kept", "cat /marker", image=image)
    assert dev.logs(alloc["ID"], "t") == "team/moving:1"
    alloc = run_to_end(dev, "forced", "cat /marker", image=image, config="force_pull = true")
    assert dev.logs(alloc["ID"], "t") == "team/moved:1"


# --- Many, and what goes wrong -------------------------------------------------------------------

def test_fifty_containers_start_and_end_at_once(dev, engine):
    dev.run(job("fifty", "echo $NOMAD_ALLOC_INDEX", count=50, memory=10))
    allocs = dev.wait_allocs("fifty", "complete", 50)
    outputs = sorted(int(dev.logs(a["ID"], "t")) for a in allocs)
    assert outputs == list(range(50))
    wait_for("their containers to be gone", lambda: not engine.containers(**{"yurt.job_id": "fifty"}))


COUNTER = "i=0; while true; do i=$((i+1)); echo line $i; [ $((i % 7)) = 0 ] && echo err $i >&2; usleep 2000; done"


def check_counter(text, word, step=1):
    numbers = [int(line.split()[1]) for line in text.splitlines() if line.startswith(word)]
    assert numbers == list(range(step, step * len(numbers) + 1, step)), "lines lost or repeated"
    return len(numbers)


def test_an_agent_that_is_killed_finds_its_containers_and_no_line_is_lost(engine, cluster):
    server = cluster.server("s")
    agent = cluster.agent("a", [server], plugin(engine))
    api = server.api
    api.wait_node()
    api.run(job("counter", COUNTER, kind="service"))
    api.run(job("short", "sleep 1; echo done; exit 3", kind="batch"))
    alloc = api.wait_allocs("counter", "running")[0]

    def lines():
        with contextlib.suppress(HttpError):  # while no agent is connected
            return api.logs(alloc["ID"], "t").count("line")
        return 0
    short = api.wait_allocs("short", "running")[0]
    for _ in range(4):
        before = wait_for("some output", lines)
        agent.kill()
        agent.start()
        wait_for("output to go on", lambda: lines() > before + 50)
    assert api.alloc(alloc["ID"])["TaskStates"]["t"]["Restarts"] == 0
    assert check_counter(api.logs(alloc["ID"], "t"), "line") > 200
    check_counter(api.logs(alloc["ID"], "t", "stderr"), "err", 7)
    api.wait_allocs("short", "failed")
    assert api.logs(short["ID"], "t") == "done\n" and last_exit(api, short)["ExitCode"] == 3
    api.delete("/v1/job/counter")
    api.wait_allocs("counter", "complete")


def driver_health(api):
    node = api.get("/v1/node/" + api.get("/v1/nodes")[0]["ID"])
    return node["Drivers"].get("docker", {}).get("Healthy")


def test_tasks_go_on_while_the_engine_is_away_and_starts_wait_for_it(engine, cluster):
    process = cluster.dev(plugin(engine))
    api = process.api
    api.wait_node()
    api.run(job("steady", COUNTER, kind="service"))
    alloc = api.wait_allocs("steady", "running")[0]
    wait_for("some output", lambda: api.logs(alloc["ID"], "t").count("line") > 20)
    engine.kill()
    wait_for("the node to show it", lambda: driver_health(api) is False)
    assert api.alloc(alloc["ID"])["ClientStatus"] == "running"
    before = api.logs(alloc["ID"], "t").count("line")
    engine.start()
    wait_for("the node to show it again", lambda: driver_health(api) is True)
    wait_for("output to go on", lambda: api.logs(alloc["ID"], "t").count("line") > before + 50)
    assert api.alloc(alloc["ID"])["TaskStates"]["t"]["Restarts"] == 0
    check_counter(api.logs(alloc["ID"], "t"), "line")
    api.delete("/v1/job/steady")
    api.wait_allocs("steady", "complete")


def test_only_containers_of_this_agent_are_ever_removed(engine, cluster):
    foreign = engine.call("POST", "/containers/create?name=foreign", {
        "Image": engine.IMAGE, "Cmd": ["/bin/sleep", "1000"],
        "Labels": {"yurt.owner": "somebody-else", "yurt.task_id": "x", "yurt.state": "{}"}})["Id"]
    engine.call("POST", f"/containers/{foreign}/start")
    server = cluster.server("s")
    agent = cluster.agent("a", [server], plugin(engine))
    api = server.api
    api.wait_node()
    api.run(job("orphan", "while true; do sleep 1; done", kind="service"))
    alloc = api.wait_allocs("orphan", "running")[0]
    own = engine.container_of(alloc["ID"])
    # The same container again under another task id: what a crash at the wrong moment leaves.
    labels = dict(own["Config"]["Labels"])
    labels["yurt.state"] = labels["yurt.state"].replace(labels["yurt.task_id"], "lost.task.1")
    labels["yurt.task_id"] = "lost.task.1"
    stray = engine.call("POST", "/containers/create?name=stray", {
        "Image": engine.IMAGE, "Cmd": ["/bin/sleep", "1000"], "Labels": labels})["Id"]
    engine.call("POST", f"/containers/{stray}/start")

    def gone():
        with contextlib.suppress(EngineError):
            engine.call("GET", f"/containers/{stray}/json")
            return False
        return True
    wait_for("the stray container to be removed", gone)
    assert engine.call("GET", f"/containers/{own['Id']}/json")["State"]["Running"]
    # An allocation that its servers have forgotten goes as well.
    agent.kill()
    api.cli("job", "stop", "-detach", "-purge", "orphan")
    agent.start()
    wait_for("the container of the stopped job to be removed",
             lambda: not engine.containers(**{"yurt.alloc_id": alloc["ID"]}))
    assert engine.call("GET", f"/containers/{foreign}/json")["State"]["Running"]
    engine.call("DELETE", f"/containers/{foreign}?force=1")


def test_a_container_removed_by_hand_is_noticed_and_replaced(dev, engine):
    dev.run(job("removed", "while true; do sleep 1; done", kind="service",
                group='restart {\n attempts = 3\n delay = "1ms"\n}'))
    alloc = dev.wait_allocs("removed", "running")[0]
    first = engine.container_of(alloc["ID"])["Id"]
    engine.call("DELETE", f"/containers/{first}?force=1")

    def replaced():
        found = engine.containers(**{"yurt.alloc_id": alloc["ID"]})
        return found and found[0]["Id"] != first and found[0]["State"] == "running"
    wait_for("a new container", replaced)
    assert dev.alloc(alloc["ID"])["TaskStates"]["t"]["Restarts"] == 1
    dev.delete("/v1/job/removed")
    dev.wait_allocs("removed", "complete")


def test_unused_images_that_yurt_pulled_are_removed_and_no_others(engine, registry, cluster):
    process = cluster.dev(plugin(engine).replace("gc {\n", 'gc {\n image_delay = "1s"\n', 1))
    process.api.wait_node()
    image = registry.add("team/passing")
    process.api.run(job("passing", "true", image=image))
    process.api.wait_allocs("passing", "complete")

    def names():
        return [t for i in engine.call("GET", "/images/json") for t in i["RepoTags"] or []]
    wait_for("the image to be removed", lambda: image not in names())
    assert engine.IMAGE in names()


def test_a_misspelt_setting_is_refused_when_the_job_is_registered(dev):
    refused = dev.run(job("misspelt", "true", config="work_dri = \"/tmp\""), code=1)
    assert "did you mean work_dir?" in refused.stdout + refused.stderr
    with pytest.raises(HttpError):
        dev.get("/v1/job/misspelt")


def test_an_image_is_loaded_from_an_artifact(engine, cluster, tmp_path):
    archive = tmp_path / "image.tar"
    archive.write_bytes(engine.call("GET", f"/images/{engine.IMAGE}/get"))
    process = cluster.dev(plugin(engine))
    process.api.wait_node()
    artifact = f'''artifact {{
        source = "file://{archive}"
        mode   = "file"
        destination = "local/image.tar"
        options {{
          archive = "false"
        }}
      }}'''
    alloc = run_to_end(process.api, "loaded", "echo loaded", config='load = "image.tar"', task=artifact)
    assert process.api.logs(alloc["ID"], "t") == "loaded\n"


def test_host_volumes_and_with_permission_any_path_are_mounted(engine, cluster, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/in").write_text("from the machine\n")
    offered = f'client {{\n host_volume "models" {{\n path = "{tmp_path}/data"\n }}'
    process = cluster.dev(plugin(engine, volumes="true").replace("client {", offered))
    process.api.wait_node()
    group = NO_RESTART + '\nvolume "models" {\n type = "host"\n source = "models"\n read_only = true\n}'
    mount = 'volume_mount {\n volume = "models"\n destination = "/models"\n}'
    script = "cat /models/in; touch /models/x || echo read-only; echo back > /direct/out"
    alloc = run_to_end(process.api, "volumes", script, group=group, task=mount,
                       config=f'volumes = ["{tmp_path}/data:/direct"]')
    assert process.api.logs(alloc["ID"], "t") == "from the machine\nread-only\n"
    assert (tmp_path / "data/out").read_text() == "back\n"


def test_a_command_in_a_container_ends_with_its_caller(dev, engine):
    dev.run(job("caller", "while true; do sleep 1; done", kind="service"))
    alloc = dev.wait_allocs("caller", "running")[0]
    caller = subprocess.Popen([str(BIN), "alloc", "exec", "-i=false", "-t=false", alloc["ID"], "sleep", "98765"],
                              env={**os.environ, "YURT_ADDR": dev.rpc})
    container = engine.container_of(alloc["ID"])["Id"]

    def sleeps():
        top = engine.call("GET", f"/containers/{container}/top")
        return any("98765" in " ".join(process) for process in top["Processes"])
    wait_for("the command to run", sleeps)
    caller.kill()
    caller.wait()
    wait_for("the command to end", lambda: not sleeps())
    dev.delete("/v1/job/caller")
    dev.wait_allocs("caller", "complete")
