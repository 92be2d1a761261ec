"""Several workers of one task: on raw_exec and on docker, through the real binaries."""
import json

import pytest
from docker_jobs import engine, needs_engine, plugin  # noqa: F401
from test_jobs import NO_RESTART
from yurt import wait_for

# Says who and when, is ready a little later, and ends when it is asked to.
WORKER = '''
  echo "up $YURT_WORKER_INDEX of $YURT_WORKER_COUNT"
  trap 'echo bye; exit 0' TERM INT
  echo "$YURT_WORKER_INDEX start" >> $NOMAD_ALLOC_DIR/data/order
  sleep 0.3
  echo "$YURT_WORKER_INDEX ready" >> $NOMAD_ALLOC_DIR/data/order
  touch $YURT_READY_FILE
  while true; do sleep 0.1; done'''


def job(name, command, workers, driver="raw_exec", kind="service", group="", task="", memory=32):
    image = 'image = "yurt-test/busybox:1"' if driver == "docker" else ""
    return f'''
job "{name}" {{
  type = "{kind}"
  group "g" {{
    {group}
    task "t" {{
      driver       = "{driver}"
      kill_timeout = "10s"
      config {{
        {image}
        command = "/bin/sh"
        args    = ["-c", {json.dumps(command)}]
      }}
      workers {{
        {workers}
      }}
      resources {{
        cpu    = 20
        memory = {memory}
      }}
      {task}
    }}
  }}
}}'''


RESTARTS = '''restart {
      attempts = 10
      interval = "1h"
      delay    = "200ms"
      mode     = "fail"
    }'''


def state_of(api, alloc):
    return api.alloc(alloc["ID"])["TaskStates"]["t"]


def workers_of(api, alloc):
    return state_of(api, alloc).get("Workers", [])


def all_ready(api, alloc):
    workers = workers_of(api, alloc)
    return workers if workers and all(w["Ready"] for w in workers) else None


def wait_ready(api, name):
    alloc = api.wait_allocs(name, "running")[0]
    wait_for(f"all workers of {name} to be ready", lambda: all_ready(api, alloc))
    return alloc


def stop(api, name):
    api.delete(f"/v1/job/{name}")
    api.wait_allocs(name, "complete")


@pytest.fixture(scope="module")
def both(dev_cluster, engine):
    process = dev_cluster.dev(plugin(engine))
    process.api.wait_node()
    return process


DRIVERS = ["raw_exec", pytest.param("docker", marks=needs_engine)]


@pytest.fixture(scope="module")
def api(request, dev_cluster):
    """One agent for all; with an Engine where one can run."""
    from docker_jobs import REASON
    if REASON is None:
        return request.getfixturevalue("both").api
    process = dev_cluster.dev()
    process.api.wait_node()
    return process.api


