"""Parameterized jobs, lanes, sweeps, dependencies and history, through the real binaries."""
import json
import os
import pathlib
import subprocess
import sys
import threading

import pytest

from test_jobs import job
from yurt import Api, HttpError, wait_for

PARAMETERIZED = '''
job "{name}" {{
  type = "batch"
  parameterized {{
    payload       = "optional"
    meta_required = {required}
    meta_optional = ["note"]
    {more}
  }}
  group "g" {{
    reschedule {{
      attempts  = 0
      unlimited = false
    }}
    restart {{
      attempts = 0
      mode     = "fail"
    }}
    task "t" {{
      driver = "raw_exec"
      dispatch_payload {{
        file = "input"
      }}
      config {{
        command = "/bin/sh"
        args    = ["-c", {script}]
      }}
      resources {{
        cpu    = 20
        memory = 32
      }}
    }}
  }}
}}
'''


def parameterized(name, script, required=(), more=""):
    return PARAMETERIZED.format(name=name, script=json.dumps(script), more=more,
                                required=json.dumps(list(required)))


def dispatch(api, name, meta=None, payload=None, token="", **more):
    body = {"Meta": meta or {}, "Payload": payload, **more}
    query = f"?idempotency_token={token}" if token else ""
    return api.put(f"/v1/job/{name}/dispatch{query}", body)


def wait_dead(api, child):
    return wait_for(f"{child} to end", lambda: (
        j := api.get(f"/v1/job/{child}"))["Status"] == "dead" and j)


def test_a_dispatch_gives_payload_and_meta_to_its_child(dev):
    dev.run(parameterized("greet", "echo $NOMAD_META_who; cat $NOMAD_TASK_DIR/input", ["who"]))
    child = dispatch(dev, "greet", {"who": "world"}, "aGVsbG8K")["DispatchedJobID"]
    assert child.startswith("greet/dispatch-")
    wait_dead(dev, child)
    alloc = dev.allocs(child)[0]
    assert dev.logs(alloc["ID"], "t") == "world\nhello\n"
    shown = dev.get(f"/v1/job/{child}")
    assert shown["ParentID"] == "greet" and shown["Dispatched"] is True
    assert shown["Meta"] == {"who": "world"}
    summary = dev.get("/v1/job/greet/summary")
    assert summary["Children"] == {"Pending": 0, "Running": 0, "Dead": 1}


@pytest.mark.parametrize("meta,text", [
    ({}, "required meta keys"), ({"who": "x", "other": "y"}, "unpermitted metadata keys")])
def test_a_dispatch_that_breaks_the_rules_is_refused(dev, meta, text):
    dev.run(parameterized("strict", "true", ["who"]))
    with pytest.raises(HttpError) as error:
        dispatch(dev, "strict", meta)
    assert error.value.code == 500 and text in error.value.text


