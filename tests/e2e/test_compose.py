"""What a task on the compose driver can rely on, against a real Docker Engine of the tests' own."""
import contextlib
import pathlib
import re
import shutil
import subprocess
import tempfile
import textwrap
import urllib.request

import pytest
from docker_engine import DockerEngine
from docker_jobs import dev, engine, events_of, last_exit, needs_engine, plugin  # noqa: F401
from test_jobs import NO_RESTART
from yurt import HttpError, wait_for

pytestmark = needs_engine
IMAGE = DockerEngine.IMAGE
WAIT = 'trap "exit 0" TERM; while true; do sleep 0.1; done'


def service(name, command, *more):
    """One service of a file, its keys two levels deep."""
    lines = [f"  {name}:", f"    image: {IMAGE}", f"    command: [sh, -c, '{command}']", *(f"    {m}" for m in more)]
    return "\n".join(lines)


def job(name, *services, config="", kind="service", group=NO_RESTART, task="", memory=64, tail=""):
    text = textwrap.indent("services:\n" + "\n".join(services) + "\n" + tail, "  ")
    return f'''
job "{name}" {{
  type = "{kind}"
  group "g" {{
    {group}
    task "t" {{
      driver = "compose"
      config {{
        yaml = <<-COMPOSE
{text}
        COMPOSE
        {config}
      }}
      resources {{
        cpu    = 50
        memory = {memory}
      }}
      {task}
    }}
  }}
}}'''


def of_project(engine, alloc):
    found = engine.containers(**{"yurt.alloc_id": alloc["ID"]})
    return {c["Labels"]["com.docker.compose.service"] + "-" + c["Labels"]["com.docker.compose.container-number"]: c
            for c in found}


def leaves_nothing(engine, alloc):
    wait_for("the containers to be gone", lambda: not of_project(engine, alloc))
    wait_for("the networks to be gone", lambda: not [
        n for n in engine.call("GET", "/networks") if (n["Labels"] or {}).get("yurt.alloc_id") == alloc["ID"]])


def stop(dev, engine, name, alloc):
    dev.delete(f"/v1/job/{name}")
    dev.wait_allocs(name, "complete")
    leaves_nothing(engine, alloc)


def lines(dev, alloc, kind="stdout"):
    return dev.logs(alloc["ID"], "t", kind).splitlines()


# --- Order, conditions, ends ---------------------------------------------------------------------

def test_services_start_when_what_they_depend_on_is_there_and_the_project_ends_with_them(dev, engine):
    dev.run(job("order",
                service("last", "echo last", "depends_on:", "  web: {condition: service_healthy}",
                        "  migrate: {condition: service_completed_successfully}"),
                service("migrate", "sleep 0.3; echo migrated"),
                service("web", "sleep 0.3; touch /tmp/up; echo up; sleep 3",
                        "healthcheck: {test: test -f /tmp/up, interval: 100ms, timeout: 5s, retries: 50}",
                        "depends_on: [migrate]"), kind="batch"))
    alloc = dev.wait_allocs("order", "complete")[0]
    out = lines(dev, alloc)
    assert sorted(out) == ["last-1 | last", "migrate-1 | migrated", "web-1 | up"]
    assert out[-1] == "last-1 | last"
    leaves_nothing(engine, alloc)


def test_scale_names_and_addresses(dev, engine):
    reach = "until nslookup worker-4 >/dev/null && nslookup worker >/dev/null; do sleep 0.1; done; echo reached; "
    dev.run(job("scaled", service("web", reach + WAIT, "depends_on: [worker]"),
                service("worker", "echo $$SIZE $$MODE; " + WAIT, "environment: {SIZE: \"$${SIZE:-small}\", MODE: }"),
                config='scale = { worker = 4 }\n env = { MODE = "fast" }'))
    alloc = dev.wait_allocs("scaled", "running")[0]
    wait_for("all lines", lambda: len(lines(dev, alloc)) == 5)
    assert sorted(lines(dev, alloc)) == ["web-1 | reached"] + [f"worker-{i} | small fast" for i in range(1, 5)]
    assert sorted(of_project(engine, alloc)) == ["web-1"] + [f"worker-{i}" for i in range(1, 5)]
    stats = dev.get(f"/v1/client/allocation/{alloc['ID']}/stats")
    assert stats["Tasks"]["t"]["ResourceUsage"]["MemoryStats"]["Usage"] > 0
    done = dev.cli("alloc", "exec", "-i=false", "-t=false", "-task", "t/worker-3", alloc["ID"], "hostname")
    assert of_project(engine, alloc)["worker-3"]["Id"].startswith(done.stdout.strip())
    done = dev.cli("alloc", "exec", "-i=false", "-t=false", "-task", "t/nobody", alloc["ID"], "true", code=1)
    assert 'no service "nobody"; it has worker, web' in done.stderr
    stop(dev, engine, "scaled", alloc)


