"""Releases end to end: rolling, canaries, promotion, failure, return, health by hand, loss."""
import json
import os
import pty
import re
import select
import subprocess
import time

import pytest

from test_crashes import leader_of, three_servers
from yurt import BIN, HttpError, wait_for

GOOD = "sleep 1000"
BAD = "exit 1"


def service(name, command, update="", count=3, version="1", more="", kind="service", healthy=None,
            deadlines=("20s", "40s"), health_check="task_states"):
    """A service whose health is known in a moment; `version` makes two of them differ."""
    healthy = healthy or ("5s" if command == BAD else "0s")
    return f'''
job "{name}" {{
  type = "{kind}"
  group "web" {{
    {f"count = {count}" if kind == "service" else ""}
    update {{
      health_check      = "{health_check}"
      min_healthy_time  = "{healthy}"
      healthy_deadline  = "{deadlines[0]}"
      progress_deadline = "{deadlines[1]}"
      {update}
    }}
    restart {{
      attempts = 0
      mode     = "fail"
    }}
    task "t" {{
      driver       = "raw_exec"
      kill_timeout = "1s"
      config {{
        command = "/bin/sh"
        args    = ["-c", {json.dumps(command)}]
      }}
      env {{
        RELEASE = "{version}"
      }}
      resources {{
        cpu    = 20
        memory = 32
      }}
      {more}
    }}
  }}
}}'''


NO_SECOND_TRY = '''reschedule {
  attempts  = 0
  unlimited = false
}'''


def without_second_try(text):
    return text.replace("restart {", NO_SECOND_TRY + "\nrestart {", 1)


def deployment(api, job):
    return api.get(f"/v1/job/{job}/deployment")


def wait_deployment(api, job, status, version=None):
    def there():
        found = deployment(api, job)
        right = found and found["Status"] == status and version in (None, found["JobVersion"])
        return found if right else None
    try:
        return wait_for(f"the deployment of {job} to be {status}", there)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{json.dumps(deployment(api, job), indent=1)}\n" + json.dumps(
            [{k: a[k] for k in ("Name", "JobVersion", "ClientStatus", "DesiredStatus",
                                "DeploymentStatus")} for a in api.allocs(job)], indent=1)) from None


def live(api, job):
    return sorted((a["Name"].split(".")[1], a["JobVersion"]) for a in api.allocs(job)
                  if a["DesiredStatus"] == "run" and a["ClientStatus"] == "running")


def wait_live(api, job, expected):
    return wait_for(f"{job} to run as {expected}", lambda: live(api, job) == expected)


def group(found):
    return found["TaskGroups"]["web"]


def canaries_healthy(api, job, count=1):
    def there():
        found = deployment(api, job)
        state = found and group(found)
        return found if state and state["DesiredCanaries"] and state["HealthyAllocs"] >= count else None
    return wait_for(f"{count} healthy canaries of {job}", there)


def released(api, name, update="", **more):
    """A settled first version."""
    api.run(service(name, GOOD, update, **more))
    return wait_deployment(api, name, "successful", 0)


THREE_OLD = [("web[0]", 0), ("web[1]", 0), ("web[2]", 0)]
THREE_NEW = [("web[0]", 1), ("web[1]", 1), ("web[2]", 1)]


def test_a_release_rolls_through_the_instances_and_becomes_stable(dev):
    released(dev, "roll")
    assert dev.get("/v1/job/roll")["Stable"]
    dev.run(service("roll", GOOD, version="2"))
    done = wait_deployment(dev, "roll", "successful", 1)
    assert group(done)["HealthyAllocs"] == 3 and group(done)["DesiredTotal"] == 3
    wait_live(dev, "roll", THREE_NEW)
    # One at a time: each began after the one before it was healthy.
    fresh = sorted((a for a in dev.allocs("roll") if a["JobVersion"] == 1), key=lambda a: a["CreateIndex"])
    for before, after in zip(fresh, fresh[1:]):
        assert after["CreateTime"] / 1e9 >= parse_time(before["DeploymentStatus"]["Timestamp"]) - 0.01
    assert [v["Stable"] for v in dev.get("/v1/job/roll/versions")["Versions"]] == [True, True]


