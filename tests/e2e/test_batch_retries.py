"""Work that is tried again with more memory, and work that is not run because it is done."""
import http.server
import json
import threading

import pytest

from test_batch import dispatch, parameterized, wait_dead
from test_jobs import NO_RESTART, job
from yurt import wait_for

HOG = "exec /usr/bin/python3 -c 'x = bytearray({} << 20); print(len(x))'"


def oom_rule(factor, attempts):
    return f'on_failure "oom" {{\n memory_factor = {factor}\n attempts = {attempts}\n }}'


def hog(name, mib, factor=4, attempts=2):
    return job(name, HOG.format(mib), group=NO_RESTART, task=oom_rule(factor, attempts))


def by_age(dev, name):
    return sorted(dev.allocs(name), key=lambda a: a["CreateIndex"])


def memory_of(dev, alloc):
    return dev.alloc(alloc["ID"])["AllocatedResources"]["Tasks"]["t"]["Memory"]["MemoryMB"]


def test_a_task_killed_for_memory_is_placed_again_with_more(dev):
    dev.run(hog("grows", 90))
    dev.wait_allocs("grows", "complete")
    first, second = by_age(dev, "grows")
    assert (first["ClientStatus"], second["ClientStatus"]) == ("failed", "complete")
    assert (memory_of(dev, first), memory_of(dev, second)) == (32, 128)
    assert "placed again with 128 MiB (retry 1 of 2)" in first["DesiredDescription"]
    # The agent left it to the servers, though the restart policy knows nothing of it.
    assert "left to the servers" in dev.cli("alloc", "status", first["ID"]).stdout
    shown = dev.cli("alloc", "status", second["ID"]).stdout
    assert "Retry 1 of 2 after running out of memory: it has 128 MiB" in shown
    assert "out of memory with 32 MiB" in dev.cli("job", "why", "grows").stdout
    run = dev.get("/v1/run/grows")
    assert run["Status"] == "complete"
    assert run["Tasks"][0]["AskedMemoryMB"] == 128 and run["Tasks"][0]["Restarts"] == 1
    assert "128 MiB" in dev.cli("runs", "show", "grows").stdout


def test_attempts_come_to_an_end(dev):
    done = dev.cli("job", "run", "-wait", "-", stdin=hog("hopeless", 400, factor=1.5, attempts=1),
                   code=121)
    assert "failed" in done.stderr
    assert [memory_of(dev, a) for a in by_age(dev, "hopeless")] == [32, 48]


def test_a_trial_of_a_sweep_gets_more_memory_too(dev):
    script = "exec /usr/bin/python3 -c \"x = bytearray($NOMAD_META_mib << 20); print(len(x))\""
    dev.run(parameterized("hungry", script, ["mib"]).replace(
        "resources {", oom_rule(4, 1) + "\n      resources {"))
    dev.cli("job", "dispatch", "-sweep", "mib=1,60", "-wait", "hungry")
    trials = [j["ID"] for j in dev.get("/v1/jobs?prefix=hungry/sweep")]
    assert sorted(len(dev.allocs(t)) for t in trials) == [1, 2]


@pytest.fixture
def store():
    """A web server that knows one path."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(200 if self.path == "/there" else 404)
            self.end_headers()

        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def cached(name, script, key, outputs):
    text = job(name, script)
    return text.replace('type = "batch"', 'type = "batch"\n  cache_key = '
                        f"{json.dumps(key)}\n  outputs = {json.dumps(outputs)}", 1)


def test_work_whose_outputs_exist_is_not_run_and_says_so(dev, tmp_path, store):
    model, ran = tmp_path / "model", tmp_path / "ran"
    outputs = [f"{tmp_path}/${{YURT_CACHE_KEY}}", f"{store}/there"]
    text = cached("once-made", f"echo x >> {ran}; touch {model}", "model", outputs)
    dev.run(text)
    dev.wait_allocs("once-made", "complete")
    assert ran.read_text() == "x\n"
    dev.run(text.replace("cpu    = 20", "cpu    = 21").replace('args    = ["-c"',
                                                               'args    = ["-u", "-c"'))
    skipped = wait_for("the new version to be skipped", lambda: [
        a for a in dev.allocs("once-made")
        if a["ClientDescription"] == "Not run: its output exists already"])
    assert ran.read_text() == "x\n"
    assert str(model) in dev.cli("alloc", "status", skipped[0]["ID"]).stdout
    assert dev.get("/v1/run/once-made")["Status"] == "complete"


def test_outputs_that_nobody_can_look_for_do_not_keep_work_from_running(dev, tmp_path):
    ran = tmp_path / "ran"
    dev.run(cached("unknown", f"touch {ran}", "k", ["http://127.0.0.1:1/nowhere"]))
    alloc = dev.wait_allocs("unknown", "complete")[0]
    assert ran.exists()
    assert "is not known" in dev.cli("alloc", "status", alloc["ID"]).stdout


def test_a_second_dispatch_with_the_same_key_is_answered_by_the_first(dev, tmp_path):
    ran, out = tmp_path / "ran", tmp_path / "out"
    script = f'echo $NOMAD_META_n >> {ran}; test "$NOMAD_META_n" != bad && touch {out}-$NOMAD_META_n'
    text = parameterized("keyed", script, ["n"])
    dev.run(text.replace('type = "batch"', 'type = "batch"\n  cache_key = "v1-${NOMAD_META_n}"\n'
                         f'  outputs = ["{out}-${{NOMAD_META_n}}"]', 1))
    first = dispatch(dev, "keyed", {"n": "1"})["DispatchedJobID"]
    wait_dead(dev, first)
    again = dev.cli("job", "dispatch", "-meta", "n=1", "-wait", "keyed")
    assert first in again.stdout and "nothing was started" in again.stdout
    other = dispatch(dev, "keyed", {"n": "2"})["DispatchedJobID"]
    assert other != first
    # Asked for once more it is dispatched, and its agent finds the output.
    dev.cli("job", "dispatch", "-rerun", "-meta", "n=1", "-wait", "keyed")
    wait_dead(dev, other)
    assert sorted(ran.read_text().split()) == ["1", "2"]
    # What failed has left nothing behind: it is run again.
    failed = dispatch(dev, "keyed", {"n": "bad"})["DispatchedJobID"]
    wait_dead(dev, failed)
    assert dispatch(dev, "keyed", {"n": "bad"})["DispatchedJobID"] != failed
