"""Releases where something is missing: room for canaries, the leader, an agent."""
from test_crashes import leader_of, three_servers
from test_deployments import (BAD, GOOD, THREE_NEW, THREE_OLD, canaries_healthy, live, released, service,
                              wait_deployment, wait_live, without_second_try)
from yurt import wait_for


def test_on_a_full_node_a_canary_takes_a_place_and_the_old_one_comes_back(cluster):
    # Room for three instances and not for a fourth.
    server = cluster.server("s1")
    cluster.agent("a1", [server], "client {\n  memory_total_mb = 120\n}\n")
    api = server.api
    api.wait_node()
    released(api, "full")
    replace = 'canary = 1\ncanary_placement = "replace"'
    api.run(service("full", GOOD, replace, version="2"))
    found = canaries_healthy(api, "full")
    wait_live(api, "full", [("web[0]", 1), ("web[1]", 0), ("web[2]", 0)])
    gave_way = [a for a in api.allocs("full") if a["DesiredStatus"] == "stop"]
    assert [a["DesiredDescription"] for a in gave_way] == ["alloc gives its place to a canary"]
    api.cli("deployment", "fail", "-detach", found["ID"])
    wait_live(api, "full", THREE_OLD)

    api.run(without_second_try(service("full", BAD, replace, version="3")))
    wait_deployment(api, "full", "failed", 2)
    wait_live(api, "full", THREE_OLD)

    api.run(service("full", GOOD, replace, version="4"))
    found = canaries_healthy(api, "full")
    api.cli("deployment", "promote", found["ID"])
    wait_live(api, "full", [("web[0]", 3), ("web[1]", 3), ("web[2]", 3)])
    assert wait_deployment(api, "full", "successful", 3)


def test_a_killed_leader_leaves_the_release_to_the_next_one(cluster):
    servers = three_servers(cluster)
    leader = leader_of(servers)
    cluster.agent("a1", servers)
    leader.api.wait_node()
    released(leader.api, "moved")
    leader.api.run(service("moved", GOOD, version="2", healthy="500ms"))
    wait_for("the first to be replaced", lambda: (1 in [v for _, v in live(leader.api, "moved")]))
    leader.kill()
    rest = [s for s in servers if s is not leader]
    api = leader_of(rest).api
    wait_deployment(api, "moved", "successful", 1)
    wait_live(api, "moved", THREE_NEW)
    assert len([a for a in api.allocs("moved") if a["JobVersion"] == 1]) == 3, "none was placed twice"


def test_a_canary_survives_a_killed_leader_and_is_promoted_by_the_next(cluster):
    servers = three_servers(cluster)
    leader = leader_of(servers)
    cluster.agent("a1", servers)
    leader.api.wait_node()
    released(leader.api, "kept")
    leader.api.run(service("kept", GOOD, "canary = 1", version="2"))
    found = canaries_healthy(leader.api, "kept")
    leader.kill()
    api = leader_of([s for s in servers if s is not leader]).api
    api.put(f"/v1/deployment/promote/{found['ID']}", {"DeploymentID": found["ID"], "All": True})
    wait_deployment(api, "kept", "successful", 1)
    wait_live(api, "kept", THREE_NEW)


HEARTBEATS = 'server {\n  min_heartbeat_ttl = "200ms"\n  heartbeat_grace = "300ms"\n}\n'


def test_an_agent_lost_in_mid_release_does_not_stop_it(cluster):
    server = cluster.server("s1", config=HEARTBEATS)
    agents = [cluster.agent(f"a{i}", [server]) for i in range(3)]
    api = server.api
    api.wait_node(3)
    spread = 'constraint {\n operator = "distinct_hosts"\n value = "true"\n}\n'
    text = lambda version: service(  # noqa: E731
        "lost", GOOD, count=2, version=version, healthy="500ms").replace(
        "restart {", spread + "restart {", 1)
    api.run(text("1"))
    wait_deployment(api, "lost", "successful", 0)
    api.run(text("2"))
    first = wait_for("the first of the new version", lambda: [
        a for a in api.allocs("lost") if a["JobVersion"] == 1])[0]
    agents[int(first["NodeName"][1:])].kill()
    wait_deployment(api, "lost", "successful", 1)
    wait_live(api, "lost", [("web[0]", 1), ("web[1]", 1)])
    assert api.alloc(first["ID"])["ClientStatus"] == "lost"
