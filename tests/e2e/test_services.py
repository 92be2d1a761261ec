"""Services and health checks: found where they run, told apart by health, gone before they are killed."""
import http.server
import json
import socket
import threading

import pytest
from yurt import free_port, wait_for


class Endpoint:
    """A real HTTP server of the test's, whose health the test decides."""

    def __init__(self):
        endpoint = self
        self.status = 200

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(endpoint.status)
                self.end_headers()
                self.wfile.write(b"fine" if endpoint.status == 200 else b"the model is not loaded")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def endpoint():
    made = Endpoint()
    yield made
    made.close()


class GrpcHealth:
    """The standard health service, answering every call alike: just enough of HTTP/2 (RFC 9113)."""

    def __init__(self):
        self.serving = True
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        with connection, connection.makefile("rb") as incoming:
            assert incoming.read(24).startswith(b"PRI * HTTP/2.0")
            send = lambda kind, flags, stream, data: connection.sendall(
                len(data).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + data)
            send(4, 0, 0, b"")  # SETTINGS
            while len(head := incoming.read(9)) == 9:
                kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
                incoming.read(int.from_bytes(head[:3], "big"))
                if kind == 4 and not flags:
                    send(4, 1, 0, b"")
                if kind in (0, 1) and flags & 1:  # the request has ended
                    field = lambda name, value: (b"\0" + bytes([len(name)]) + name +
                                                 bytes([len(value)]) + value)
                    send(1, 4, stream, b"\x88" + field(b"content-type", b"application/grpc"))
                    send(0, 0, stream, b"\0\0\0\0\2\x08" + bytes([1 if self.serving else 2]))
                    send(1, 5, stream, field(b"grpc-status", b"0"))  # trailers

    def close(self):
        self.listener.close()


