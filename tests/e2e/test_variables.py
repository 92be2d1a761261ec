"""Variables: writing and reading, check-and-set, locks, and that nobody who takes the disks reads them."""
import base64
import json
import os
import subprocess
import tarfile

import pytest
from test_crashes import leader_of, three_servers
from yurt import BIN, HttpError, wait_for

SECRET = "correct-horse-battery-staple"


def put(api, path, cas=None, lock="", **items):
    query = f"?cas={cas}" if cas is not None else ""
    body = {"Items": items}
    if lock:
        body["Lock"] = {"ID": lock}
    return api.put(f"/v1/var/{path}{query}", body)


def refused(code, call):
    with pytest.raises(HttpError) as error:
        call()
    assert error.value.code == code, error.value
    return error.value.text


def test_what_is_put_is_read_and_listed(dev):
    written = put(dev, "app/db", user="u", password="p<&>")
    assert written["Items"] == {"user": "u", "password": "p<&>"}
    read = dev.get("/v1/var/app/db")
    assert read == {**written, "Items": {"user": "u", "password": "p<&>"}}
    assert read["CreateIndex"] == read["ModifyIndex"] > 1
    put(dev, "app/web", port="80")
    put(dev, "apple", a="b")
    assert [v["Path"] for v in dev.get("/v1/vars?prefix=app/")] == ["app/db", "app/web"]
    assert all("Items" not in v for v in dev.get("/v1/vars"))
    page = dev.get("/v1/vars?prefix=app&per_page=1")
    assert [v["Path"] for v in page] == ["app/db"]
    assert dev.headers["X-Nomad-NextToken"] == "default.app/web"
    assert [v["Path"] for v in dev.get('/v1/vars?filter=Path+matches+"web$"')] == ["app/web"]
    assert refused(404, lambda: dev.get("/v1/var/none")) == "variable not found"


def test_a_blocking_query_answers_when_the_variable_changes(dev):
    index = put(dev, "watched", a="1")["ModifyIndex"]
    reader = subprocess.Popen(["curl", "-s", f"{dev.http}/v1/var/watched?index={index}&wait=60s"],
                              stdout=subprocess.PIPE)
    put(dev, "other", a="1")
    put(dev, "watched", a="2")
    assert json.loads(reader.communicate(timeout=60)[0])["Items"] == {"a": "2"}


def test_check_and_set_answers_conflicts_with_what_stands_there(dev):
    first = put(dev, "cas", cas=0, a="1")
    there = json.loads(refused(409, lambda: put(dev, "cas", cas=0, a="2")))
    assert there["ModifyIndex"] == first["ModifyIndex"] and there["Items"] == {"a": "1"}
    second = put(dev, "cas", cas=first["ModifyIndex"], a="2")
    assert second["CreateIndex"] == first["CreateIndex"]
    refused(409, lambda: dev.delete(f"/v1/var/cas?cas={first['ModifyIndex']}"))
    dev.delete(f"/v1/var/cas?cas={second['ModifyIndex']}")
    refused(404, lambda: dev.get("/v1/var/cas"))
    dev.delete("/v1/var/cas")  # again: it is gone, as asked


def test_what_cannot_be_is_refused_with_a_reason(dev):
    assert "128 letters" in refused(400, lambda: put(dev, "no%20spaces", a="1"))
    assert "nomad/jobs" in refused(400, lambda: put(dev, "nomad/secret", a="1"))
    put(dev, "nomad/jobs/web", a="1")
    assert "no items" in refused(400, lambda: put(dev, "empty"))
    assert "65536" in refused(400, lambda: put(dev, "large", a="x" * 65536))
    put(dev, "large", a="x" * 65535)
    assert "namespace" in refused(400, lambda: dev.put(
        "/v1/var/nowhere", {"Path": "nowhere", "Namespace": "none", "Items": {"a": "1"}}))
    assert "Path" in refused(400, lambda: dev.put("/v1/var/one", {"Path": "two", "Items": {"a": "1"}}))


