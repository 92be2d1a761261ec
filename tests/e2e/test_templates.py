"""Templates that read the cluster: waiting for data, change modes, and rolling restarts."""
import base64
import json
import os
import threading
import time
import urllib.request

import pytest

from test_crashes import leader_of, three_servers
from test_jobs import job
from yurt import wait_for


def put(api, variable, /, **items):
    return api.put(f"/v1/var/{variable}", {"Items": items})


def template(data, *settings, destination="local/app.conf"):
    return "template {\n data = " + json.dumps(data) + f'\n destination = "{destination}"\n' + \
        "\n".join(settings) + "\n}\n"


def events(api, alloc, task="t"):
    states = api.alloc(alloc["ID"])["TaskStates"] or {}
    return [e["DisplayMessage"] or e["Type"] for e in (states.get(task) or {}).get("Events") or []]


def wait_event(api, alloc, text):
    return wait_for(f'an event with "{text}"', lambda: any(text in e for e in events(api, alloc)))


MODEL = '{{ with nomadVar "%s" }}{{ .path }}{{ end }}'
FOREVER = "while true; do sleep 0.05; done"


def test_an_unknown_function_is_refused_when_the_job_is_registered(dev):
    bad = job("bad", "true", task=template("a\n{{ frobnicate 1 }}"))
    refusal = dev.cli("job", "run", "-detach", "-", stdin=bad, code=1).stderr
    assert "frobnicate" in refusal and "2:" in refusal
    assert "frobnicate" in dev.cli("job", "validate", "-", stdin=bad, code=1).stderr
    consul = job("bad", "true", task=template('{{ key "a" }}'))
    assert "nomadVar" in dev.cli("job", "validate", "-", stdin=consul, code=1).stderr


def test_a_task_waits_for_its_variable_and_says_so(dev):
    dev.run(job("waits", "cat local/app.conf; sleep 1000", "service",
                task=template(MODEL % "models/late")))
    alloc = dev.wait_allocs("waits", "pending")[0]
    wait_event(dev, alloc, "Missing: nomad.var.block(models/late@default.global)")
    put(dev, "models/late", path="/models/1")
    dev.wait_allocs("waits", "running")
    wait_for("the rendered file", lambda: dev.logs(alloc["ID"], "t") == "/models/1")
    dev.cli("job", "stop", "-purge", "waits")


def test_a_task_that_waits_for_its_variable_can_be_stopped(dev):
    dev.run(job("never", "true", "service", task=template(MODEL % "models/never")))
    alloc = dev.wait_allocs("never", "pending")[0]
    wait_event(dev, alloc, "Missing")
    dev.cli("job", "stop", "never")
    wait_for("its end", lambda: dev.alloc(alloc["ID"])["ClientStatus"] == "complete")


def test_each_change_mode_does_what_it_says(dev, tmp_path):
    put(dev, "modes", path="1")
    text = MODEL % "modes"
    out = tmp_path / "out"
    modes = {
        "noop": ['change_mode = "noop"'],
        "restart": ['change_mode = "restart"', 'splay = "0s"'],
        "signal": ['change_mode = "signal"', 'change_signal = "SIGHUP"', 'splay = "0s"'],
        "script": ['change_mode = "script"', 'splay = "0s"', "change_script {",
                   ' command = "/bin/sh"',
                   f' args = ["-c", "echo script >> {out}.script"]', "}"],
        "once": ["once = true"],
    }
    for mode, settings in modes.items():
        command = f"echo start >> {out}.{mode}; trap 'echo hup >> {out}.{mode}' HUP; {FOREVER}"
        dev.run(job(mode, command, "service", task=template(text, *settings)))
    allocs = {mode: dev.wait_allocs(mode, "running")[0] for mode in modes}
    wait_for("all to have begun", lambda: all((tmp_path / f"out.{m}").exists() for m in modes))
    file = lambda mode: dev.request(
        "GET", f"/v1/client/fs/cat/{allocs[mode]['ID']}?path=t/local/app.conf", raw=True).decode()
    before = time.monotonic()
    put(dev, "modes", path="2")
    wait_for("the file to be rendered again", lambda: file("noop") == "2")
    assert time.monotonic() - before < 30
    read = lambda mode: (tmp_path / f"out.{mode}").read_text().split()
    wait_for("the restart", lambda: read("restart") == ["start", "start"])
    wait_for("the signal", lambda: read("signal") == ["start", "hup"])
    wait_for("the script", lambda: read("script") == ["start", "script"])
    assert file("restart") == file("signal") == file("script") == "2"
    assert file("once") == "1"
    assert read("noop") == ["start"] and read("once") == ["start"]
    wait_event(dev, allocs["noop"], "Rendered again: ")
    for mode in modes:
        dev.cli("job", "stop", "-detach", mode)


def test_lists_and_what_may_be_missing_do_not_block(dev):
    put(dev, "lists/a", x="1")
    text = ('{{ range nomadVarList "lists" }}{{ .Path }} {{ end }}'
            '{{ if nomadVarExists "lists/none" }}there{{ else }}not there{{ end }} '
            '{{ len (nomadService "no-such-service") }}')
    dev.run(job("lists", "cat local/app.conf; sleep 1000", "service",
                task=template(text, 'change_mode = "restart"', 'splay = "0s"')))
    alloc = dev.wait_allocs("lists", "running")[0]
    wait_for("the file", lambda: dev.logs(alloc["ID"], "t") == "lists/a not there 0")
    put(dev, "lists/none", x="1")
    wait_for("the new list", lambda: dev.logs(alloc["ID"], "t").endswith(
        "lists/a lists/none there 0"))
    dev.cli("job", "stop", "-detach", "lists")