def test_canaries_run_beside_wait_and_are_promoted(dev):
    released(dev, "canary")
    dev.run(service("canary", GOOD, "canary = 1", version="2"))
    found = canaries_healthy(dev, "canary")
    assert found["StatusDescription"] == "Deployment is running but requires manual promotion"
    assert len(live(dev, "canary")) == 4
    canary = dev.alloc(group(found)["PlacedCanaries"][0])
    assert canary["DeploymentStatus"]["Canary"] and canary["DeploymentStatus"]["Healthy"]
    shown = dev.cli("deployment", "status", found["ID"][:8]).stdout
    assert re.search(r"Task Group +Promoted +Desired +Canaries +Placed", shown)
    assert re.search(r"web +false +3 +1 +1 +1 +0", shown)
    done = dev.cli("deployment", "promote", "-group", "web", found["ID"][:8]).stdout
    assert f'Deployment "{found["ID"][:8]}" promoted' in done and "successful" in done
    wait_live(dev, "canary", THREE_NEW)
    after = dev.alloc(canary["ID"])
    assert after["ClientStatus"] == "running" and not after["DeploymentStatus"]["Canary"]
    assert after["TaskStates"]["t"]["Restarts"] == 0


def test_a_promotion_is_refused_with_the_reason(dev):
    released(dev, "refused")
    dev.run(service("refused", GOOD, "canary = 2", version="2", healthy="15s"))
    found = wait_deployment(dev, "refused", "running", 1)
    path = f"/v1/deployment/promote/{found['ID']}"
    with pytest.raises(HttpError) as refused:
        dev.put(path, {"DeploymentID": found["ID"], "All": True})
    assert (refused.value.code, refused.value.text) == (
        500, 'Task group "web" has 0/2 healthy allocations')
    with pytest.raises(HttpError) as refused:
        dev.put(path, {"DeploymentID": found["ID"], "Groups": ["db"]})
    assert refused.value.text == 'Task group "db" is not part of the deployment'
    with pytest.raises(HttpError) as refused:
        dev.put(path, {"DeploymentID": "ffffffff-ffff-ffff-ffff-ffffffffffff", "All": True})
    assert refused.value.code == 400
    failed = dev.cli("deployment", "promote", found["ID"], code=1)
    assert 'Task group "web" has 0/2 healthy allocations' in failed.stderr
    dev.cli("deployment", "fail", "-detach", found["ID"])
    wait_live(dev, "refused", THREE_OLD)
    ended = dev.cli("deployment", "promote", found["ID"], code=1)
    assert "can't promote terminal deployment" in ended.stderr
    successful = dev.get("/v1/job/refused/deployments")[-1]["ID"]
    for words in (["pause"], ["resume"], ["fail"]):
        assert "terminal deployment" in dev.cli("deployment", *words, successful, code=1).stderr
    released(dev, "plain", count=1)
    assert "can't promote terminal" in dev.cli("job", "promote", "plain", code=1).stderr


def test_canaries_are_promoted_by_themselves_where_the_job_says_so(dev):
    released(dev, "auto")
    dev.run(service("auto", GOOD, "canary = 2\nauto_promote = true", version="2"))
    done = wait_deployment(dev, "auto", "successful", 1)
    assert group(done)["Promoted"]
    wait_live(dev, "auto", THREE_NEW)


def test_job_promote_finds_the_latest_deployment(dev):
    released(dev, "byjob")
    dev.run(service("byjob", GOOD, "canary = 1", version="2"))
    canaries_healthy(dev, "byjob")
    assert "successful" in dev.cli("job", "promote", "byjob").stdout
    wait_live(dev, "byjob", THREE_NEW)


def test_a_bad_release_is_taken_back_by_itself_and_only_once(dev):
    released(dev, "revert", "auto_revert = true")
    bad = without_second_try(service("revert", BAD, "auto_revert = true", version="2"))
    followed = dev.cli("job", "run", "-", stdin=bad, code=1).stdout
    assert "rolling back to job version 0" in followed
    assert re.search(r'Deployment "[0-9a-f]{8}" failed', followed)
    assert re.search(r'Deployment "[0-9a-f]{8}" successful', followed), "the return is followed too"
    failed = [d for d in dev.get("/v1/job/revert/deployments") if d["JobVersion"] == 1][0]
    assert failed["StatusDescription"] == (
        "Failed due to unhealthy allocations - rolling back to job version 0")
    wait_deployment(dev, "revert", "successful", 2)
    wait_live(dev, "revert", [("web[0]", 2), ("web[1]", 2), ("web[2]", 2)])
    versions = dev.get("/v1/job/revert/versions")["Versions"]
    assert [(v["Version"], v["Stable"]) for v in versions] == [(2, True), (1, False), (0, True)]
    # The instances that the bad release never reached went on undisturbed.
    kept = [a for a in dev.allocs("revert") if a["Name"].endswith("[2]")]
    assert len(kept) == 1 and kept[0]["JobVersion"] == 2