def test_a_failing_service_ends_the_project_with_its_exit_code(dev, engine):
    dev.run(job("failing", service("web", WAIT), service("bad", "sleep 0.5; exit 7"), kind="batch"))
    alloc = dev.wait_allocs("failing", "failed")[0]
    assert last_exit(dev, alloc)["ExitCode"] == 7
    assert "bad-1 | it ended with exit code 7; the project is stopped" in lines(dev, alloc, "stderr")
    leaves_nothing(engine, alloc)
    dev.run(job("sick", service("web", WAIT, "healthcheck: {test: \"false\", interval: 100ms, retries: 2}"),
                service("late", "echo never", "depends_on: {web: {condition: service_healthy}}"), kind="batch"))
    alloc = dev.wait_allocs("sick", "failed")[0]
    assert "late-1 can't be started: web-1 is unhealthy" in str(events_of(dev, alloc))
    leaves_nothing(engine, alloc)


def test_an_allocation_is_as_healthy_as_the_worst_of_its_services(dev, engine):
    update = NO_RESTART + '''
    update {
      min_healthy_time = "100ms"
    }'''
    dev.run(job("health", service("well", WAIT), service(
        "sick", WAIT, "healthcheck: {test: test -f /alloc/data/ok, interval: 200ms, retries: 1000}"), group=update))
    alloc = dev.wait_allocs("health", "running")[0]
    wait_for("both to run", lambda: [c["State"] for c in of_project(engine, alloc).values()] == ["running"] * 2)

    def healthy():
        return (dev.alloc(alloc["ID"]).get("DeploymentStatus") or {}).get("Healthy")
    assert healthy() is None
    dev.cli("alloc", "exec", "-i=false", "-t=false", "-task", "t/sick", alloc["ID"], "touch", "/alloc/data/ok")
    wait_for("the deployment to see it", healthy)
    stop(dev, engine, "health", alloc)


def test_services_are_restarted_by_their_own_rules(dev, engine):
    count = "echo run >> /alloc/data/%s; n=$$(wc -l < /alloc/data/%s); "
    dev.run(job("again",
                service("flaky", count % ("f", "f") + "echo run $$n; [ $$n -ge 3 ]", "restart: on-failure"),
                service("hopeless", "exit 3", "restart: on-failure:2", "depends_on:",
                        "  flaky: {condition: service_completed_successfully}"), kind="batch"))
    alloc = dev.wait_allocs("again", "failed")[0]
    assert lines(dev, alloc) == [f"flaky-1 | run {n}" for n in (1, 2, 3)]
    assert last_exit(dev, alloc)["ExitCode"] == 3
    said = [line for line in lines(dev, alloc, "stderr") if line.startswith("hopeless-1")]
    assert len([line for line in said if "restarted in" in line]) == 2


def test_services_stop_in_reverse_order_with_their_signals(dev, engine):
    def traps(word):
        return f'trap "sleep 0.5; echo {word} stopped; exit 0" TERM INT; echo {word} up; while true; do sleep 0.05; done'
    dev.run(job("reverse", service("db", traps("db")), service("app", traps("app"), "depends_on: [db]"),
                service("web", traps("web"), "depends_on: [app]", "stop_signal: SIGINT")))
    alloc = dev.wait_allocs("reverse", "running")[0]
    wait_for("all to be up", lambda: len(lines(dev, alloc)) == 3)
    stop(dev, engine, "reverse", alloc)
    assert lines(dev, alloc)[3:] == ["web-1 | web stopped", "app-1 | app stopped", "db-1 | db stopped"]
    dev.run(job("stubborn", service("deaf", 'trap "" TERM; echo up; while true; do sleep 0.1; done'),
                task='kill_timeout = "1s"'))
    alloc = dev.wait_allocs("stubborn", "running")[0]
    wait_for("it to be up", lambda: lines(dev, alloc) == ["deaf-1 | up"])
    stop(dev, engine, "stubborn", alloc)
    assert last_exit(dev, alloc)["ExitCode"] == 137


# --- What the job says ---------------------------------------------------------------------------