@pytest.mark.parametrize("driver", DRIVERS)
def test_serial_workers_start_in_order_each_once_the_one_before_is_ready(api, driver):
    name = f"serial-{driver}"
    api.run(job(name, WORKER, 'count = 3\nready = "check"', driver))
    alloc = wait_ready(api, name)
    order = api.get(f"/v1/client/fs/cat/{alloc['ID']}?path=alloc/data/order", raw=True).decode()
    assert order.splitlines() == [f"{i} {what}" for i in range(3) for what in ("start", "ready")]
    # Each has its own files, and all of them are one stream.
    assert api.logs(alloc["ID"], "t.1") == "up 1 of 3\n"
    assert sorted(api.logs(alloc["ID"], "t").splitlines()) == [f"[{i}] up {i} of 3" for i in range(3)]
    assert api.cli("alloc", "logs", "-worker", 2, alloc["ID"]).stdout == "up 2 of 3\n"
    files = api.get(f"/v1/client/fs/ls/{alloc['ID']}?path=alloc/logs")
    assert {f"t.{i}.stdout.0" for i in range(3)} <= {f["Name"] for f in files}
    # A command in one of them.
    inside = api.cli("alloc", "exec", "-worker", "1", "-t=false", "-i=false", alloc["ID"], "/bin/sh", "-c",
                     "echo in $YURT_WORKER_INDEX").stdout
    assert inside == "in 1\n"
    page = api.cli("alloc", "status", alloc["ID"]).stdout
    assert "Workers:" in page and page.count("running") >= 4
    stats = api.get(f"/v1/client/allocation/{alloc['ID']}/stats")["Tasks"]
    assert sorted(stats) == ["t", "t.0", "t.1", "t.2"]
    stop(api, name)
    assert api.logs(alloc["ID"], "t.0").endswith("bye\n"), "asked to end, not killed"


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_worker_that_is_killed_is_restarted_alone(api, driver):
    name = f"alone-{driver}"
    api.run(job(name, WORKER, 'count = 3\nready = "check"', driver, group=RESTARTS))
    alloc = wait_ready(api, name)
    before = workers_of(api, alloc)
    api.cli("alloc", "signal", "-worker", 1, "-s", "SIGKILL", alloc["ID"])
    wait_for("worker 1 to be restarted", lambda: workers_of(api, alloc)[1]["Restarts"] == 1)
    after = wait_for("it to be ready again", lambda: all_ready(api, alloc))
    assert [w["Restarts"] for w in after] == [0, 1, 0]
    assert [w["StartedAt"] == b["StartedAt"] for w, b in zip(after, before)] == [True, False, True]
    assert api.logs(alloc["ID"], "t.1").count("up 1") == 2
    assert api.logs(alloc["ID"], "t.0").count("up 0") == 1
    assert state_of(api, alloc)["Restarts"] == 1
    # And on request.
    api.cli("alloc", "restart", "-worker", 2, alloc["ID"])
    after = wait_for("worker 2 to be restarted",
                     lambda: all_ready(api, alloc) if workers_of(api, alloc)[2]["Restarts"] == 1 else None)
    assert [w["Restarts"] for w in after] == [0, 1, 1]
    said = api.cli("alloc", "restart", "-worker", 7, alloc["ID"], code=1)
    assert "t.7" in said.stderr
    stop(api, name)


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_memory_limit_holds_for_all_workers_together(api, driver):
    # One fits well, four do not.
    hold = ('''x=$(head -c 24000000 /dev/zero | tr '\\0' x); echo held; '''
            "touch $YURT_READY_FILE; while true; do sleep 0.1; done")
    name = f"memory-{driver}"
    api.run(job(name, hold, 'count = 1\nready = "check"', driver, group=NO_RESTART, memory=96))
    alloc = wait_ready(api, name)
    stop(api, name)
    name = f"memory2-{driver}"
    api.run(job(name, hold, 'count = 4\nready = "check"', driver, group=NO_RESTART, memory=96))
    alloc = api.wait_allocs(name, "failed")[0]
    ends = [e for e in state_of(api, alloc)["Events"] if e["Type"] == "Terminated"]
    assert any(e["Details"].get("oom_killed") == "true" for e in ends), ends
    assert any(w["Failed"] for w in workers_of(api, alloc))
    api.delete(f"/v1/job/{name}")


@pytest.mark.parametrize("driver", DRIVERS)
def test_all_workers_are_stopped_at_once_and_within_the_kill_timeout(api, driver):
    stubborn = "trap '' TERM INT; touch $YURT_READY_FILE; while true; do sleep 0.1; done"
    name = f"stubborn-{driver}"
    text = job(name, stubborn, 'count = 4\nstart = "parallel"\nready = "check"', driver)
    api.run(text.replace('"10s"', '"2s"'))
    alloc = wait_ready(api, name)
    stop(api, name)
    workers = state_of(api, alloc)["Events"]
    killing = [e["Time"] for e in workers if e["Type"] == "Killing"]
    ended = [e["Time"] for e in workers if e["Type"] == "Terminated"]
    assert len(killing) == len(ended) == 4
    assert max(killing) - min(killing) < 1e9, "the orders come together"
    assert min(ended) - min(killing) >= 1.9e9, "each has its time"
    # One after the other would take 8 seconds.
    assert max(ended) - min(killing) < 6e9


def test_a_batch_task_succeeds_when_all_its_workers_have(api):
    api.run(job("batch-ok", "echo part $YURT_WORKER_INDEX", 'count = 3\nstart = "parallel"', kind="batch"))
    alloc = api.wait_allocs("batch-ok", "complete")[0]
    assert sorted(api.logs(alloc["ID"], "t").split("\n")[:-1]) == [f"[{i}] part {i}" for i in range(3)]
    assert [w["State"] for w in workers_of(api, alloc)] == ["dead"] * 3
    api.run(job("batch-bad", "test $YURT_WORKER_INDEX != 1 || exit 3; sleep 60", 'count = 3\nstart = "parallel"',
                kind="batch", group=NO_RESTART))
    alloc = api.wait_allocs("batch-bad", "failed")[0]
    assert [w["Failed"] for w in workers_of(api, alloc)] == [False, True, False]
    api.delete("/v1/job/batch-bad")


