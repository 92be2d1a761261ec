"""kill -9 of everything that can be killed: nothing acknowledged is lost, nothing runs twice."""
import json

from test_jobs import job
from yurt import HttpError, wait_for


def test_tasks_outlive_a_killed_agent_and_what_ended_meanwhile_is_known(cluster, tmp_path):
    server = cluster.server("s1")
    agent = cluster.agent("a1", [server])
    api = server.api
    api.wait_node()
    runs = tmp_path / "runs"
    gate = tmp_path / "gate"
    api.run(job("long", f"echo start >> {runs}; while true; do sleep 1; done", "service"))
    api.run(job("ends", f"while [ ! -e {gate} ]; do sleep 0.05; done; echo line; exit 0"))
    long = api.wait_allocs("long", "running")[0]
    ends = api.wait_allocs("ends", "running")[0]
    agent.kill()
    gate.write_text("go")  # ends while nobody watches
    assert cluster.shims()
    agent.start()
    assert api.wait_allocs("ends", "complete")[0]["ID"] == ends["ID"]
    assert api.logs(ends["ID"], "t") == "line\n"
    wait_for("the agent to be back", lambda: api.cli(
        "alloc", "exec", "-i=false", long["ID"], "/bin/true", code=None).returncode == 0)
    assert runs.read_text() == "start\n"
    assert [a["ID"] for a in api.allocs("long")] == [long["ID"]]
    api.cli("job", "stop", "long")
    wait_for("the shims to end", lambda: not cluster.shims())


def test_a_killed_server_comes_back_with_everything(cluster):
    dev = cluster.dev()
    dev.api.wait_node()
    for i in range(20):
        dev.api.run(job(f"job{i}", "sleep 1000", "service"))
    registered = {j["ID"]: j["JobModifyIndex"] for j in dev.api.get("/v1/jobs")}
    assert len(registered) == 20
    for i in range(20):
        dev.api.wait_allocs(f"job{i}", "running")
    before = {a["ID"] for a in dev.api.get("/v1/allocations")}
    dev.kill()
    dev.start()
    dev.api.wait_node()
    assert {j["ID"]: j["JobModifyIndex"] for j in dev.api.get("/v1/jobs")} == registered
    assert {a["ID"] for a in dev.api.get("/v1/allocations")} == before
    for i in range(20):
        dev.api.cli("job", "stop", "-detach", f"job{i}")
    wait_for("all tasks to end", lambda: not cluster.shims())


def three_servers(cluster, config=""):
    import yurt
    ports = [yurt.free_port() for _ in range(3)]
    servers = []
    for i, port in enumerate(ports):
        http = yurt.free_port()
        words = ["server", "-data-dir", cluster.folder / f"s{i}", "-http-port", http, "-rpc-port",
                 port, "-name", f"s{i}", "-bootstrap-expect", 3]
        for other in ports:
            if other != port:
                words += ["-retry-join", f"127.0.0.1:{other}"]
        servers.append(cluster._start(f"s{i}", words, http, port, config))
    return servers


def leader_of(servers):
    def find():
        addresses = set()
        for server in servers:
            if server.process.poll() is None:
                try:
                    addresses.add(server.api.get("/v1/status/leader"))
                except HttpError:
                    return None  # it knows none
        found = [s for s in servers if {s.rpc_address} == addresses]
        return found[0] if found else None
    return wait_for("one leader that all agree on", find)


def test_three_servers_survive_the_loss_of_any_one(cluster):
    servers = three_servers(cluster)
    leader = leader_of(servers)
    cluster.agent("a1", servers)
    leader.api.wait_node()
    assert len(leader.api.get("/v1/status/peers")) == 3
    acknowledged = []

    def register(api, name):
        api.run(job(name, "true"))
        acknowledged.append(name)

    follower = next(s for s in servers if s is not leader)
    for i in range(5):
        register(follower.api, f"before{i}")  # a follower passes writes on
    leader.kill()
    rest = [s for s in servers if s is not leader]
    new_leader = leader_of(rest)
    for i in range(5):
        register(new_leader.api, f"after{i}")
    for name in acknowledged:
        new_leader.api.wait_allocs(name, "complete")
    leader.start()
    leader_of(servers)
    wait_for("the killed server to catch up", lambda: {j["ID"] for j in leader.api.get(
        "/v1/jobs?stale=true")} >= set(acknowledged))
    for name in acknowledged:
        assert len(new_leader.api.allocs(name)) == 1, json.dumps(new_leader.api.allocs(name))
