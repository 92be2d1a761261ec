"""Nodes that drain, refuse, vanish and come back."""
from test_jobs import job
from yurt import wait_for

# Loss is noticed within seconds here, not the minute that production waits.
QUICK = 'server {\n heartbeat_grace = "1s"\n min_heartbeat_ttl = "1s"\n failover_heartbeat_ttl = "5s"\n}\n'


def two_nodes(cluster):
    server = cluster.server("s1", config=QUICK)
    agents = [cluster.agent(name, [server]) for name in ("a1", "a2")]
    server.api.wait_node(2)
    ids = {n["Name"]: n["ID"] for n in server.api.get("/v1/nodes")}
    return server.api, dict(zip(("a1", "a2"), agents)), ids


def running_on(api, name):
    return {a["NodeName"] for a in api.allocs(name)
            if a["ClientStatus"] == "running" and a["DesiredStatus"] == "run"}


def test_a_drained_node_is_left_and_takes_nothing_until_eligible_again(cluster):
    api, _, ids = two_nodes(cluster)
    api.run(job("svc", "sleep 1000", "service", "count = 2"))
    api.wait_allocs("svc", "running", 2)
    api.cli("node", "drain", "-enable", "-deadline", "30s", ids["a1"])
    wait_for("both on a2", lambda: running_on(api, "svc") == {"a2"} and len(
        [a for a in api.allocs("svc") if a["ClientStatus"] == "running"]) == 2)
    node = api.get(f"/v1/node/{ids['a1']}")
    assert node["SchedulingEligibility"] == "ineligible" and not node["Drain"]
    assert node["LastDrain"]["Status"] == "complete"
    api.cli("node", "eligibility", "-enable", ids["a1"])
    assert api.get(f"/v1/node/{ids['a1']}")["SchedulingEligibility"] == "eligible"
    api.cli("job", "stop", "-purge", "svc")
    wait_for("the tasks to end", lambda: not cluster.shims())


def test_work_of_a_lost_node_runs_elsewhere(cluster):
    api, agents, ids = two_nodes(cluster)
    api.run(job("svc", "sleep 1000", "service", "count = 2"))
    api.wait_allocs("svc", "running", 2)
    victim = next(iter(running_on(api, "svc")))
    agents[victim].kill()
    api.wait_node(1, "down")
    other = "a2" if victim == "a1" else "a1"
    wait_for("both on the other node", lambda: len(
        [a for a in api.allocs("svc") if a["ClientStatus"] == "running"
         and a["DesiredStatus"] == "run" and a["NodeName"] == other]) == 2)
    assert any(a["ClientStatus"] == "lost" for a in api.allocs("svc"))
    agents[victim].start()
    api.wait_node(2)
    api.cli("job", "stop", "-purge", "svc")
    wait_for("the tasks to end", lambda: not cluster.shims())


def test_a_system_job_runs_on_every_node_and_on_new_ones(cluster):
    api, _, _ = two_nodes(cluster)
    api.run(job("everywhere", "sleep 1000", "system"))
    wait_for("both nodes", lambda: running_on(api, "everywhere") == {"a1", "a2"})
    server = cluster.processes[0]
    cluster.agent("a3", [server])
    wait_for("the new node", lambda: running_on(api, "everywhere") == {"a1", "a2", "a3"})
    api.cli("job", "stop", "-purge", "everywhere")
    wait_for("the tasks to end", lambda: not cluster.shims())


def test_a_blocked_job_runs_as_soon_as_a_node_fits(cluster):
    server = cluster.server("s1", config=QUICK)
    api = server.api
    wait_for("the server", lambda: api.get("/v1/status/leader"))
    api.run(job("waiting", "true", group='constraint {\n attribute = "${meta.gpu}"\n value = "yes"\n}'))
    wait_for("the blocked evaluation", lambda: [
        e for e in api.get("/v1/job/waiting/evaluations") if e["Status"] == "blocked"])
    cluster.agent("a1", [server], 'client {\n meta {\n gpu = "yes"\n }\n}\n')
    api.wait_allocs("waiting", "complete")
