"""Docker tasks when there are many, and when agents, Engines and containers go away."""
import contextlib

from docker_engine import EngineError
from docker_jobs import dev, engine, job, last_exit, needs_engine, plugin  # noqa: F401
from yurt import HttpError, wait_for

pytestmark = needs_engine


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
