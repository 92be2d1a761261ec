"""Folders of jobs that wait for one another, waiting for work, and what is kept of it."""
import json
import os
import signal
import subprocess
import threading
import time

import pytest

from test_batch import PARAMETERIZED, dispatch, parameterized, wait_dead
from test_crashes import leader_of, three_servers
from test_jobs import NO_RESTART, job
from yurt import BIN, Api, HttpError, wait_for


def after(text, *names):
    blocks = "".join(f'\n  after {{\n    job = "{name}"\n  }}' for name in names)
    return text.replace('type = "batch"', 'type = "batch"' + blocks, 1)


def pipeline(folder, order):
    (folder / "2-train.nomad.hcl").write_text(after(job("p-train", f"echo train >> {order}"),
                                                    "p-features"))
    features = job("p-features", "echo ${var.word} >> " + str(order))
    (folder / "1-features.nomad.hcl").write_text('variable "word" {}\n' + features)
    (folder / "report.hcl").write_text(after(job("p-report", f"echo report >> {order}; echo done"),
                                             "p-train", "p-features"))
    (folder / "notes.txt").write_text("no job file")


def test_a_folder_of_jobs_runs_as_one(dev, tmp_path):
    folder, order = tmp_path / "churn", tmp_path / "order"
    folder.mkdir()
    pipeline(folder, order)
    done = dev.cli("job", "run", "-wait", "-logs", "-var", "word=features", folder)
    assert order.read_text().split() == ["features", "train", "report"]
    assert "3 jobs registered as one" in done.stdout and "done\n" in done.stdout
    assert 'waits for job "p-features" to be complete' in done.stdout


def test_a_folder_says_which_variable_nobody_declares(dev, tmp_path):
    pipeline(tmp_path, tmp_path / "order")
    done = dev.cli("job", "run", "-var", "word=x", "-var", "wrod=x", tmp_path, code=1)
    assert 'declares a variable "wrod"' in done.stderr


@pytest.mark.parametrize("relations,text", [
    ({"a": ["b"], "b": ["c"], "c": ["a"]}, "jobs wait for each other: a -> b -> c -> a"),
    ({"a": ["b"], "b": ["nobody"]}, '"b" waits for "nobody", which is not registered')])
def test_cycles_and_unknown_names_are_refused_with_the_path(dev, tmp_path, relations, text):
    for name, others in relations.items():
        (tmp_path / f"{name}.hcl").write_text(after(job(name, "true"), *others))
    assert text in dev.cli("job", "run", tmp_path, code=1).stderr
    for name in relations:
        with pytest.raises(HttpError):
            dev.get(f"/v1/job/{name}")


def test_a_folder_without_jobs_and_the_wrong_flags_are_refused(dev, tmp_path):
    assert "holds no job file" in dev.cli("job", "run", tmp_path, code=1).stderr
    (tmp_path / "web.hcl").write_text(job("web", "sleep 100", kind="service"))
    assert "-wait is for batch jobs" in dev.cli("job", "run", "-wait", tmp_path, code=1).stderr
    assert "-check-index" in dev.cli("job", "run", "-check-index", "0", tmp_path, code=1).stderr


def test_run_wait_passes_the_exit_code_on(dev):
    text = job("exits", "echo said; exit 9", group=NO_RESTART)
    done = dev.cli("job", "run", "-wait", "-logs", "-", stdin=text, code=9)
    assert "said\n" in done.stdout


