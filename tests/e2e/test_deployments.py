"""Releases end to end: rolling, canaries, promotion, failure, return, pauses, health by hand."""
import json
import re
import time

import pytest

from yurt import HttpError, wait_for

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


def with_second_group(text):
    """The group "web" and another like it, "api"."""
    start, end = text.index('  group "web"'), text.rindex("}")
    return text[:end] + text[start:end].replace('"web"', '"api"') + "}"


def test_groups_are_promoted_one_by_one(dev):
    dev.run(with_second_group(service("groups", GOOD, count=1)))
    wait_deployment(dev, "groups", "successful", 0)
    dev.run(with_second_group(service("groups", GOOD, "canary = 1", count=1, version="2")))
    found = wait_for("healthy canaries of both groups", lambda: (d := deployment(dev, "groups")) and len(
        [g for g in d["TaskGroups"].values() if g["DesiredCanaries"] and g["HealthyAllocs"]]) == 2 and d)
    dev.cli("deployment", "promote", "-detach", "-group", "api", found["ID"])
    after = deployment(dev, "groups")
    assert {name: g["Promoted"] for name, g in after["TaskGroups"].items()} == {"api": True, "web": False}
    assert after["StatusDescription"] == "Deployment is running but requires manual promotion"
    wait_for("the old one of the promoted group to leave",
             lambda: live(dev, "groups") == [("api[0]", 1), ("web[0]", 0), ("web[0]", 1)])
    dev.put(f"/v1/deployment/promote/{found['ID']}", {"Groups": ["web"]})
    wait_deployment(dev, "groups", "successful", 1)
    wait_live(dev, "groups", [("api[0]", 1), ("web[0]", 1)])


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