def test_files_folders_secrets_and_published_ports(dev, engine):
    network = NO_RESTART + '''
    network {
      port "http" {}
    }'''
    serve = "cat /run/secrets/key /motd /conf/c /local/compose.yaml | grep -v : ; mkdir /tmp/w; echo hi > /tmp/w/index.html; exec httpd -f -p 80 -h /tmp/w"
    text = f'''services:
  web:
    image: {IMAGE}
    command: [sh, -c, "{serve}"]
    ports: ["$${{NOMAD_HOST_PORT_http}}:80"]
    volumes: ["./conf:/conf:ro"]
    env_file: conf/env
    secrets: [key]
    configs: [motd]
    mem_limit: 20m
secrets:
  key: {{file: key}}
configs:
  motd: {{content: "motd\\n"}}
'''
    templates = "".join(f'''
      template {{
        data        = <<-EOF
        {content}
        EOF
        destination = "local/{name}"
      }}''' for name, content in (("conf/c", "from conf"), ("conf/env", "A=1"), ("key", "the key")))
    hcl = f'''
job "files" {{
  group "g" {{
    {network}
    task "t" {{
      driver = "compose"
      config {{
        file = "local/compose.yaml"
      }}
      resources {{
        cpu = 50
        memory = 64
      }}
      template {{
        data        = <<-EOF
{textwrap.indent(text, "        ")}
        EOF
        destination = "local/compose.yaml"
      }}
      {templates}
    }}
  }}
}}'''
    dev.run(hcl)
    alloc = dev.wait_allocs("files", "running")[0]
    port = dev.alloc(alloc["ID"])["AllocatedResources"]["Shared"]["Ports"][0]

    def page():
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(f"http://{port['HostIP']}:{port['Value']}/") as reply:
                return reply.read()
    assert wait_for("the page", page) == b"hi\n"
    said = [line.removeprefix("web-1 | ") for line in lines(dev, alloc)]
    assert said[:3] == ["the key", "motd", "from conf"]
    inside = engine.call("GET", f"/containers/{of_project(engine, alloc)['web-1']['Id']}/json")
    assert inside["HostConfig"]["Memory"] == 20 << 20 and "A=1" in inside["Config"]["Env"]
    stop(dev, engine, "files", alloc)


def test_what_the_agent_or_the_scheduler_did_not_allow_fails_with_a_sentence(dev):
    for name, key, words in (
            ("binds", 'volumes: ["/etc:/x"]', "volumes { enabled = true }"),
            ("privileged", "privileged: true", "allow_privileged"),
            ("ports", 'ports: ["8099:80"]', "which the scheduler did not give"),
            ("gpus", "gpus: all", "asks for GPUs, and the task was given none")):
        dev.run(job(name, service("s", "true", key), kind="batch"))
        alloc = dev.wait_allocs(name, "failed")[0]
        assert words in str(events_of(dev, alloc))


def test_a_wrong_file_is_refused_at_registration_with_its_line(dev):
    done = dev.run(job("wrong", service("s", "true", "enviroment: {A: 1}")), code=1)
    assert "line 5: services.s.enviroment is no key that Yurt knows here; did you mean environment?" in done.stderr
    done = dev.run(job("built", service("s", "true", "build: .")), code=1)
    assert "Yurt runs images and builds none" in done.stderr
    done = dev.run(job("circle", service("a", "true", "depends_on: [b]"), service("b", "true", "depends_on: [a]")), code=1)
    assert "a → b → a" in done.stderr


def test_the_tasks_memory_holds_for_all_services_together(dev, engine):
    hog = "x=aaaaaaaa; while [ $$(printf %s $$x | wc -c) -lt 14000000 ]; do x=$$x$$x; done; echo full; sleep 100"
    dev.run(job("hogs", service("hog", hog), config="scale = { hog = 4 }", kind="batch", memory=24))
    alloc = dev.wait_allocs("hogs", "failed")[0]
    leaves_nothing(engine, alloc)


# --- Agents and Engines that go away -------------------------------------------------------------

COUNTER = "i=0; while true; do i=$$((i+1)); echo line $$i; usleep 5000; done"


def check_counters(text, names):
    for name in names:
        numbers = [int(line.split()[-1]) for line in text.splitlines() if line.startswith(f"{name} | ")]
        assert numbers == list(range(1, len(numbers) + 1)), f"lines of {name} lost or repeated"
        assert numbers