def test_a_lock_is_its_holders_until_it_is_released(dev):
    put(dev, "locked", a="1")
    held = dev.put("/v1/var/locked?lock-acquire", {"Path": "locked", "Lock": {"TTL": "20s"}})
    lock = held["Lock"]
    assert lock["ID"] and lock["TTL"] == "20s" and lock["LockDelay"] == "15s"
    assert dev.get("/v1/var/locked")["Items"] == {"a": "1"}
    assert dev.get("/v1/var/locked")["Lock"]["ID"] == ""
    assert lock["ID"] not in refused(409, lambda: put(dev, "locked", a="2"))
    refused(409, lambda: dev.delete("/v1/var/locked"))
    refused(409, lambda: dev.put("/v1/var/locked?lock-acquire", {"Path": "locked", "Lock": {}}))
    refused(409, lambda: dev.put("/v1/var/locked?lock-renew", {"Lock": {"ID": "wrong"}}))
    put(dev, "locked", lock=lock["ID"], a="3")
    assert dev.put("/v1/var/locked?lock-renew", {"Lock": lock})["Lock"]["ID"] == lock["ID"]
    released = dev.put("/v1/var/locked?lock-release", {"Lock": lock})
    assert "Lock" not in released
    put(dev, "locked", a="4")
    assert "TTL" in refused(400, lambda: dev.put(
        "/v1/var/locked?lock-acquire", {"Lock": {"TTL": "1s"}}))


def test_the_commands_do_what_nomads_do(dev, tmp_path):
    assert "Wrote" in dev.cli("var", "put", "cli/one", "key=value", "empty=").stdout
    assert dev.cli("var", "get", "-item", "key", "cli/one").stdout == "value\n"
    assert "conflict" in dev.cli("var", "put", "cli/one", "key=2", code=1).stderr
    index = dev.get("/v1/var/cli/one")["ModifyIndex"]
    dev.cli("var", "put", "-check-index", index, "cli/one", "key=2")
    dev.cli("var", "put", "-force", "cli/one", "key=3")
    assert json.loads(dev.cli("var", "get", "-out=json", "cli/one").stdout)["Items"] == {"key": "3"}
    file = tmp_path / "value"
    file.write_text("from a file\nof two lines")
    dev.cli("var", "put", "cli/two", f"a=@{file}", "b=-", r"c=\@at", stdin="from input")
    assert dev.get("/v1/var/cli/two")["Items"] == {"a": "from a file\nof two lines",
                                                   "b": "from input", "c": "@at"}
    hcl = dev.cli("var", "get", "-out=hcl", "cli/two").stdout
    dev.cli("var", "put", "-in=hcl", "-", stdin=hcl.replace("from input", "edited $${x"))
    assert dev.get("/v1/var/cli/two")["Items"]["b"] == "edited ${x"
    assert "unused" not in dev.cli("var", "list", "-out=terse", "cli").stdout
    assert dev.cli("var", "list", "-out=terse", "cli").stdout.split() == ["cli/one", "cli/two"]
    spec = tmp_path / "spec.nv.hcl"
    dev.cli("var", "init", spec)
    dev.cli("var", "put", f"@{spec}")
    assert dev.get("/v1/var/path/to/variable")["Items"]["key1"] == "value 1"
    dev.cli("var", "purge", "cli/two")
    assert "no variable" in dev.cli("var", "get", "cli/two", code=1).stderr
    assert "no item" in dev.cli("var", "get", "-item=x", "cli/one", code=1).stderr


def test_var_lock_runs_a_command_while_it_holds_the_lock(dev, tmp_path):
    gate, ran = tmp_path / "gate", tmp_path / "ran"
    first = subprocess.Popen(
        [str(BIN), "var", "lock", "cli/lock", "/bin/sh", "-c",
         f"echo first >> {ran}; while [ ! -e {gate} ]; do sleep 0.05; done; exit 7"],
        env={**os.environ, "YURT_ADDR": dev.rpc})
    wait_for("the first to hold the lock", ran.exists)
    assert dev.cli("var", "lock", "-max-retry=0", "cli/lock", "/bin/true", code=1).stderr
    gate.write_text("go")
    assert first.wait(60) == 7
    dev.cli("var", "lock", "-shell", "cli/lock", f"echo second >> {ran}")
    assert ran.read_text().split() == ["first", "second"]
    assert dev.cli("var", "lock", "cli/lock", "/no/such/program", code=127).stderr