def job(name, port, checks="", group="", service="", command="exec sleep 1000", task=""):
    return f'''
job "{name}" {{
  group "g" {{
    {group}
    service {{
      name     = "{name}"
      provider = "nomad"
      address  = "127.0.0.1"
      port     = "{port}"
      tags     = ["model", "n${{NOMAD_ALLOC_INDEX}}"]
      {service}
      {checks}
    }}
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


def check(kind, extra="", name=""):
    return f'''check {{
      name     = "{name or kind}"
      type     = "{kind}"
      interval = "1s"
      timeout  = "5s"
      {extra}
    }}'''


def instances(api, name, query=""):
    return api.get(f"/v1/service/{name}{query}")


def wait_health(api, name, health):
    return wait_for(f"service {name} to be {health}", lambda: (
        found := instances(api, name)) and found[0].get("Health") == health and found[0])


def checks_of(api, alloc):
    return {c["Check"]: c for c in api.get(f"/v1/client/allocation/{alloc}/checks").values()}


def test_a_service_is_found_while_it_runs_and_gone_afterwards(dev, endpoint):
    dev.run(job("plain", endpoint.port, service='meta {\n team = "vision"\n }'))
    found = wait_health(dev, "plain", "passing")
    assert (found["Address"], found["Port"]) == ("127.0.0.1", endpoint.port)
    assert found["Tags"] == ["model", "n0"] and found["Meta"] == {"team": "vision"}
    alloc = dev.wait_allocs("plain", "running")[0]
    assert found["AllocID"] == alloc["ID"] and found["JobID"] == "plain"
    assert dev.get("/v1/job/plain/services") == dev.get(f"/v1/allocation/{alloc['ID']}/services")
    assert {"ServiceName": "plain", "Tags": ["model", "n0"]} in dev.get("/v1/services")[0]["Services"]
    assert "127.0.0.1" in dev.cli("service", "info", "plain").stdout
    assert "plain" in dev.cli("service", "list").stdout
    dev.cli("job", "stop", "-detach", "plain")
    wait_for("the service to go", lambda: instances(dev, "plain") == [])
    assert "No service registrations found" in dev.cli("service", "info", "plain").stdout


def test_http_and_tcp_checks_decide_about_health(dev, endpoint):
    endpoint.status = 503
    dev.run(job("checked", endpoint.port,
                check("http", 'path = "/health"') + "\n" + check("tcp")))
    found = wait_health(dev, "checked", "critical")
    alloc = found["AllocID"]
    results = wait_for("both results", lambda: len(
        c := checks_of(dev, alloc)) == 2 and all(r["Status"] != "pending" for r in c.values()) and c)
    assert results["http"]["Status"] == "failure" and results["http"]["StatusCode"] == 503
    assert "the model is not loaded" in results["http"]["Output"]
    assert results["tcp"]["Status"] == "success" and results["tcp"]["Mode"] == "healthiness"
    assert dev.get(f"/v1/allocation/{alloc}/checks").keys() == {r["ID"] for r in results.values()}
    assert instances(dev, "checked", "?healthy=true") == []
    assert "No healthy instances" in dev.cli("service", "info", "-healthy", "checked").stdout
    assert "the model is not loaded" in dev.cli("alloc", "checks", alloc).stdout
    endpoint.status = 200
    wait_health(dev, "checked", "passing")
    assert len(instances(dev, "checked", "?healthy=true")) == 1
    shown = dev.cli("alloc", "status", alloc).stdout
    assert "Services:" in shown and "Service Checks:" in shown


def test_a_grpc_check_asks_the_standard_health_service(dev):
    health = GrpcHealth()
    try:
        dev.run(job("grpc", health.port, check("grpc", 'grpc_service = "models.Churn"')))
        alloc = wait_health(dev, "grpc", "passing")["AllocID"]
        assert checks_of(dev, alloc)["grpc"]["Output"] == "grpc: SERVING"
        health.serving = False
        wait_health(dev, "grpc", "critical")
        assert checks_of(dev, alloc)["grpc"]["Output"] == "grpc: NOT_SERVING"
    finally:
        health.close()


def test_a_script_check_runs_inside_its_task(dev, endpoint):
    dev.run(job("scripted", endpoint.port,
                check("script", 'command = "/bin/sh"\n args = ["-c", "cat state; exit $(cat state)"]'),
                command="echo 2 > state; exec sleep 1000"))
    alloc = wait_health(dev, "scripted", "critical")["AllocID"]
    for code, health in (("1", "warning"), ("0", "passing")):
        dev.cli("alloc", "exec", "-task", "t", alloc, "/bin/sh", "-c",
                f"echo {code} > state.new && mv state.new state")
        wait_health(dev, "scripted", health)
        assert checks_of(dev, alloc)["script"]["Output"] == code


def test_a_check_that_keeps_failing_restarts_its_task_and_the_policy_counts(dev, endpoint):
    endpoint.status = 500
    dev.run(job("sick", endpoint.port,
                check("http", 'path = "/"\n check_restart {\n limit = 2\n grace = "0s"\n }'),
                group='''restart {
                  attempts = 1
                  interval = "10m"
                  delay    = "1ms"
                  mode     = "fail"
                }
                reschedule {
                  attempts  = 0
                  unlimited = false
                }'''))
    alloc = dev.wait_allocs("sick", "failed")[0]
    state = dev.alloc(alloc["ID"])["TaskStates"]["t"]
    assert state["Restarts"] == 1
    assert 'healthcheck: check "http" unhealthy' in [e["DisplayMessage"] for e in state["Events"]]
    assert instances(dev, "sick") == []


def test_a_service_leaves_before_its_task_is_killed(dev, endpoint):
    dev.run(job("gentle", endpoint.port, group='shutdown_delay = "1h"'))
    alloc = wait_health(dev, "gentle", "passing")["AllocID"]
    dev.cli("job", "stop", "-detach", "gentle")
    wait_for("the service to go", lambda: instances(dev, "gentle") == [])
    assert dev.alloc(alloc)["ClientStatus"] == "running"
    dev.cli("alloc", "stop", "-detach", "-no-shutdown-delay", alloc, code=None)


def test_a_deployment_waits_for_the_checks(dev, endpoint):
    endpoint.status = 500
    dev.run(job("waiting", endpoint.port, check("http", 'path = "/"'),
                group='update {\n min_healthy_time = "1ms"\n healthy_deadline = "5m"\n }'))
    wait_health(dev, "waiting", "critical")
    alloc = dev.wait_allocs("waiting", "running")[0]["ID"]
    wait_for("a result", lambda: checks_of(dev, alloc)["http"]["Status"] == "failure")
    status = dev.alloc(alloc).get("DeploymentStatus") or {}
    assert status.get("Healthy") is None
    endpoint.status = 200
    wait_for("the allocation to be healthy", lambda: (
        dev.alloc(alloc).get("DeploymentStatus") or {}).get("Healthy") is True)


def test_a_blocking_query_waits_for_a_service(dev, endpoint):
    instances(dev, "late")
    index = dev.headers["X-Nomad-Index"]
    answers = []
    waiting = threading.Thread(
        target=lambda: answers.append(instances(dev, "late", f"?index={index}&wait=60s")))
    waiting.start()
    dev.run(job("late", endpoint.port))
    wait_health(dev, "late", "passing")
    waiting.join(60)
    assert answers and not waiting.is_alive()


def test_one_instance_is_taken_out_by_hand(dev, endpoint):
    dev.run(job("manual", endpoint.port, group="count = 2"))
    wait_for("two instances", lambda: len(instances(dev, "manual")) == 2)
    chosen = instances(dev, "manual", "?choose=1%7Cme")
    assert chosen == instances(dev, "manual", "?choose=1%7Cme") and len(chosen) == 1
    gone = instances(dev, "manual")[0]["ID"]
    dev.cli("service", "delete", "manual", gone)
    assert gone not in [s["ID"] for s in instances(dev, "manual")]
    assert "not found" in dev.cli("service", "delete", "manual", gone, code=1).stderr


def test_a_closed_port_is_critical(dev):
    dev.run(job("closed", free_port(), check("tcp")))
    alloc = wait_health(dev, "closed", "critical")["AllocID"]
    wait_for("the result", lambda: checks_of(dev, alloc)["tcp"]["Status"] == "failure")
    assert "tcp:" in checks_of(dev, alloc)["tcp"]["Output"]
