"""A job's life as a user sees it: register, run, update, stop."""
import json

import pytest
from yurt import HttpError, wait_for


def job(name, command, kind="batch", group="", task=""):
    return f'''
job "{name}" {{
  type = "{kind}"
  group "g" {{
    {group}
    task "t" {{
      driver = "raw_exec"
      config {{
        command = "/bin/sh"
        args    = ["-c", {json.dumps(command)}]
      }}
      resources {{
        cpu    = 20
        memory = 32
      }}
      {task}
    }}
  }}
}}'''


NO_RESTART = 'restart {\n attempts = 0\n mode = "fail"\n}\nreschedule {\n attempts = 0\n unlimited = false\n}'


def test_a_batch_job_runs_to_its_end_and_keeps_its_output(dev):
    dev.run(job("hello", "echo hello from $NOMAD_TASK_NAME; echo oops >&2"))
    alloc = dev.wait_allocs("hello", "complete")[0]
    assert dev.logs(alloc["ID"], "t") == "hello from t\n"
    assert dev.logs(alloc["ID"], "t", "stderr") == "oops\n"
    assert dev.wait_job("hello", "dead")
    state = dev.alloc(alloc["ID"])["TaskStates"]["t"]
    assert state["State"] == "dead" and not state["Failed"]
    assert [e["Type"] for e in state["Events"]][:1] == ["Received"]


def test_registering_an_unchanged_job_runs_nothing_again(dev):
    text = job("once", "echo once")
    dev.run(text)
    dev.wait_allocs("once", "complete")
    before = dev.get("/v1/job/once")["Version"]
    dev.run(text)
    wait_for("the second evaluation", lambda: len(
        [e for e in dev.get("/v1/job/once/evaluations") if e["Status"] == "complete"]) >= 2)
    assert len(dev.allocs("once")) == 1
    assert dev.get("/v1/job/once")["Version"] == before


def test_a_failing_task_is_restarted_by_policy_and_then_fails(dev):
    policy = '''restart {
      attempts = 2
      interval = "10m"
      delay    = "1ms"
      mode     = "fail"
    }
    reschedule {
      attempts  = 0
      unlimited = false
    }'''
    dev.run(job("failing", "exit 3", group=policy))
    alloc = dev.wait_allocs("failing", "failed")[0]
    state = dev.alloc(alloc["ID"])["TaskStates"]["t"]
    assert state["Failed"] and state["Restarts"] == 2
    assert any(e["Type"] == "Terminated" and e["ExitCode"] == 3 for e in state["Events"])


def test_a_job_that_fits_nowhere_says_why(dev):
    done = dev.cli("job", "run", "-", stdin=job("huge", "true").replace("memory = 32",
                                                                       "memory = 99999999"), code=2)
    assert 'Dimension "memory" exhausted on 1 nodes' in done.stdout
    done = dev.cli("job", "run", "-", code=2, stdin=job(
        "nowhere", "true", group='constraint {\n attribute = "${attr.kernel.name}"\n value = "plan9"\n}'))
    assert "${attr.kernel.name} = plan9" in done.stdout
    status = dev.cli("job", "status", "nowhere").stdout
    assert "plan9" in status
    dev.cli("job", "stop", "-purge", "huge")
    dev.cli("job", "stop", "-purge", "nowhere")


def test_a_service_is_kept_at_its_count_and_stopped_whole(dev):
    dev.run(job("svc", "sleep 1000", "service", "count = 2"))
    allocs = dev.wait_allocs("svc", "running", 2)
    dev.cli("alloc", "stop", "-detach", allocs[0]["ID"])
    wait_for("a replacement", lambda: len(
        [a for a in dev.allocs("svc") if a["ClientStatus"] == "running"
         and a["ID"] != allocs[0]["ID"]]) == 2)
    dev.cli("job", "stop", "svc")
    wait_for("everything to end", lambda: all(
        a["ClientStatus"] == "complete" for a in dev.allocs("svc")))
    assert dev.wait_job("svc", "dead")["Stop"]