def test_a_first_release_that_fails_has_nothing_to_go_back_to(dev):
    dev.run(without_second_try(service("first", BAD, "auto_revert = true", count=1)))
    failed = wait_deployment(dev, "first", "failed")
    assert failed["StatusDescription"] == (
        "Failed due to unhealthy allocations - no stable job version to auto revert to")
    assert dev.get("/v1/job/first")["Version"] == 0


def test_without_a_second_try_the_first_failure_fails_the_release(dev):
    released(dev, "nodeadline")
    dev.run(service("nodeadline", BAD, version="2", deadlines=("20s", "0s")))
    failed = wait_deployment(dev, "nodeadline", "failed", 1)
    assert failed["StatusDescription"] == "Failed due to unhealthy allocations"
    wait_live(dev, "nodeadline", [("web[1]", 0), ("web[2]", 0)])


def never_healthy(name, update="", **more):
    """Starts again and again, so that it never runs for long enough."""
    return service(name, "sleep 0.3", update, version="2", healthy="900ms", deadlines=("1s", "2s"),
                   **more).replace("attempts = 0", 'attempts = 100\ninterval = "10m"\ndelay = "10ms"')


def test_no_progress_in_time_fails_the_release(dev):
    released(dev, "slow")
    dev.run(never_healthy("slow"))
    failed = wait_deployment(dev, "slow", "failed", 1)
    assert failed["StatusDescription"] == "Failed due to progress deadline"
    assert len([one for one in live(dev, "slow") if one[1] == 0]) == 2


def test_a_canary_that_is_never_healthy_leaves_the_old_version_alone(dev):
    released(dev, "sick")
    dev.run(never_healthy("sick", "canary = 1"))
    failed = wait_deployment(dev, "sick", "failed", 1)
    assert failed["StatusDescription"] == "Failed due to progress deadline"
    wait_live(dev, "sick", THREE_OLD)


def test_a_paused_release_stands_still_and_goes_on_when_resumed(dev):
    released(dev, "paused")
    dev.run(service("paused", GOOD, version="2", healthy="1s"))
    found = wait_deployment(dev, "paused", "running", 1)
    said = dev.cli("deployment", "pause", found["ID"][:8]).stdout
    assert f'Deployment "{found["ID"][:8]}" paused' in said
    assert deployment(dev, "paused")["StatusDescription"] == "Deployment is paused"
    wait_for("the one under way to be healthy", lambda: group(deployment(dev, "paused"))["HealthyAllocs"] == 1)
    dev.put("/v1/job/paused/evaluate", {"JobID": "paused"})
    wait_for("its evaluation to be done", lambda: all(
        e["Status"] == "complete" for e in dev.get("/v1/job/paused/evaluations")))
    assert sorted(v for _, v in live(dev, "paused")) == [0, 0, 1]
    assert deployment(dev, "paused")["Status"] == "paused"
    dev.cli("deployment", "resume", found["ID"][:8])
    wait_deployment(dev, "paused", "successful", 1)
    wait_live(dev, "paused", THREE_NEW)


def test_time_does_not_run_for_a_paused_release(dev):
    released(dev, "clock", count=1)
    dev.run(never_healthy("clock", count=1))
    found = wait_deployment(dev, "clock", "running", 1)
    dev.cli("deployment", "pause", found["ID"])
    deadline = group(deployment(dev, "clock"))["RequireProgressBy"]
    assert deadline
    wait_for("its deadline to have passed", lambda: time.time() > parse_time(deadline) + 0.5)
    assert deployment(dev, "clock")["Status"] == "paused"
    dev.cli("deployment", "resume", "-detach", found["ID"])
    assert parse_time(group(deployment(dev, "clock"))["RequireProgressBy"]) > parse_time(deadline)
    wait_deployment(dev, "clock", "failed", 1)


def parse_time(text):
    import datetime
    seconds, fraction = re.match(r"([^.Z]+)(\.\d+)?Z", text).groups()
    whole = datetime.datetime.fromisoformat(seconds + "+00:00").timestamp()
    return whole + float(fraction or 0)


