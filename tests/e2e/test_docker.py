"""What a task on docker can rely on, against a real Docker Engine that the tests start themselves."""
import contextlib
import os
import socket
import subprocess
import urllib.request

import pytest
from docker_jobs import (dev, engine, events_of, job, last_exit, needs_engine, plugin,  # noqa: F401
                         run_to_end)
from test_jobs import NO_RESTART
from yurt import BIN, HttpError, wait_for

pytestmark = needs_engine


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


def test_a_misspelt_setting_is_refused_when_the_job_is_registered(dev):
    refused = dev.run(job("misspelt", "true", config="work_dri = \"/tmp\""), code=1)
    assert "did you mean work_dir?" in refused.stdout + refused.stderr
    with pytest.raises(HttpError):
        dev.get("/v1/job/misspelt")


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