def test_a_new_version_replaces_and_an_old_one_can_come_back(dev):
    dev.run(job("versions", "echo one; sleep 1000", "service"))
    dev.wait_allocs("versions", "running")
    dev.run(job("versions", "echo two; sleep 1000", "service"))
    wait_for("version 1 to run", lambda: [a for a in dev.allocs("versions")
             if a["JobVersion"] == 1 and a["ClientStatus"] == "running"])
    history = dev.get("/v1/job/versions/versions?diffs=true")
    assert [v["Version"] for v in history["Versions"]] == [1, 0]
    assert history["Diffs"][0]["Type"] == "Edited"
    dev.cli("job", "revert", "-detach", "versions", "0")
    wait_for("version 2 to run", lambda: [a for a in dev.allocs("versions")
             if a["JobVersion"] == 2 and a["ClientStatus"] == "running"])
    assert "one" in json.dumps(dev.get("/v1/job/versions")["TaskGroups"][0]["Tasks"][0]["Config"])
    dev.cli("job", "stop", "-purge", "versions")


def test_scaling_changes_the_count_in_place(dev):
    dev.run(job("scaled", "sleep 1000", "service", 'update {\n max_parallel = 0\n}'))
    first = dev.wait_allocs("scaled", "running")[0]
    dev.cli("job", "scale", "-detach", "scaled", "3")
    running = dev.wait_allocs("scaled", "running", 3)
    assert first["ID"] in [a["ID"] for a in running]
    dev.cli("job", "stop", "-purge", "scaled")


def test_plan_says_what_would_change_and_changes_nothing(dev):
    text = job("planned", "sleep 1000", "service")
    done = dev.cli("job", "plan", "-", stdin=text, code=1)
    assert '+ Job: "planned"' in done.stdout and "All tasks successfully allocated" in done.stdout
    with pytest.raises(HttpError) as missing:
        dev.get("/v1/job/planned")
    assert missing.value.code == 404
    dev.run(text)
    dev.wait_allocs("planned", "running")
    dev.cli("job", "plan", "-", stdin=text, code=0)
    done = dev.cli("job", "plan", "-", stdin=text.replace("sleep 1000", "sleep 2000"), code=1)
    assert "1 create/destroy update" in done.stdout
    dev.cli("job", "stop", "-purge", "planned")


def test_check_index_guards_against_somebody_elses_change(dev):
    text = job("guarded", "true")
    dev.run(text, "-check-index", "0")
    done = dev.run(text, "-check-index", "0", code=1)
    assert "Enforcing job modify index 0" in done.stderr
    index = dev.get("/v1/job/guarded")["JobModifyIndex"]
    dev.run(text, "-check-index", str(index))


def test_a_wrong_job_file_is_refused_with_its_place(dev):
    done = dev.run('job "x" {\n  group "g" {\n    task "t" {\n      drivr = "raw_exec"\n    }\n  }\n}', code=1)
    assert "<stdin>:4" in done.stderr and "drivr" in done.stderr and "driver" in done.stderr


def test_an_in_place_update_keeps_the_allocation(dev):
    text = job("inplace", "sleep 1000", "service")
    dev.run(text)
    first = dev.wait_allocs("inplace", "running")[0]
    dev.run(text.replace('type = "service"', 'type = "service"\n  priority = 60'))
    wait_for("the update", lambda: [a for a in dev.allocs("inplace") if a["JobVersion"] == 1])
    assert [a["ID"] for a in dev.allocs("inplace")] == [first["ID"]]
    dev.cli("job", "stop", "-purge", "inplace")


def test_system_gc_forgets_what_has_ended(dev):
    dev.run(job("garbage", "true"))
    dev.wait_allocs("garbage", "complete")
    dev.wait_job("garbage", "dead")
    dev.cli("system", "gc")
    with pytest.raises(HttpError) as gone:
        dev.get("/v1/job/garbage")
    assert gone.value.code == 404
