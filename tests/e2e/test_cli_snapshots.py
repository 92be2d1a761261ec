"""Backups through the command line: what was saved is what a restored cluster has."""
import contextlib
import json
import os
import pathlib

import pytest
from test_cli import job
from test_crashes import three_servers
from yurt import HttpError, wait_for


def definition(api, name):
    """What a user wrote of a job, as the server has it."""
    stored = api.get(f"/v1/job/{name}")
    return {k: stored[k] for k in ("ID", "Type", "Priority", "Meta", "TaskGroups", "Version", "Stop")}


def wait_leader(*servers):
    """Until each of them knows a leader."""
    def known(server):
        with contextlib.suppress(HttpError):
            return server.api.get("/v1/status/leader")
        return None
    wait_for("a leader", lambda: all(known(server) for server in servers))


def save(api, path):
    done = api.cli("operator", "snapshot", "save", path)
    assert str(path) in done.stdout and path.exists()


def test_a_restored_server_has_the_jobs_of_the_saved_one(cluster, tmp_path):
    first = cluster.dev()
    first.api.wait_node()
    first.api.run(job("done", "echo done"))
    first.api.run(job("kept", "sleep 1000", "service", "count = 2"))
    first.api.run(job("kept", "sleep 2000", "service", "count = 2"))
    first.api.wait_allocs("done", "complete")
    wait_for("both of version 1", lambda: len(
        [a for a in first.api.allocs("kept")
         if a["ClientStatus"] == "running" and a["JobVersion"] == 1]) == 2)
    before = {name: definition(first.api, name) for name in ("done", "kept")}
    history = first.api.get("/v1/job/kept/versions")["Versions"]
    save(first.api, tmp_path / "state.snap")
    old_index = first.api.get("/v1/job/kept")["ModifyIndex"]

    other = cluster.server("other")
    wait_leader(other)
    done = other.api.cli("operator", "snapshot", "restore", "-yes", tmp_path / "state.snap")
    assert "Snapshot restored" in done.stdout
    assert {name: definition(other.api, name) for name in ("done", "kept")} == before
    assert [v["Version"] for v in other.api.get("/v1/job/kept/versions")["Versions"]] == \
        [v["Version"] for v in history]
    assert {a["ID"] for a in other.api.allocs("kept")} == {a["ID"] for a in first.api.allocs("kept")}
    # The younger server's count of changes goes on from the older one's.
    other.api.run(job("new"))
    assert other.api.get("/v1/job/new")["CreateIndex"] > old_index
    other.kill()
    other.start()
    wait_leader(other)
    assert {name: definition(other.api, name) for name in ("done", "kept")} == before
    assert other.api.get("/v1/job/new")["ID"] == "new"


def test_restoring_a_running_cluster_undoes_what_came_after_and_it_goes_on_working(cluster, tmp_path):
    dev = cluster.dev()
    api = dev.api
    api.wait_node()
    api.run(job("early", "sleep 1000", "service"))
    early = api.wait_allocs("early", "running")[0]["ID"]
    save(api, tmp_path / "state.snap")
    api.cli("job", "stop", "-purge", "early")
    wait_for("the early allocation to end", lambda: early not in [
        a["ID"] for a in api.get("/v1/allocations") if a["ClientStatus"] == "running"])
    api.run(job("late", "sleep 1000", "service"))
    late = api.wait_allocs("late", "running")[0]["ID"]
    assert shim_of(cluster, late) and not shim_of(cluster, early)

    api.cli("operator", "snapshot", "restore", "-yes", tmp_path / "state.snap")
    with pytest.raises(HttpError) as gone:
        api.get("/v1/job/late")
    assert gone.value.code == 404
    # What runs for a job that no longer exists is stopped; what should run, runs again.
    wait_for("the late task to end", lambda: not shim_of(cluster, late))
    running = wait_for("the early job to run", lambda: [
        a for a in api.allocs("early") if a["ClientStatus"] == "running"
        and a["DesiredStatus"] == "run" and shim_of(cluster, a["ID"])])
    assert len(running) == 1
    api.run(job("after", "echo after"))
    alloc = api.wait_allocs("after", "complete")[0]
    assert api.logs(alloc["ID"], "t") == "after\n"


def shim_of(cluster, alloc):
    """The supervisor of a task of the allocation, which holds its folder; None when there is none."""
    for pid in cluster.shims():
        with contextlib.suppress(OSError):
            if any(alloc in os.readlink(fd) for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir()):
                return pid
    return None


def test_three_servers_restore_together_and_a_killed_one_catches_up(cluster, tmp_path):
    one, two, three = three_servers(cluster)
    wait_leader(one, two, three)
    for i in range(20):
        one.api.run(job(f"job-{i}"))
    save(one.api, tmp_path / "state.snap")
    for i in range(20):
        one.api.cli("job", "stop", "-purge", "-detach", f"job-{i}")
    three.kill()
    # Any server takes it and passes it on.
    for server in (one, two):
        server.api.cli("operator", "snapshot", "restore", "-yes", tmp_path / "state.snap")
        assert len(server.api.get("/v1/jobs?prefix=job-")) == 20
    three.start()
    wait_for("the third to catch up", lambda: len(
        three.api.get("/v1/jobs?prefix=job-&stale=true")) == 20)


def test_inspect_shows_what_is_in_a_file_without_a_server(cluster, tmp_path):
    server = cluster.server("s")
    wait_leader(server)
    server.api.run(job("one"))
    server.api.run(job("two"))
    path = tmp_path / "state.snap"
    save(server.api, path)
    server.stop()
    shown = server.api.cli("operator", "snapshot", "inspect", path).stdout
    assert "Index" in shown and "job version" in shown
    meta = json.loads(server.api.cli("operator", "snapshot", "inspect", "-json", path).stdout)
    counts = {t["Type"]: t["Rows"] for t in meta["Tables"]}
    assert counts["job"] == 2 and counts["job version"] == 2 and counts["evaluation"] >= 2
    assert server.api.cli("operator", "snapshot", "inspect", "-t", "{{.Region}}", path).stdout == \
        "global\n"


def test_damaged_and_missing_files_are_refused_and_change_nothing(cluster, tmp_path):
    server = cluster.server("s")
    api = server.api
    wait_leader(server)
    api.run(job("kept"))
    path = tmp_path / "state.snap"
    save(api, path)
    content = path.read_bytes()
    broken = {"short": content[:len(content) // 2], "empty": b"", "text": b"no snapshot at all",
              "flipped": content[:200] + bytes([content[200] ^ 1]) + content[201:]}
    for name, data in broken.items():
        (tmp_path / name).write_bytes(data)
        for verb in (["inspect"], ["restore", "-yes"]):
            done = api.cli("operator", "snapshot", *verb, tmp_path / name, code=1)
            assert str(tmp_path / name) in done.stderr and "no whole snapshot" in done.stderr
    done = api.cli("operator", "snapshot", "restore", "-yes", tmp_path / "none", code=1)
    assert "No such file" in done.stderr
    done = api.cli("operator", "snapshot", "save", tmp_path / "no" / "folder", code=1)
    assert "No such file" in done.stderr
    done = api.cli("operator", "snapshot", "restore", path, code=1)
    assert "-yes" in done.stderr
    assert api.get("/v1/job/kept")["ID"] == "kept"
    assert list(tmp_path.glob("*.partial")) == []
