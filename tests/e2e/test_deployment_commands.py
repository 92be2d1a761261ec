"""What the command line and the API say of releases and versions."""
import json
import os
import pty
import re
import select
import subprocess

import pytest

from test_deployments import GOOD, canaries_healthy, released, service, wait_deployment
from yurt import BIN, HttpError, wait_for


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