def test_health_is_set_by_hand_where_the_job_says_manual(dev):
    text = lambda version, more="": service(  # noqa: E731
        "manual", GOOD, more, count=2, version=version, health_check="manual")
    dev.run(text("1"))
    found = wait_deployment(dev, "manual", "running", 0)
    allocs = [a["ID"] for a in dev.wait_allocs("manual", "running", 2)]
    path = f"/v1/deployment/allocation-health/{found['ID']}"
    with pytest.raises(HttpError) as refused:
        dev.put(path, {"DeploymentID": found["ID"]})
    assert "at least one" in refused.value.text
    with pytest.raises(HttpError) as refused:
        dev.put(path, {"HealthyAllocationIDs": ["ffffffff-ffff-ffff-ffff-ffffffffffff"]})
    assert "unknown alloc" in refused.value.text
    answer = dev.put(path, {"DeploymentID": found["ID"], "HealthyAllocationIDs": allocs})
    assert answer["EvalID"] and answer["DeploymentModifyIndex"]
    wait_deployment(dev, "manual", "successful", 0)

    dev.run(text("2", "auto_revert = true"))
    found = wait_deployment(dev, "manual", "running", 1)
    fresh = wait_for("one of the new version", lambda: [
        a["ID"] for a in dev.allocs("manual") if a["JobVersion"] == 1 and a["ClientStatus"] == "running"])
    answer = dev.put(f"/v1/deployment/allocation-health/{found['ID']}",
                     {"DeploymentID": found["ID"], "UnhealthyAllocationIDs": fresh})
    assert answer["RevertedJobVersion"] == 0
    failed = dev.get(f"/v1/deployment/{found['ID']}")
    assert failed["StatusDescription"] == (
        "Failed due to unhealthy allocations - rolling back to job version 0")
    assert dev.get("/v1/job/manual")["Version"] == 2


def test_failing_by_hand_goes_back_where_the_job_says_so(dev):
    released(dev, "byhand")
    dev.run(service("byhand", GOOD, "canary = 1\nauto_revert = true", version="2"))
    found = canaries_healthy(dev, "byhand")
    said = dev.cli("deployment", "fail", found["ID"][:8]).stdout
    assert "Auto-reverted to job version 0" in said
    failed = dev.get(f"/v1/deployment/{found['ID']}")
    assert failed["StatusDescription"] == "Deployment marked as failed - rolling back to job version 0"
    wait_live(dev, "byhand", [("web[0]", 2), ("web[1]", 2), ("web[2]", 2)])


def test_a_newer_version_and_a_stop_cancel_a_release(dev):
    released(dev, "newer")
    dev.run(service("newer", GOOD, "canary = 1", version="2"))
    canaries_healthy(dev, "newer")
    dev.run(service("newer", GOOD, "canary = 1", version="3"))
    wait_for("two deployments more", lambda: len(dev.get("/v1/job/newer/deployments")) == 3)
    canaries_healthy(dev, "newer")
    by_version = {d["JobVersion"]: d for d in dev.get("/v1/job/newer/deployments")}
    assert by_version[1]["Status"] == "cancelled"
    assert by_version[1]["StatusDescription"] == "Cancelled due to newer version of job"
    assert sorted(v for _, v in live(dev, "newer")) == [0, 0, 0, 2]
    dev.cli("job", "stop", "-detach", "newer")
    stopped = wait_deployment(dev, "newer", "cancelled", 2)
    assert stopped["StatusDescription"] == "Cancelled because job is stopped"


def test_scaling_is_refused_while_a_release_is_under_way(dev):
    released(dev, "scaled")
    dev.run(service("scaled", GOOD, "canary = 1", version="2"))
    canaries_healthy(dev, "scaled")
    refused = dev.cli("job", "scale", "scaled", "web", "5", code=1)
    assert "active deployment" in refused.stderr


def test_max_parallel_zero_replaces_all_at_once_without_a_deployment(dev):
    text = service("once", GOOD, "max_parallel = 0")
    dev.run(text)
    dev.wait_allocs("once", "running", 3)
    dev.run(text.replace('RELEASE = "1"', 'RELEASE = "2"'))
    wait_live(dev, "once", THREE_NEW)
    assert deployment(dev, "once") is None


def test_canaries_of_a_system_job_are_a_share_of_its_nodes_and_take_their_places(dev):
    text = lambda version, more="": service("everywhere", GOOD, more, kind="system", version=version)  # noqa: E731
    dev.run(text("1"))
    wait_deployment(dev, "everywhere", "successful", 0)
    dev.run(text("2", "canary = 50"))
    found = canaries_healthy(dev, "everywhere")
    assert group(found)["DesiredCanaries"] == 1
    wait_live(dev, "everywhere", [("web[0]", 1)])
    dev.cli("deployment", "promote", found["ID"])
    wait_deployment(dev, "everywhere", "successful", 1)


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


# --- Versions and the command line