def test_racing_dispatches_with_one_token_give_one_child(dev):
    dev.run(parameterized("race", "true"))
    answers = []

    def race():
        api = Api(dev.http, dev.rpc)
        answers.append(dispatch(api, "race", token="only-once"))

    racers = [threading.Thread(target=race) for _ in range(8)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len({a["DispatchedJobID"] for a in answers}) == 1
    assert sum(1 for a in answers if a["EvalID"]) == 1
    assert len(dev.get("/v1/jobs?prefix=race/")) == 1


def test_once_finds_the_same_work_and_its_result(dev):
    dev.run(parameterized("work", 'echo "$NOMAD_META_n"; exit "$NOMAD_META_n"', ["n"]))
    words = ["job", "dispatch", "-once", "-wait", "-logs", "-meta", "n=7", "work"]
    first = dev.cli(*words, code=7)
    assert "7\n" in first.stdout
    again = dev.cli(*words, code=7)
    assert "nothing was started" in again.stdout
    assert len(dev.get("/v1/jobs?prefix=work/")) == 1
    dev.cli(*words[:-1], "-rerun-failed", "work", code=7)
    assert len(dev.get("/v1/jobs?prefix=work/")) == 2


def test_a_lane_runs_so_many_at_a_time_and_the_others_by_priority(dev, tmp_path):
    order, gate = tmp_path / "order", tmp_path / "gate"
    script = f"echo $NOMAD_META_note >> {order}; while [ ! -e {gate} ]; do sleep 0.02; done"
    dev.run(parameterized("lane", script, more="max_running = 1"))
    first = dispatch(dev, "lane", {"note": "first"})
    assert first["EvalID"]
    wait_for("the first to run", order.exists)
    low = dispatch(dev, "lane", {"note": "low"}, Priority=20)
    high = dispatch(dev, "lane", {"note": "high"}, Priority=80)
    also_high = dispatch(dev, "lane", {"note": "also-high"}, Priority=80)
    assert all(d["Waiting"] and not d["EvalID"] for d in (low, high, also_high))
    why = dev.get(f"/v1/job/{low['DispatchedJobID']}/why")
    assert why["QueuePosition"] == 3 and why["QueueLength"] == 3 and why["LaneMax"] == 1
    assert dev.get(f"/v1/job/{high['DispatchedJobID']}")["Status"] == "pending"
    assert "Place in the queue: 3 of 3" in dev.cli("job", "why", low["DispatchedJobID"]).stdout
    gate.write_text("")
    for child in (first, low, high, also_high):
        wait_dead(dev, child["DispatchedJobID"])
    assert order.read_text().split() == ["first", "high", "also-high", "low"]


def test_a_waiting_child_can_be_stopped(dev, tmp_path):
    gate = tmp_path / "gate"
    dev.run(parameterized("queue", f"while [ ! -e {gate} ]; do sleep 0.02; done",
                          more="max_running = 1"))
    first = dispatch(dev, "queue")["DispatchedJobID"]
    second = dispatch(dev, "queue")["DispatchedJobID"]
    dev.delete(f"/v1/job/{second}")
    gate.write_text("")
    wait_dead(dev, first)
    assert [j["ID"] for j in dev.get("/v1/jobs?prefix=queue/")] == [first]


def test_overrides_are_taken_where_the_job_allows_them(dev):
    dev.run(parameterized("sized", "true", more='allow_override = ["memory"]'))
    child = dispatch(dev, "sized", Overrides={"MemoryMB": 64})["DispatchedJobID"]
    task = dev.get(f"/v1/job/{child}")["TaskGroups"][0]["Tasks"][0]
    assert task["Resources"]["MemoryMB"] == 64
    with pytest.raises(HttpError) as error:
        dispatch(dev, "sized", Overrides={"CPU": 500})
    assert "allow_override" in error.value.text


REPORT = ('echo "{\\"score\\": $(($NOMAD_META_a * 10 + $NOMAD_META_b))}" >> $YURT_METRICS_FILE; '
          'exit 0')


def test_a_sweep_runs_every_combination_and_tells_its_metrics(dev):
    dev.run(parameterized("grid", REPORT, ["a", "b"], more="max_running = 3"))
    done = dev.cli("job", "dispatch", "-wait", "-sweep", "a=1..3", "-sweep", "b=5,7", "grid")
    sweep = done.stdout.split("Sweep ID = ")[1].split()[0]
    trials = dev.get(f"/v1/sweep/{sweep}/trials")
    got = {(t["Parameters"]["a"], t["Parameters"]["b"]): t["Result"]["Metrics"]["score"]
           for t in trials}
    assert got == {(str(a), str(b)): a * 10 + b for a in (1, 2, 3) for b in (5, 7)}
    best = dev.cli("sweep", "results", "-sort", "score", "-best", "1", "-csv", sweep).stdout
    assert best.splitlines() == ["Trial,a,b,Status,score", "5,3,7,complete,37"]
    record = dev.get(f"/v1/sweep/{sweep}")
    assert (record["Status"], record["Complete"], record["Failed"]) == ("complete", 6, 0)


def test_a_sweep_ends_early_when_a_trial_is_good_enough(dev):
    dev.run(parameterized("early", REPORT, ["a", "b"], more="max_running = 1"))
    dev.cli("job", "dispatch", "-wait", "-stop-when", "score >= 20", "-sweep", "a=1..50",
            "-sweep", "b=0", "early")
    record = dev.get("/v1/sweeps?job=early")[0]
    assert record["Status"] == "complete" and "met stop_when" in record["StatusDescription"]
    assert record["Launched"] < 10


def test_a_sweep_ends_after_too_many_failures_and_can_go_on(dev, tmp_path):
    fixed = tmp_path / "fixed"
    dev.run(parameterized("fails", f"test -e {fixed}", ["a"], more="max_running = 1"))
    dev.cli("job", "dispatch", "-wait", "-max-failures", "2", "-sweep", "a=1..6", "fails", code=1)
    record = dev.get("/v1/sweeps?job=fails")[0]
    assert record["Status"] == "failed" and record["Launched"] == 2
    fixed.write_text("")
    dev.cli("sweep", "resume", record["ID"])
    dev.cli("sweep", "wait", record["ID"], code=None)
    record = dev.get(f"/v1/sweep/{record['ID']}")
    assert record["Complete"] == 4 and record["Launched"] == 6


def test_a_job_waits_for_another_and_is_given_up_when_that_fails(dev, tmp_path):
    gate, ran = tmp_path / "gate", tmp_path / "ran"
    dev.run(job("features", f"while [ ! -e {gate} ]; do sleep 0.02; done"))
    text = job("model", f"echo ran > {ran}").replace(
        'type = "batch"', 'type = "batch"\n  after {\n    job = "features"\n  }', 1)
    dev.run(text)
    assert dev.get("/v1/job/model")["Status"] == "pending"
    assert "features" in dev.get("/v1/job/model/why")["Reasons"][0]
    assert not dev.allocs("model")
    gate.write_text("")
    wait_for("the model", ran.exists)
    dev.wait_job("model", "dead")
    with pytest.raises(HttpError) as error:
        dev.put("/v1/jobs", {"Job": {"ID": "x", "Name": "x", "Type": "batch",
                                     "After": [{"Job": "nowhere"}], "TaskGroups": [
                                         {"Name": "g", "Tasks": [
                                             {"Name": "t", "Driver": "raw_exec",
                                              "Config": {"command": "/bin/true"}}]}]}})
    assert "nowhere" in error.value.text


def test_finished_runs_stay_when_the_job_is_gone(dev):
    dev.run(parameterized("kept", 'echo "{\\"loss\\": 0.5}" >> $YURT_METRICS_FILE', ["n"]))
    child = dispatch(dev, "kept", {"n": "1"}, SubmittedBy="ci")["DispatchedJobID"]
    wait_dead(dev, child)
    dev.put("/v1/system/gc")
    wait_for("the child to be collected", lambda: not dev.get("/v1/jobs?prefix=kept/"))
    runs = dev.get("/v1/runs?job=kept")
    assert len(runs) == 1
    run = runs[0]
    assert (run["JobID"], run["Status"], run["Meta"], run["Metrics"], run["SubmittedBy"]) == (
        child, "complete", {"n": "1"}, {"loss": 0.5}, "ci")
    assert run["Tasks"][0]["ExitCode"] == 0 and run["Tasks"][0]["PeakMemoryBytes"] > 0
    assert child in dev.cli("runs", "list", "-job", "kept", "-since", "1h").stdout
    assert "loss=0.5" in dev.cli("runs", "show", child).stdout
    assert "g/t" in dev.cli("job", "advise", "kept").stdout


def test_waiting_children_and_sweeps_survive_kill_9(cluster, tmp_path):
    gate = tmp_path / "gate"
    dev = cluster.dev()
    dev.api.wait_node()
    dev.api.run(parameterized("durable", f"while [ ! -e {gate} ]; do sleep 0.02; done", ["a"],
                              more="max_running = 2"))
    dev.api.cli("job", "dispatch", "-sweep", "a=1..10", "durable")
    child = dispatch(dev.api, "durable", {"a": "x"}, token="kept")["DispatchedJobID"]
    dev.api.wait_job("durable", "running")
    wait_for("two trials", lambda: len([j for j in dev.api.get("/v1/jobs?prefix=durable/sweep")
                                        if j["Status"] == "running"]) == 2)
    dev.kill()
    dev.start()
    dev.api.wait_node()
    assert dispatch(dev.api, "durable", {"a": "x"}, token="kept")["DispatchedJobID"] == child
    gate.write_text("")
    record = wait_for("the sweep", lambda: (
        s := dev.api.get("/v1/sweeps")[0])["Status"] == "complete" and s)
    assert (record["Complete"], record["Failed"]) == (10, 0)
    wait_dead(dev.api, child)


def test_a_periodic_job_is_launched_by_hand(dev):
    text = job("nightly", "true").replace(
        'type = "batch"', 'type = "batch"\n  periodic {\n    crons = ["0 3 1 1 *"]\n  }', 1)
    dev.run(text)
    assert dev.get("/v1/job/nightly")["Status"] == "running"
    dev.cli("job", "periodic", "force", "nightly")
    children = dev.get("/v1/jobs?prefix=nightly/periodic-")
    assert len(children) == 1 and children[0]["ParentID"] == "nightly"
    wait_dead(dev, children[0]["ID"])


def test_luigi_asks_twice_and_the_work_runs_once(dev):
    dev.run(parameterized("train", "true", ["lr"]))
    folder = pathlib.Path(__file__).parents[2] / "examples" / "luigi"
    command = [sys.executable, "-m", "luigi", "--module", "pipeline", "Train", "--local-scheduler",
               "--job", "train", "--lr", "0.1"]
    for expected in ("ran successfully", "were encountered"):
        done = subprocess.run(command, cwd=folder, text=True, capture_output=True,
                              env={**os.environ, "NOMAD_ADDR": dev.http, "PYTHONPATH": str(folder)})
        assert done.returncode == 0, done.stderr
        assert expected in done.stderr
    assert len(dev.get("/v1/jobs?prefix=train/")) == 1