def test_interrupting_run_wait_stops_or_leaves_the_job(dev, tmp_path):
    for choice, code in (("stop", 120), ("leave", 130)):
        file, up = tmp_path / f"{choice}.hcl", tmp_path / f"{choice}.up"
        file.write_text(job(f"long-{choice}", f"touch {up}; exec sleep 100"))
        waiting = subprocess.Popen(
            [str(BIN), "job", "run", "-wait", f"-on-interrupt={choice}", file],
            env={**os.environ, "YURT_ADDR": dev.rpc}, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        wait_for("it to run", up.exists)
        dev.wait_job(f"long-{choice}", "running")
        waiting.send_signal(signal.SIGINT)
        assert waiting.wait(60) == code, waiting.stderr.read()
    assert dev.get("/v1/job/long-leave")["Status"] == "running"
    dev.delete("/v1/job/long-leave")


def test_evaluating_a_job_that_waits_does_not_start_it(dev, tmp_path):
    gate = tmp_path / "gate"
    dev.run(job("slow", f"while [ ! -e {gate} ]; do sleep 0.02; done"))
    dev.run(after(job("patient", "true"), "slow"))
    done = dev.cli("job", "eval", "patient", code=1)
    assert 'waits for job "slow"' in done.stderr
    assert not dev.allocs("patient")
    gate.write_text("")
    dev.wait_allocs("patient", "complete")


def test_sweep_logs_tell_the_trials_apart(dev):
    dev.run(parameterized("talk", 'echo "I am $NOMAD_META_n"; test "$NOMAD_META_n" != 2', ["n"]))
    dev.cli("job", "dispatch", "-sweep", "n=1..3", "-wait", "talk", code=None)
    sweep = dev.get("/v1/sweeps?prefix=")[0]["ID"]
    said = dev.cli("sweep", "logs", sweep).stdout
    assert "==> trial 1 (failed) n=2\nI am 2\n" in said and "I am 3\n" in said
    assert dev.cli("sweep", "logs", "-trial", "0", sweep).stdout == "I am 1\n"
    failed = dev.cli("sweep", "logs", "-status", "failed", sweep).stdout
    assert "I am 2" in failed and "I am 1" not in failed
    assert "no such trial" in dev.cli("sweep", "logs", "-trial", "7", sweep, code=1).stderr


def test_a_sweep_of_ten_thousand_tells_how_it_stands_while_it_runs(dev):
    dev.run(parameterized("vast", "true", ["n"], more="max_running = 40"))
    sweep = dev.cli("job", "dispatch", "-sweep", "n=1..10000", "vast").stdout.split()[3]

    def enough():
        record = dev.get(f"/v1/sweep/{sweep}")
        assert record["Total"] == 10000 and record["Status"] == "running"
        assert record["Launched"] - record["Complete"] - record["Failed"] <= 40
        return record["Complete"] >= 60
    wait_for("sixty trials to end", enough)
    assert "/10000 trials, 0 failed" in dev.cli("sweep", "status", sweep).stdout
    # Those that wait are no jobs yet.
    assert len(dev.get("/v1/jobs?prefix=vast/")) < 5000
    dev.cli("sweep", "stop", sweep)
    summary = wait_for("the running trials to end", lambda: (
        c := dev.get("/v1/job/vast/summary")["Children"])["Running"] + c["Pending"] == 0 and c)
    assert summary["Dead"] == dev.get(f"/v1/sweep/{sweep}")["Launched"]


def test_overrides_by_flags(dev):
    more = 'allow_override = ["constraint"]'
    dev.run(parameterized("bent", "true", more=more))
    done = dev.cli("job", "dispatch", "-detach", "-constraint", "${attr.kernel.name} = plan9", "bent")
    child = done.stdout.split("Dispatched Job ID = ")[1].split()[0]
    assert dev.get(f"/v1/job/{child}")["Constraints"][-1]["RTarget"] == "plan9"
    assert "may not set device" in dev.cli("job", "dispatch", "-device", "nvidia/gpu:2", "bent",
                                           code=1).stderr
    assert "-constraint takes" in dev.cli("job", "dispatch", "-constraint", "x", "bent",
                                          code=1).stderr


def test_settings_of_dispatches_and_of_what_is_kept(cluster):
    dev = cluster.dev('server {\n dispatch_payload_limit = 100000\n run_retention = "1s"\n'
                      ' sweep_retention = "1s"\n job_gc_interval = "200ms"\n}\n')
    dev.api.wait_node()
    dev.api.run(parameterized("brief", "wc -c < $NOMAD_TASK_DIR/input", ["n"]))
    large = dev.api.cli("job", "dispatch", "-meta", "n=1", "-wait", "-logs", "brief", "-",
                        stdin="x" * 90000)
    assert "90000\n" in large.stdout
    refused = dev.api.cli("job", "dispatch", "-meta", "n=1", "brief", "-", stdin="x" * 100001, code=1)
    assert "100001 > 100000" in refused.stderr
    dev.api.cli("job", "dispatch", "-sweep", "n=1..3", "-wait", "brief")
    wait_for("sweeps and runs to be forgotten",
             lambda: not dev.api.get("/v1/sweeps") and not dev.api.get("/v1/runs"))
    dev.kill()
    dev.start()
    dev.api.wait_node()
    assert dev.api.get("/v1/sweeps") == []


def test_a_payload_limit_that_no_server_takes_is_refused(cluster):
    dev = cluster.dev("server {\n dispatch_payload_limit = 2000000\n}\n")
    assert dev.process.wait(60) != 0
    assert "dispatch_payload_limit" in (cluster.folder / "dev.log").read_text()


def test_racing_dispatches_on_two_servers_give_one_child(cluster):
    servers = three_servers(cluster)
    first = leader_of(servers)
    first.api.run(parameterized("contested", "true"))
    answers = []

    def race(server):
        api = Api(server.api.http, server.api.rpc)
        answers.append(dispatch(api, "contested", token="only-once"))
    racers = [threading.Thread(target=race, args=[s]) for s in servers for _ in range(3)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len(answers) == 9
    assert len({a["DispatchedJobID"] for a in answers}) == 1
    assert len(first.api.get("/v1/jobs?prefix=contested/")) == 1


def test_a_launch_that_no_leader_saw_comes_once_after_the_restart(cluster):
    dev = cluster.dev()
    dev.api.wait_node()
    every_second = job("tick", "true").replace(
        'type = "batch"', 'type = "batch"\n  periodic {\n    crons = ["*/2 * * * * * *"]\n  }', 1)
    dev.api.run(every_second)
    wait_for("a launch", lambda: dev.api.get("/v1/jobs?prefix=tick/periodic-"))
    dev.kill()
    known = time.time()
    # Several launches fall into the time without a leader.
    while time.time() < known + 5:
        time.sleep(0.1)
    dev.start()
    dev.api.wait_node()
    back = time.time()
    wait_for("a launch after it", lambda: launches(dev.api, known))
    missed = [t for t in launches(dev.api, known) if t < back - 1]
    assert len(missed) <= 1
    dev.api.delete("/v1/job/tick")


def launches(api, since):
    times = [int(j["ID"].rsplit("-", 1)[1]) for j in api.get("/v1/jobs?prefix=tick/periodic-")]
    return [t for t in times if t > since]