def files_that_hold(folder, secret):
    """Every file below `folder` in which the secret stands, as it is or in base64."""
    needles = [secret.encode(), base64.b64encode(secret.encode()).rstrip(b"=")[:-2]]
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and any(needle in path.read_bytes() for needle in needles):
            found.append(path)
    return found


def test_the_secret_stands_in_no_file_of_the_servers_nor_in_a_snapshot(cluster, tmp_path):
    server = cluster.server("s1", config="server {\n root_key_rotation_threshold = \"2s\"\n}\n")
    api = server.api
    wait_for("a leader", lambda: api.get("/v1/status/leader"))
    put(api, "secret/one", password=SECRET)
    put(api, "secret/two", cas=0, password=SECRET)
    refused(409, lambda: put(api, "secret/two", cas=0, password=SECRET))
    api.put("/v1/var/secret/two?lock-acquire", {"Items": {"password": SECRET}, "Lock": {}})
    keys = lambda: {k["KeyID"]: k["State"] for k in api.get("/v1/operator/keyring/keys")}
    wait_for("the key to be rotated by its age", lambda: len(keys()) > 1)
    put(api, "secret/three", password=SECRET)
    old = min(api.get("/v1/operator/keyring/keys"), key=lambda key: key["CreateTime"])["KeyID"]
    assert "still sealed" in api.cli("operator", "root", "keyring", "remove", old, code=1).stderr
    api.cli("operator", "root", "keyring", "rotate", "-full")
    wait_for("everything to be sealed anew", lambda: "rekeying" not in keys().values())
    api.cli("operator", "root", "keyring", "remove", old)
    assert old not in keys()
    assert api.get("/v1/var/secret/one")["Items"] == {"password": SECRET}
    snapshot = tmp_path / "state.snap"
    api.cli("operator", "snapshot", "save", snapshot)
    with tarfile.open(snapshot) as archive:
        archive.extractall(tmp_path / "snapshot")
    server.stop()
    assert (cluster.folder / "s1" / "server" / "keyfile").stat().st_mode & 0o777 == 0o600
    assert files_that_hold(cluster.folder, SECRET) == []
    assert files_that_hold(tmp_path, SECRET) == []
    server.start()
    wait_for("a leader", lambda: api.get("/v1/status/leader"))
    assert wait_for("the variable", lambda: api.get("/v1/var/secret/three"))["Items"] == {
        "password": SECRET}


def test_a_cluster_without_key_files_says_what_to_do(cluster):
    servers = three_servers(cluster)
    api = servers[0].api
    wait_for("a leader", lambda: api.get("/v1/status/leader"))
    assert "key file" in refused(500, lambda: put(api, "a", a="1"))


def test_locks_expire_under_a_new_leader_too(cluster):
    key_file = cluster.folder / "keyfile"
    key_file.write_text(base64.b64encode(os.urandom(32)).decode())
    key_file.chmod(0o600)
    servers = three_servers(cluster, config=f'server {{\n key_file = "{key_file}"\n}}\n')
    api = servers[0].api
    wait_for("a leader", lambda: api.get("/v1/status/leader"))
    lock = api.put("/v1/var/held?lock-acquire", {
        "Items": {"password": SECRET}, "Lock": {"TTL": "10s", "LockDelay": "1s"}})["Lock"]
    leader = leader_of(servers)
    leader.kill()
    left = next(s.api for s in servers if s is not leader)
    wait_for("another leader", lambda: left.get("/v1/status/leader") != leader.rpc_address
             and left.get("/v1/var/held"))
    assert left.get("/v1/var/held")["Items"] == {"password": SECRET}
    refused(409, lambda: put(left, "held", a="2"))
    assert left.put("/v1/var/held?lock-renew", {"Lock": lock})["Lock"]["ID"] == lock["ID"]
    wait_for("the lock to expire", lambda: "Lock" not in left.get("/v1/var/held"))

    def taken():
        try:
            return left.put("/v1/var/held?lock-acquire", {"Lock": {}})
        except HttpError as error:
            assert error.code == 409
    wait_for("the lock's delay to pass", taken)
    assert files_that_hold(cluster.folder, SECRET) == []