def test_workers_have_ports_of_their_own(api):
    group = 'network {\n' + "".join(f'port "http_{i}" {{}}\n' for i in range(2)) + '}'
    api.run(job("ports", 'echo "$YURT_WORKER_PORT_http $NOMAD_PORT_http_0 $NOMAD_PORT_http_1"; sleep 600',
                'count = 2', group=group))
    alloc = wait_ready(api, "ports")
    for worker in range(2):
        own, *ports = api.logs(alloc["ID"], f"t.{worker}").split()
        assert own == ports[worker]
    stop(api, "ports")


def test_each_worker_is_a_service_of_its_own_and_ready_once_its_check_passes(api):
    group = 'network {\n' + "".join(f'port "http_{i}" {{}}\n' for i in range(3)) + '}'
    task = '''service {
        name     = "predictor"
        port     = "http"
        provider = "nomad"
        check {
          type     = "tcp"
          interval = "1s"
          timeout  = "1s"
        }
      }'''
    serve = ("sleep 0.5; exec python3 -m http.server $YURT_WORKER_PORT_http")
    api.run(job("checked", serve, 'count = 3\nready = "check"', group=group, task=task, memory=256))
    alloc = wait_ready(api, "checked")
    starts = [w["StartedAt"] for w in workers_of(api, alloc)]
    assert starts == sorted(starts)
    ports = {p["Value"] for p in api.alloc(alloc["ID"])["AllocatedResources"]["Shared"]["Ports"]}
    found = wait_for("three registrations", lambda: len(
        r := api.get("/v1/service/predictor")) == 3 and r)
    assert {r["Port"] for r in found} == ports
    stop(api, "checked")


def test_what_cannot_be_is_refused(api):
    def error(workers, **options):
        return api.run(job("bad", "true", workers, **options), code=1).stderr
    assert "not both" in error("count = 2\nper_gpu = 2")
    assert "1 to 64" in error("count = 0")
    assert "per_gpu needs a GPU" in error("per_gpu = 2")
    assert "serial" in error('count = 2\nstart = "quick"')


@pytest.mark.parametrize("driver", DRIVERS)
def test_an_agent_killed_in_the_middle_finds_each_worker_again(cluster, request, driver):
    config = plugin(request.getfixturevalue("engine")) if driver == "docker" else ""
    server = cluster.server("s")
    agent = cluster.agent("a", [server], config)
    api = server.api
    api.wait_node()
    gate = '''
      echo "up $YURT_WORKER_INDEX"
      echo $YURT_WORKER_INDEX >> $NOMAD_ALLOC_DIR/data/starts
      trap 'exit 0' TERM INT
      while [ $YURT_WORKER_INDEX -ge 2 ] && [ ! -e $NOMAD_ALLOC_DIR/data/go ]; do sleep 0.1; done
      touch $YURT_READY_FILE
      while true; do sleep 0.1; done'''
    api.run(job("kept", gate, 'count = 4\nready = "check"', driver, group=RESTARTS))
    alloc = api.wait_allocs("kept", "running")[0]
    # Two are ready, the third loads, the fourth waits.
    wait_for("the third worker to load", lambda: [w["State"] for w in workers_of(api, alloc)]
             == ["running"] * 3 + ["pending"])
    before = workers_of(api, alloc)
    agent.kill()
    agent.start()
    api.cli("alloc", "exec", "-worker", "0", "-t=false", "-i=false", alloc["ID"], "/bin/sh", "-c",
            "true", code=None)

    def opened():
        return api.cli("alloc", "exec", "-worker", "0", "-t=false", "-i=false", alloc["ID"], "/bin/sh", "-c",
                       "touch $NOMAD_ALLOC_DIR/data/go", code=None).returncode == 0
    wait_for("the agent to be back", opened)
    after = wait_for("all workers to be ready", lambda: all_ready(api, alloc))
    assert [w["StartedAt"] for w in after[:3]] == [w["StartedAt"] for w in before[:3]]
    assert [w["Restarts"] for w in after] == [0] * 4
    starts = api.get(f"/v1/client/fs/cat/{alloc['ID']}?path=alloc/data/starts", raw=True).decode()
    assert starts.split() == ["0", "1", "2", "3"], "nothing runs twice"
    stop(api, "kept")