def test_an_agent_that_is_killed_goes_on_with_its_projects(engine, cluster):
    server = cluster.server("s")
    agent = cluster.agent("a", [server], plugin(engine))
    api = server.api
    api.wait_node()
    api.run(job("counters", service("counter", COUNTER, "stop_grace_period: 1s"),
                service("slow", "sleep 4; echo done"),
                service("after", "echo after; " + WAIT, "depends_on: {slow: {condition: service_completed_successfully}}"),
                config="scale = { counter = 2 }"))
    alloc = api.wait_allocs("counters", "running")[0]

    def count(word):
        with contextlib.suppress(HttpError):  # while no agent is connected
            return api.logs(alloc["ID"], "t").count(word)
        return 0
    for _ in range(3):
        before = wait_for("some output", lambda: count("line"))
        agent.kill()
        agent.start()
        wait_for("output to go on", lambda: count("line") > before + 100)
    wait_for("the service that waited", lambda: count("after-1 | after"))
    assert api.alloc(alloc["ID"])["TaskStates"]["t"]["Restarts"] == 0
    check_counters(api.logs(alloc["ID"], "t"), ["counter-1", "counter-2"])
    engine.kill()
    engine.start()
    before = count("line")
    wait_for("output to go on", lambda: count("line") > before + 100)
    check_counters(api.logs(alloc["ID"], "t"), ["counter-1", "counter-2"])
    api.delete("/v1/job/counters")
    agent.kill()
    agent.start()
    api.wait_allocs("counters", "complete")
    leaves_nothing(engine, alloc)


def test_a_restart_of_the_task_is_a_project_anew_and_foreign_containers_are_left_alone(dev, engine):
    foreign = engine.call("POST", "/containers/create?name=foreign", {
        "Image": IMAGE, "Cmd": ["true"], "Labels": {"com.docker.compose.project": "theirs"}})["Id"]
    dev.run(job("anew", service("web", "echo up; " + WAIT)))
    alloc = dev.wait_allocs("anew", "running")[0]
    wait_for("it to be up", lambda: lines(dev, alloc) == ["web-1 | up"])
    dev.cli("alloc", "restart", alloc["ID"])
    wait_for("the second run", lambda: lines(dev, alloc) == ["web-1 | up"] * 2)
    stop(dev, engine, "anew", alloc)
    dev.run(job("taken", service("web", "true"), config='project = "theirs"', kind="batch"))
    alloc = dev.wait_allocs("taken", "failed")[0]
    assert "a project named theirs runs on this machine already" in str(events_of(dev, alloc))
    engine.call("GET", f"/containers/{foreign}/json")


def test_named_volumes_survive_a_restart_and_go_with_the_allocation(engine, cluster):
    api = cluster.dev(plugin(engine, volumes="true")).api
    api.wait_node()
    api.run(job("kept", service("db", "echo x >> /data/f; echo runs $$(wc -l < /data/f); " + WAIT,
                                'volumes: ["data:/data"]'), tail="volumes: {data: }\n"))
    alloc = api.wait_allocs("kept", "running")[0]
    wait_for("the first run", lambda: lines(api, alloc) == ["db-1 | runs 1"])
    api.cli("alloc", "restart", alloc["ID"])
    wait_for("the second run", lambda: lines(api, alloc) == ["db-1 | runs 1", "db-1 | runs 2"])
    api.delete("/v1/job/kept")
    api.wait_allocs("kept", "complete")

    def volumes():
        return [v for v in engine.call("GET", "/volumes")["Volumes"] or []
                if (v["Labels"] or {}).get("yurt.alloc_id") == alloc["ID"]]
    wait_for("the volume to be gone", lambda: not volumes())


# --- docker compose ------------------------------------------------------------------------------

@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="docker-compose is not installed")
def test_docker_compose_knows_the_project(dev, engine):
    dev.run(job("shown", service("web", "echo hello; " + WAIT), service("worker", WAIT),
                config='scale = { worker = 2 }\n project = "shown"'))
    alloc = dev.wait_allocs("shown", "running")[0]
    wait_for("all of it", lambda: len(of_project(engine, alloc)) == 3 and lines(dev, alloc))
    labels = of_project(engine, alloc)["web-1"]["Labels"]
    file = labels["com.docker.compose.project.config_files"]
    with tempfile.TemporaryDirectory() as folder:
        here = pathlib.Path(folder, "compose.yaml")  # what older ones want a version in
        here.write_text("version: '3.8'\n" + pathlib.Path(file).read_text())

        def compose(*words):
            done = subprocess.run(["docker-compose", "-H", engine.endpoint, "-f", here, "-p", "shown", *words],
                                  capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            return done.stdout
        table = compose("ps")
        assert re.search(r"shown-web-1 .* Up", table) and "shown-worker-2" in table
        assert compose("ps", "-q", "worker").count("\n") == 2
        assert "hello" in compose("logs", "--no-color", "web")
    stop(dev, engine, "shown", alloc)