def test_versions_are_tagged_compared_and_gone_back_to(dev):
    released(dev, "tagged", count=1)
    said = dev.cli("job", "tag", "apply", "-name", "golden", "-description", "the one", "tagged").stdout
    assert 'Set tag "golden" of job "tagged"' in said
    for version in ("2", "3"):
        dev.run(service("tagged", GOOD, count=1, version=version))
    history = dev.cli("job", "history", "tagged").stdout
    assert re.search(r"Tag Name += golden", history) and re.search(r"Tag Description += the one", history)
    changes = dev.cli("job", "history", "-p", "-version", "2", "tagged").stdout
    assert '"2" => "3"' in changes and "Version     = 2" in changes and "= 1\n" not in changes
    against = dev.cli("job", "history", "-diff-tag", "golden", "-version", "2", "tagged").stdout
    assert '"1" => "3"' in against
    whole = dev.cli("job", "history", "-full", "-version", "1", "tagged").stdout
    assert '"RELEASE": "2"' in whole
    assert "no version 77" in dev.cli("job", "history", "-version", "77", "tagged", code=1).stderr
    with pytest.raises(HttpError) as refused:
        dev.put("/v1/job/tagged/versions/golden/tag", {"Version": 1})
    assert "already names version 0" in refused.value.text
    assert dev.put("/v1/job/tagged/versions/silver/tag", {"Version": 1, "Description": "x"})["Name"] == "silver"
    assert dev.delete("/v1/job/tagged/versions/silver/tag")["Name"] == "silver"
    with pytest.raises(HttpError) as refused:
        dev.delete("/v1/job/tagged/versions/silver/tag")
    assert 'tag "silver" not found' in refused.value.text
    dev.cli("job", "revert", "tagged", "golden")
    versions = dev.get("/v1/job/tagged/versions")["Versions"]
    assert versions[0]["Version"] == 3 and versions[0]["VersionTag"] is None
    env = versions[0]["TaskGroups"][0]["Tasks"][0]["Env"]
    assert env == {"RELEASE": "1"}
    assert "no version with the tag" in dev.cli("job", "revert", "tagged", "lead", code=1).stderr
    dev.cli("job", "tag", "unset", "-name", "golden", "tagged")
    assert "golden" not in dev.cli("job", "history", "tagged").stdout


def test_deployments_are_listed_and_shown_in_every_form(dev):
    found = released(dev, "forms", count=1)
    short = found["ID"][:8]
    assert short in dev.cli("deployment", "list").stdout
    assert short in dev.cli("deployment", "list", "-filter", 'JobID == "forms"').stdout
    assert short not in dev.cli("deployment", "list", "-filter", 'JobID == "none"').stdout
    assert short in dev.cli("deployment", "status").stdout
    assert found["ID"] in dev.cli("deployment", "list", "-verbose").stdout
    assert json.loads(dev.cli("deployment", "status", "-json", short).stdout)["ID"] == found["ID"]
    assert dev.cli("deployment", "status", "-t", "{{.JobID}}", short).stdout.strip() == "forms"
    assert short in dev.cli("job", "deployments", "-latest", "forms").stdout
    assert "nothing to unblock" in dev.cli("deployment", "unblock", short, code=1).stderr
    monitored = dev.cli("deployment", "status", "-monitor", short).stdout
    assert f'Deployment "{short}" successful' in monitored
    dev.run(service("forms", GOOD, "canary = 1", count=1, version="2"))
    running = canaries_healthy(dev, "forms")
    answer = json.loads(dev.cli("deployment", "promote", "-json", running["ID"]).stdout)
    assert answer["EvalID"]
    wait_deployment(dev, "forms", "successful", 1)


def on_a_terminal(api, *words, until):
    """What the command draws on a terminal, up to `until`."""
    master, slave = pty.openpty()
    process = subprocess.Popen([str(BIN), *words], stdout=slave, stderr=slave, stdin=slave,
                               env={**os.environ, "YURT_ADDR": api.rpc, "TERM": "xterm", "COLUMNS": "200"})
    os.close(slave)
    seen = b""

    def drawn():
        nonlocal seen
        while select.select([master], [], [], 0)[0]:
            try:
                seen += os.read(master, 65536)
            except OSError:
                break
        return until in seen.decode(errors="replace")
    try:
        wait_for(f"{until!r} on the terminal", drawn)
        return seen.decode(errors="replace")
    finally:
        process.kill()
        process.wait()
        os.close(master)


def test_the_monitor_draws_on_a_terminal_and_says_what_to_do(dev):
    released(dev, "drawn", count=1)
    dev.run(service("drawn", GOOD, "canary = 1", count=1, version="2"))
    found = canaries_healthy(dev, "drawn")
    seen = on_a_terminal(dev, "deployment", "status", "-monitor", found["ID"],
                         until=f"yurt deployment promote {found['ID'][:8]}")
    assert "1 of 1 canaries healthy" in seen and "\x1b[" in seen