def test_wait_renders_several_changes_at_once(dev, tmp_path):
    put(dev, "wait", path="1")
    dev.run(job("wait", f"cat local/app.conf >> {tmp_path}/out; {FOREVER}", "service",
                task=template(MODEL % "wait", 'splay = "0s"', 'wait {', ' min = "1s"',
                              ' max = "20s"', '}')))
    wait_for("the first", lambda: (tmp_path / "out").exists() and (tmp_path / "out").read_text())
    put(dev, "wait", path="2")
    put(dev, "wait", path="3")
    wait_for("the last", lambda: (tmp_path / "out").read_text().endswith("3"))
    assert (tmp_path / "out").read_text() == "13"
    dev.cli("job", "stop", "-detach", "wait")


def test_a_missing_item_is_an_error_where_the_template_says_so(dev):
    put(dev, "items", there="1")
    dev.run(job("items", "true", "service", group='restart {\n attempts = 0\n mode = "fail"\n}',
                task=template('{{ with nomadVar "items" }}{{ .absent }}{{ end }}',
                              "error_on_missing_key = true")))
    alloc = dev.wait_allocs("items", "failed")[0]
    wait_event(dev, alloc, 'there is no key "absent"')
    dev.cli("job", "stop", "-detach", "items")


SERVER = r'''
import http.server, os, sys
model = open("local/app.conf").read()
if model == "broken":
    sys.exit(1)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(model.encode())
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) + int(os.environ["NOMAD_ALLOC_INDEX"])), Handler).serve_forever()
'''


def model_service(name, first_port, count=3, *settings):
    return f'''
job "{name}" {{
  group "g" {{
    count = {count}
    update {{
      min_healthy_time = "300ms"
      healthy_deadline = "20s"
    }}
    restart {{
      attempts = 0
      mode     = "fail"
    }}
    reschedule {{
      attempts  = 0
      unlimited = false
    }}
    task "t" {{
      driver = "raw_exec"
      config {{
        command = "/usr/bin/python3"
        args    = ["-c", {json.dumps(SERVER)}, "{first_port}"]
      }}
      resources {{
        cpu    = 20
        memory = 64
      }}
      {template(MODEL % name, 'splay = "0s"', *settings)}
    }}
  }}
}}'''


class Clients:
    """Asks every instance all the time: at most one may be away, and what is there answers."""

    def __init__(self, ports):
        self.ports, self.most_away, self.seen = ports, 0, set()
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def answers(self):
        out = []
        for port in self.ports:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as reply:
                    out.append(reply.read().decode())
            except OSError:
                out.append(None)
        return out

    def run(self):
        while not self.ending.wait(0.01):
            answers = self.answers()
            self.seen.update(answers)
            self.most_away = max(self.most_away, answers.count(None))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()


def three_instances(api, name, first_port):
    ports = [first_port + i for i in range(3)]
    clients = Clients(ports)
    wait_for("three instances to answer", lambda: clients.answers() == ["1"] * 3)
    wait_for("the deployment", lambda: api.get(f"/v1/job/{name}/deployment")["Status"] == "successful")
    return clients


def test_a_new_model_path_rolls_out_one_by_one(dev):
    put(dev, "rolls", path="1")
    dev.run(model_service("rolls", 28100))
    with three_instances(dev, "rolls", 28100) as clients:
        put(dev, "rolls", path="2")
        wait_for("all to serve the new model", lambda: clients.answers() == ["2"] * 3)
    assert clients.most_away <= 1, clients.seen
    put(dev, "rolls", path="broken")
    failed = wait_for("one to fail", lambda: [
        a for a in dev.allocs("rolls") if a["ClientStatus"] == "failed"])
    others = dev.wait_allocs("rolls", "running", 2)
    for alloc in others:
        wait_event(dev, alloc, "this instance keeps what it runs")
    assert sorted(filter(None, clients.answers())) == ["2", "2"]
    assert len(failed) == 1
    put(dev, "rolls", path="3")  # newer: it rolls out to those that are left
    wait_for("the repaired model", lambda: clients.answers().count("3") >= 1)
    dev.cli("job", "stop", "-detach", "rolls")


def test_without_rolling_all_restart_at_once(dev):
    put(dev, "together", path="1")
    dev.run(model_service("together", 28110, 3, "rolling = false"))
    clients = three_instances(dev, "together", 28110)
    put(dev, "together", path="2")
    wait_for("all to serve the new model", lambda: clients.answers() == ["2"] * 3)
    for alloc in dev.wait_allocs("together", "running", 3):
        assert not any("its turn" in e for e in events(dev, alloc))
    dev.cli("job", "stop", "-detach", "together")


# Known fault: sometimes the new leader lets one go before it has heard that another is away.
@pytest.mark.xfail(strict=False, reason="two of three instances may be away for a moment")
def test_a_roll_goes_on_when_the_leader_is_killed(cluster):
    key_file = cluster.folder / "keyfile"
    key_file.write_text(base64.b64encode(os.urandom(32)).decode())
    servers = three_servers(cluster, config=f'server {{\n key_file = "{key_file}"\n}}\n')
    leader = leader_of(servers)
    cluster.agent("a1", servers)
    leader.api.wait_node()
    put(leader.api, "killed", path="1")
    leader.api.run(model_service("killed", 28120))
    with three_instances(leader.api, "killed", 28120) as clients:
        put(leader.api, "killed", path="2")
        wait_for("the first to serve the new model", lambda: "2" in clients.answers())
        leader.kill()
        wait_for("all to serve the new model", lambda: clients.answers() == ["2"] * 3)
    assert clients.most_away <= 1, clients.seen
