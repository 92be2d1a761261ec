"""The command line as Nomad's users type it."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from yurt import BIN, PATIENCE_S, Api, free_port, wait_for


def job(name, command="true", kind="batch", group="", extra=""):
    return f'''
{extra}
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
    }}
  }}
}}'''


TWO_TASKS = '''
job "pair" {
  type = "service"
  group "g" {
    task "left" {
      driver = "raw_exec"
      config {
        command = "/bin/sh"
        args    = ["-c", "echo left; sleep 1000"]
      }
      resources {
        cpu    = 20
        memory = 32
      }
    }
    task "right" {
      driver = "raw_exec"
      config {
        command = "/bin/sh"
        args    = ["-c", "echo right; sleep 1000"]
      }
      resources {
        cpu    = 20
        memory = 32
      }
    }
  }
}'''


def run(words, env=None, stdin=None):
    """The command line with nothing of this process's environment that it listens to."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("YURT_", "NOMAD_"))}
    return subprocess.run([str(BIN), *map(str, words)], input=stdin, text=True, capture_output=True,
                          timeout=PATIENCE_S * 2, env={**clean, **(env or {})})


@pytest.fixture(scope="module")
def service(dev):
    """A service that runs, and its allocation."""
    dev.run(job("web", "echo started; echo warned >&2; sleep 1000", "service"))
    return dev.wait_allocs("web", "running")[0]


# --- How words are read -------------------------------------------------------------------------------


def test_flags_take_one_dash_or_two_and_stand_before_or_after_words(dev, service):
    for words in (["job", "status", "-json", "web"], ["job", "status", "--json", "web"],
                  ["job", "status", "web", "-json"], ["job", "status", "web", "--json"],
                  ["job", "status", "-json=true", "web"]):
        assert json.loads(dev.cli(*words).stdout)["ID"] == "web"
    assert not dev.cli("job", "status", "-json=false", "web").stdout.startswith("{")


def test_a_value_follows_its_flag_or_an_equals_sign(dev):
    text = job("vars", extra='variable "who" {\n  type = string\n}')
    text = text.replace('type = "batch"', 'type = "batch"\n  meta {\n    who = var.who\n  }')
    for flag in (["-var", "who=you=me"], ["-var=who=you=me"], ["--var", "who=you=me"],
                 ["--var=who=you=me"]):
        shown = json.loads(dev.cli("job", "run", "-output", *flag, "-", stdin=text).stdout)
        assert shown["Job"]["Meta"] == {"who": "you=me"}


def test_variables_come_from_environment_files_and_flags_the_last_winning(dev, tmp_path):
    text = job("vars", extra='variable "who" {\n  type    = string\n  default = "nobody"\n}')
    text = text.replace('type = "batch"', 'type = "batch"\n  meta {\n    who = var.who\n  }')
    (tmp_path / "a.hcl").write_text('who = "file"\n')

    def who(*flags, **env):
        done = run(["job", "run", "-output", *flags, "-"], env, text)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["Job"]["Meta"]["who"]

    assert who() == "nobody"
    assert who(NOMAD_VAR_who="environment") == "environment"
    assert who(NOMAD_VAR_who="nomad", YURT_VAR_who="yurt") == "yurt"
    assert who("-var-file", tmp_path / "a.hcl", NOMAD_VAR_who="environment") == "file"
    assert who("-var-file", tmp_path / "a.hcl", "-var", "who=flag") == "flag"


def test_a_wrong_word_is_answered_with_the_nearest_right_one(dev):
    done = dev.cli("job", "stauts", code=1)
    assert 'has no command "stauts". Did you mean `yurt job status`?' in done.stderr
    done = dev.cli("job", "run", "-detatch", "x.hcl", code=1)
    assert "has no flag -detatch. Did you mean `-detach`?" in done.stderr
    assert "`yurt job run -help`" in done.stderr or "-help" in done.stderr
    done = dev.cli("job", "stop", "a", "b", code=1)
    assert 'does not expect "b"' in done.stderr
    done = dev.cli("job", "run", "-var", code=1)
    assert "needs a value" in done.stderr
    assert "Usage: yurt job COMMAND" in dev.cli("job", code=1).stderr
    assert "is required" in dev.cli("job", "run", code=1).stderr


def test_a_job_may_be_called_as_a_command_is(dev):
    dev.run(job("status"))
    assert re.search(r"ID\s+= status\n", dev.cli("job", "status", "status").stdout)
    dev.cli("job", "stop", "-purge", "-detach", "status")


def test_short_forms_do_what_their_long_forms_do(dev, service):
    text = job("short")
    assert "Job validation successful" in dev.cli("validate", "-", stdin=text).stdout
    dev.cli("plan", "-", stdin=text, code=1)
    assert "Evaluation ID: " in dev.cli("run", "-detach", "-", stdin=text).stdout
    assert json.loads(dev.cli("inspect", "short").stdout)["Job"]["ID"] == "short"
    alloc = dev.wait_allocs("short", "complete")[0]
    assert dev.cli("alloc-status", "-t", "{{.ClientStatus}}", alloc["ID"]).stdout == "complete\n"
    assert dev.cli("logs", service["ID"]).stdout == "started\n"
    assert "alloc/" in dev.cli("fs", service["ID"]).stdout
    assert dev.cli("exec", service["ID"], "/bin/echo", "-n", "x").stdout == "x"
    assert "TriggeredBy" in dev.cli("eval-status", alloc["EvalID"]).stdout
    assert "ready" in dev.cli("node-status").stdout
    assert "alive" in dev.cli("server-members").stdout
    dev.cli("stop", "-purge", "-detach", "short")


def test_help_says_how_a_command_is_used(dev):
    for flag in ("-h", "-help", "--help"):
        shown = dev.cli("job", "run", flag).stdout
        assert "Usage: yurt job run [flags] FILE" in shown and "-check-index <number>" in shown
    assert "The same as `yurt job run`" in dev.cli("run", "-help").stdout
    assert "Yurt v" in dev.cli("version").stdout
    assert dev.cli("-version").stdout == dev.cli("version").stdout


# --- Job files ----------------------------------------------------------------------------------------


def test_output_prints_the_api_json_and_submits_nothing(dev, tmp_path):
    shown = json.loads(dev.cli("job", "run", "-output", "-", stdin=job("shown")).stdout)
    assert shown["Job"]["ID"] == "shown"
    assert "No job(s)" in dev.cli("job", "status", "shown", code=1).stderr
    # What was printed can be registered.
    (tmp_path / "shown.json").write_text(json.dumps(shown))
    dev.cli("job", "run", "-detach", "-json", tmp_path / "shown.json")
    dev.wait_allocs("shown", "complete")
    dev.cli("job", "stop", "-purge", "-detach", "shown")


def test_files_that_are_missing_or_wrong_are_named(dev, tmp_path):
    for verb, code in (("run", 1), ("validate", 1), ("plan", 255)):
        done = dev.cli("job", verb, tmp_path / "none.hcl", code=code)
        assert str(tmp_path / "none.hcl") in done.stderr and "No such file" in done.stderr
    done = dev.cli("job", "run", "-var-file", tmp_path / "none.vars", "-", stdin=job("x"), code=1)
    assert "none.vars" in done.stderr
    done = dev.cli("job", "run", "-var", "novalue", "-", stdin=job("x"), code=1)
    assert "expected name=value" in done.stderr
    done = dev.cli("job", "run", "-json", "-", stdin="{", code=1)
    assert done.stderr.startswith("Error: ")
    assert dev.cli("job", "plan", "-", stdin="job {", code=255).stderr


def test_exit_codes_of_plan_tell_changes_from_none_and_from_errors(dev):
    text = job("codes", "sleep 1000", "service")
    dev.cli("job", "plan", "-", stdin=text, code=1)
    dev.run(text)
    dev.wait_allocs("codes", "running")
    dev.cli("job", "plan", "-", stdin=text, code=0)
    dev.cli("job", "plan", "-nonsense", "-", stdin=text, code=255)
    dev.cli("job", "stop", "-purge", "-detach", "codes")


# --- Why is it pending --------------------------------------------------------------------------------


def test_plan_run_job_status_and_eval_status_say_why_a_group_is_not_placed(dev):
    text = job("nowhere", group='count = 3\n constraint {\n attribute = "${attr.kernel.name}"\n'
                                ' value = "plan9"\n}')
    planned = dev.cli("job", "plan", "-", stdin=text, code=1).stdout
    placed = dev.cli("job", "run", "-", stdin=text, code=2).stdout
    status = dev.cli("job", "status", "nowhere").stdout
    evals = dev.get("/v1/job/nowhere/evaluations")
    failed = next(e for e in evals if e["FailedTGAllocs"])
    shown = dev.cli("eval", "status", failed["ID"]).stdout
    for text in (planned, placed, status, shown):
        assert 'Task Group "g" (failed to place 3 allocations)' in text
        assert 'Constraint "${attr.kernel.name} = plan9": 1 nodes excluded by filter' in text
    assert "waiting for additional capacity" in placed
    big = job("big").replace("memory = 32", "memory = 99999999")
    dev.cli("job", "run", "-", stdin=big, code=2)
    for words in (["job", "status", "big"], ["status", "big"]):
        assert 'Dimension "memory" exhausted on 1 nodes' in dev.cli(*words).stdout
    for name in ("nowhere", "big"):
        dev.cli("job", "stop", "-purge", "-detach", name)


# --- IDs ----------------------------------------------------------------------------------------------


def test_a_prefix_that_names_one_thing_is_enough(dev, service):
    for length in (4, 7, 8, 9, 13, 36):
        prefix = service["ID"][:length]
        assert json.loads(dev.cli("alloc", "status", "-json", prefix).stdout)["ID"] == service["ID"]
    node = service["NodeID"]
    assert json.loads(dev.cli("node", "status", "-json", node[:6]).stdout)["ID"] == node
    evaluation = service["EvalID"]
    assert json.loads(dev.cli("eval", "status", "-json", evaluation[:6]).stdout)["ID"] == evaluation
    assert json.loads(dev.cli("job", "status", "-json", "we").stdout)["ID"] == "web"


def test_a_prefix_that_names_several_things_lists_them(dev):
    for name in ("twin-a", "twin-b"):
        dev.run(job(name))
    done = dev.cli("job", "status", "twin", code=1)
    assert '"twin" names 2 jobs' in done.stderr
    assert "twin-a" in done.stderr and "twin-b" in done.stderr
    done = dev.cli("status", "twin", code=1)
    assert "job twin-a" in done.stderr and "job twin-b" in done.stderr
    dev.run(job("twin"))
    assert json.loads(dev.cli("job", "status", "-json", "twin").stdout)["ID"] == "twin"
    for name in ("twin-a", "twin-b", "twin"):
        dev.cli("job", "stop", "-purge", "-detach", name)


def test_unknown_ids_are_named(dev):
    unknown = "12345678-0000-0000-0000-000000000000"
    for words, text in ((["job", "status", "nothing"], 'No job(s) with prefix or id "nothing" found'),
                        (["job", "stop", "nothing"], 'No job(s) with prefix or id "nothing"'),
                        (["alloc", "status", "ffff"], 'No allocation(s) with prefix or id "ffff"'),
                        (["alloc", "status", unknown], "alloc not found"),
                        (["alloc", "logs", unknown], "alloc not found"),
                        (["eval", "status", unknown], "eval not found"),
                        (["deployment", "status", unknown], "deployment not found"),
                        (["node", "status", unknown], "node not found"),
                        (["status", "zzz"], 'nothing has the ID or prefix "zzz"'),
                        (["alloc", "status", "f"], "at least two characters")):
        done = dev.cli(*words, code=1)
        assert text in done.stderr, done.stderr
        assert done.stdout == ""


def test_status_shows_whatever_an_id_names(dev, service):
    assert dev.cli("status").stdout == dev.cli("job", "status").stdout
    assert "Allocations" in dev.cli("status", "web").stdout
    assert 'Task "t" is "running"' in dev.cli("status", service["ID"][:8]).stdout
    assert "Allocated Resources" in dev.cli("status", service["NodeID"]).stdout
    assert "TriggeredBy" in dev.cli("status", service["EvalID"]).stdout
    assert json.loads(dev.cli("status", "-json", service["EvalID"]).stdout)["ID"] == service["EvalID"]


def test_stopping_by_prefix_asks_first(dev, service):
    done = dev.cli("job", "stop", "we", code=1)
    assert "-yes" in done.stderr
    assert dev.get("/v1/job/web")["Stop"] is False


# --- What is printed ----------------------------------------------------------------------------------


def listings(service):
    return (["job", "status"], ["job", "status", "web"], ["job", "history", "web"],
            ["job", "allocs", "web"], ["job", "deployments", "web"],
            ["alloc", "status", service["ID"]], ["alloc", "fs", service["ID"]],
            ["alloc", "fs", "-stat", service["ID"], "alloc/logs"], ["eval", "list"],
            ["eval", "status", service["EvalID"]], ["node", "status"],
            ["node", "status", service["NodeID"]], ["deployment", "list"], ["server", "members"],
            ["operator", "raft", "list-peers"], ["status"], ["status", "web"])


def test_everything_that_prints_objects_prints_json_and_templates(dev, service):
    for words in listings(service):
        value = json.loads(dev.cli(*words, "-json").stdout)
        assert isinstance(value, (dict, list)) and value, words
        rows = value if isinstance(value, list) else [value]
        name = "ID" if "ID" in rows[0] else "Name"
        names = {row[name] for row in rows}
        inner = "{{range .}}{{.%s}}\n{{end}}" if isinstance(value, list) else "{{.%s}}"
        assert names <= set(dev.cli(*words, "-t", inner % name).stdout.splitlines()), words
        assert names <= set(dev.cli(*words, "-t", name).stdout.splitlines()), words


def test_inspect_prints_the_job_as_a_registration_carries_it(dev, service):
    shown = json.loads(dev.cli("job", "inspect", "web").stdout)
    assert list(shown) == ["Job"] and shown["Job"]["ID"] == "web"
    assert json.loads(dev.cli("job", "inspect", "-json", "web").stdout) == shown
    assert json.loads(dev.cli("job", "inspect", "-version", "0", "web").stdout) == shown
    assert dev.cli("job", "inspect", "-t", "{{.ID}}", "web").stdout == "web\n"
    assert "no such version" in dev.cli("job", "inspect", "-version", "9", "web", code=1).stderr


def test_templates_are_gos(dev, service):
    def shown(template, *words):
        return dev.cli(*(words or ("alloc", "status", service["ID"])), "-t", template).stdout[:-1]

    assert shown("{{.JobID}} {{.TaskGroup}}") == "web g"
    assert shown('{{if eq .ClientStatus "running"}}up{{else}}down{{end}}') == "up"
    assert shown('{{if eq .JobID "x"}}x{{else if eq .JobID "web"}}w{{else}}?{{end}}') == "w"
    assert shown("{{range $name, $state := .TaskStates}}{{$name}}={{$state.State}}{{end}}") == \
        "t=running"
    assert shown('{{printf "%-6s|%3d|%q" .JobID .JobVersion .JobID}}') == 'web   |  0|"web"'
    assert shown("{{.JobID | len}} {{len .TaskStates}} {{(index .TaskStates \"t\").State}}") == \
        "3 1 running"
    assert shown("a  {{- /* nothing */ -}}  b") == "ab"
    assert shown("{{with .TaskGroup}}<{{.}}>{{end}}{{$.JobID}}") == "<g>web"
    assert shown("{{range .}}{{.ID}}{{else}}none{{end}}", "job", "allocs", "web") == service["ID"]
    assert shown("ID,TaskGroup", "job", "allocs", "web") == f"{service['ID']}\tg"
    for template, text in (("{{.Nope}}", 'no field "Nope"'), ("{{.ID", "{{ without }}"),
                           ("{{range .TaskStates}}x", "has no {{end}}"), ("{{end}}", "closes nothing"),
                           ("{{nope .ID}}", 'no function "nope"'), ("{{.ID | }}", "not understood"),
                           ("{{index .TaskStates 1 2}}", "index takes")):
        done = dev.cli("alloc", "status", service["ID"], "-t", template, code=1)
        assert text in done.stderr, (template, done.stderr)


def at_a_terminal(api, words, env=None):
    """Runs with a pseudo-terminal as standard output; what came out, and the exit code."""
    import pty
    master, slave = pty.openpty()
    clean = {k: v for k, v in os.environ.items()
             if k not in ("NO_COLOR", "NOMAD_CLI_NO_COLOR", "NOMAD_CLI_FORCE_COLOR")}
    process = subprocess.Popen([str(BIN), *map(str, words)], stdin=slave, stdout=slave, stderr=slave,
                               env={**clean, "YURT_ADDR": api.rpc, **(env or {})})
    os.close(slave)
    out = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        out += piece
    os.close(master)
    return out.decode(), process.wait(PATIENCE_S)


def test_colours_are_for_terminals_that_want_them(dev, service):
    words = ["job", "status", "web"]
    assert "\033[" not in dev.cli(*words).stdout
    assert "\033[32mrunning\033[0m" in at_a_terminal(dev, words)[0]
    assert "\033[" not in at_a_terminal(dev, words, {"NO_COLOR": "1"})[0]
    assert "\033[" not in at_a_terminal(dev, words, {"NOMAD_CLI_NO_COLOR": "1"})[0]
    assert "\033[" not in at_a_terminal(dev, [*words, "-no-color"])[0]
    assert "\033[32m" in dev.cli(*words, "-force-color").stdout


def test_run_follows_a_deployment_line_by_line_until_it_is_healthy(dev):
    text = job("deployed", "sleep 1000", "service",
               'count = 2\n update {\n min_healthy_time = "0s"\n health_check = "task_states"\n}')
    done = dev.cli("job", "run", "-", stdin=text)
    assert "==> Monitoring evaluation" in done.stdout and "\033[" not in done.stdout
    assert done.stdout.count(" created: node ") == 2
    assert "desired 2, placed 2, healthy 2, unhealthy 0" in done.stdout
    assert re.search(r'==> Deployment "[0-9a-f]{8}" successful', done.stdout)
    latest = dev.cli("job", "status", "deployed").stdout
    assert "Latest Deployment" in latest and "successful" in latest
    deployment = json.loads(dev.cli("job", "deployments", "-json", "deployed").stdout)[0]
    shown = dev.cli("deployment", "status", deployment["ID"][:8]).stdout
    assert re.search(r"g\s+2\s+2\s+2\s+0", shown)
    dev.cli("job", "stop", "-purge", "-detach", "deployed")


def test_run_draws_its_progress_at_a_terminal(dev, tmp_path):
    (tmp_path / "live.nomad.hcl").write_text(
        job("live", "sleep 1000", "service",
            'count = 2\n update {\n min_healthy_time = "0s"\n health_check = "task_states"\n}'))
    out, code = at_a_terminal(dev, ["job", "run", tmp_path / "live.nomad.hcl"])
    assert code == 0, out
    assert "[====================]  g  2 of 2 healthy" in out
    assert "\033[2K" in out and "successful" in out
    dev.cli("job", "stop", "-purge", "-detach", "live")


def test_detach_prints_the_evaluation_and_returns(dev):
    done = dev.cli("job", "run", "-detach", "-", stdin=job("quick"))
    evaluation = re.search(r"Evaluation ID: ([0-9a-f-]{36})", done.stdout)[1]
    assert dev.get(f"/v1/evaluation/{evaluation}")["JobID"] == "quick"
    dev.wait_allocs("quick", "complete")
    done = dev.cli("eval", "status", "-monitor", evaluation)
    assert f'Monitoring evaluation "{evaluation[:8]}"' in done.stdout
    done = dev.cli("eval", "status", "-monitor", "-verbose", evaluation)
    assert f'Monitoring evaluation "{evaluation}"' in done.stdout
    dev.cli("job", "stop", "-purge", "-detach", "quick")


# --- Logs, files, exec --------------------------------------------------------------------------------


def test_logs_are_output_errors_or_their_ends(dev, service):
    api, alloc = dev, service["ID"]
    assert api.cli("alloc", "logs", alloc).stdout == "started\n"
    assert api.cli("alloc", "logs", "-stderr", alloc).stdout == "warned\n"
    assert api.cli("alloc", "logs", alloc, "t").stdout == "started\n"
    assert api.cli("alloc", "logs", "-task", "t", alloc).stdout == "started\n"
    assert api.cli("alloc", "logs", "-job", "web").stdout == "started\n"
    done = api.cli("alloc", "logs", alloc, "nope", code=1)
    assert 'no task "nope"; its tasks are t' in done.stderr


def test_the_last_lines_are_as_many_as_asked_whatever_their_length(dev):
    dev.run(job("lines", "for i in $(seq 30); do printf '%03d ' $i; head -c 9000 /dev/zero | "
                         "tr '\\0' x; echo; done"))
    alloc = dev.wait_allocs("lines", "complete")[0]["ID"]

    def numbers(*flags):
        return [line[:3] for line in dev.cli("alloc", "logs", *flags, alloc).stdout.splitlines()]

    assert numbers("-n", "3") == ["028", "029", "030"]
    assert numbers("-tail") == [f"{i:03}" for i in range(21, 31)]
    assert numbers("-tail", "-n", "40") == [f"{i:03}" for i in range(1, 31)]
    assert len(dev.cli("alloc", "logs", "-c", "100", alloc).stdout) == 100
    done = dev.cli("alloc", "fs", "-n", "1", alloc, "alloc/logs/t.stdout.0")
    assert done.stdout.startswith("030 ") and done.stdout.count("\n") == 1
    dev.cli("job", "stop", "-purge", "-detach", "lines")


def test_followed_logs_come_as_they_are_written_on_both_streams(dev, tmp_path):
    go = tmp_path / "go"
    dev.run(job("follow", f"echo one; while [ ! -e {go} ]; do sleep 0.05; done; echo two; "
                          "echo three >&2"))
    alloc = wait_for("the allocation", lambda: [
        a for a in dev.allocs("follow") if a["ClientStatus"] == "running"])[0]["ID"]
    follower = subprocess.Popen([str(BIN), "alloc", "logs", "-f", alloc], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env={**os.environ, "YURT_ADDR": dev.rpc})
    assert follower.stdout.readline() == "one\n"
    go.touch()
    assert follower.stdout.readline() == "two\n"
    assert follower.stderr.readline() == "three\n"
    out, err = follower.communicate(timeout=PATIENCE_S)
    assert (out, err) == ("", "") and follower.returncode == 0
    dev.cli("job", "stop", "-purge", "-detach", "follow")


def test_files_are_listed_described_and_printed(dev, service):
    alloc = service["ID"]
    assert {"alloc/", "t/"} <= {line.split()[-1] for line in
                                dev.cli("alloc", "fs", alloc).stdout.splitlines()[1:]}
    assert dev.cli("alloc", "fs", alloc, "alloc/logs/t.stdout.0").stdout == "started\n"
    described = json.loads(dev.cli("alloc", "fs", "-stat", "-json", alloc,
                                   "alloc/logs/t.stdout.0").stdout)
    assert described[0]["Size"] == len("started\n")
    assert dev.cli("alloc", "fs", alloc, "no/such/file", code=1).stderr.startswith("Error: ")


def test_words_behind_the_allocation_go_to_the_command_untouched(dev, service):
    alloc = service["ID"]
    done = dev.cli("alloc", "exec", alloc, "/bin/echo", "-task", "--json", "-h", "--", "a=b")
    assert done.stdout == "-task --json -h -- a=b\n"
    done = dev.cli("alloc", "exec", "-task", "t", "-i=false", alloc, "--", "/bin/echo", "-n", "x")
    assert done.stdout == "x"
    done = dev.cli("alloc", "exec", alloc, "/bin/sh", "-c", "cat; echo e >&2; exit 7",
                   stdin="typed", code=7)
    assert (done.stdout, done.stderr) == ("typed", "e\n")
    done = dev.cli("exec", "-job", "web", "/bin/sh", "-c", "echo $NOMAD_JOB_ID")
    assert done.stdout == "web\n"


def test_a_task_must_be_named_when_there_are_several(dev):
    dev.run(TWO_TASKS)
    alloc = dev.wait_allocs("pair", "running")[0]["ID"]
    for words in (["alloc", "logs", alloc], ["alloc", "exec", alloc, "true"]):
        done = dev.cli(*words, code=1)
        assert "name one of left, right" in done.stderr
    assert dev.cli("alloc", "logs", "-task", "right", alloc).stdout == "right\n"
    dev.cli("job", "stop", "-purge", "-detach", "pair")


# --- Which server -------------------------------------------------------------------------------------


def test_the_server_is_found_by_flag_and_by_yurts_and_nomads_variables(dev):
    def asks(words=(), **env):
        done = run(["server", "members", "-t", "Status", *words], env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert asks(["-address", dev.rpc]) == "alive\n"
    assert asks(["-address=" + dev.http]) == "alive\n"
    assert asks(YURT_ADDR=dev.rpc) == "alive\n"
    assert asks(NOMAD_ADDR=dev.http) == "alive\n"
    assert asks(NOMAD_ADDR=dev.http + "/") == "alive\n"
    assert asks(YURT_ADDR=dev.rpc, NOMAD_ADDR="http://127.0.0.1:1") == "alive\n"
    assert asks(["-address", dev.rpc], YURT_ADDR="127.0.0.1:1") == "alive\n"


def test_a_wrong_address_is_answered_with_what_to_do(dev):
    port = free_port()
    for address in (f"127.0.0.1:{port}", f"http://127.0.0.1:{port}"):
        done = run(["job", "status", "-address", address])
        assert done.returncode == 1 and done.stdout == ""
        assert f"cannot reach a server at {address}: Connection refused" in done.stderr
        assert "-address" in done.stderr and "yurt dev" in done.stderr
    for address, why in (("127.0.0.1:port", '"port" is no port'), ("https://x:1", "TLS is not served"),
                         ("ftp://x", '"ftp" is not known'), ("http://:80", "it names no host")):
        done = run(["job", "status", "-address", address])
        assert done.returncode == 1 and why in done.stderr, done.stderr
    http_port = dev.http.removeprefix("http://")
    done = run(["job", "status", "-address", http_port])
    assert done.returncode == 1 and f"write http://{http_port}" in done.stderr
    done = run(["job", "status", "-address", "http://" + dev.rpc])
    assert done.returncode == 1 and done.stderr.startswith("Error: cannot reach a server")
    done = run(["job", "status", "-address", "no-such-host.invalid:4647"])
    assert done.returncode == 1 and "cannot reach a server at no-such-host.invalid" in done.stderr
    done = run(["job", "plan", "-address", f"127.0.0.1:{port}", "-"], stdin=job("x"))
    assert done.returncode == 255


def test_region_and_namespace_come_from_flags_and_environment(dev):
    done = dev.cli("job", "status", "-region", "mars", code=1)
    assert 'no region "mars"' in done.stderr
    done = run(["job", "status"], {"YURT_ADDR": dev.rpc, "NOMAD_REGION": "mars"})
    assert done.returncode == 1 and "No path to region" in done.stderr
    dev.put("/v1/namespace/lab", {"Name": "lab"})
    dev.cli("job", "run", "-detach", "-namespace", "lab", "-", stdin=job("there"))
    assert "there" in dev.cli("job", "status", "-namespace=lab").stdout
    assert "there" not in dev.cli("job", "status").stdout
    done = run(["job", "status"], {"YURT_ADDR": dev.rpc, "NOMAD_NAMESPACE": "lab"})
    assert "there" in done.stdout
    dev.cli("job", "stop", "-purge", "-namespace", "lab", "-detach", "there")


def test_a_server_without_a_leader_says_so(cluster):
    server = cluster.server("lonely", expect=3)
    wait_for("the server to answer", lambda: server.api.cli("server", "members", code=None)
             .returncode in (0, 1) and server.api.get("/v1/agent/self"))
    for words in (["job", "status"], ["job", "run", "-detach", "-"]):
        done = server.api.cli(*words, stdin=job("x"), code=1)
        assert "the cluster has no leader" in done.stderr and "yurt server members" in done.stderr


# --- Completion and reference -------------------------------------------------------------------------


ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_docs_cli_md_is_what_the_definitions_say():
    assert run(["cli-reference"]).stdout == (ROOT / "docs" / "cli.md").read_text()


def candidates(api, *words):
    done = api.cli("__complete", "--", *words)
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


def test_words_are_completed_from_the_commands_and_from_the_cluster(dev, service):
    assert {"job", "alloc", "node", "run", "server"} <= set(candidates(dev, ""))
    assert not any(word.startswith("_") for word in candidates(dev, ""))
    assert candidates(dev, "job", "hist") == ["history"]
    assert "-detach" in candidates(dev, "job", "run", "-")
    assert candidates(dev, "job", "run", "--det") == ["--detach"]
    assert candidates(dev, "job", "status", "we") == ["web"]
    assert candidates(dev, "job", "status", "-json", "we") == ["web"]
    assert candidates(dev, "alloc", "logs", service["ID"][:8]) == [service["ID"]]
    assert candidates(dev, "alloc", "logs", "-job", "w") == ["web"]
    assert candidates(dev, "job", "run", "-var-file", "") == []
    assert candidates(dev, "completion", "") == ["bash", "zsh", "fish"]
    quiet = run(["__complete", "--", "job", "status", ""], {"YURT_ADDR": "127.0.0.1:1"})
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


def test_the_bash_script_completes_words(dev, service):
    script = dev.cli("completion", "bash").stdout
    ask = script + '''
COMP_WORDS=(yurt job status we); COMP_CWORD=3; _yurt; printf '%s\\n' "${COMPREPLY[@]}"
COMP_WORDS=(yurt job his); COMP_CWORD=2; _yurt; printf '%s\\n' "${COMPREPLY[@]}"
COMP_WORDS=(yurt ""); COMP_CWORD=1; _yurt; printf '%s\\n' "${#COMPREPLY[@]}"
'''
    env = {**os.environ, "YURT_ADDR": dev.rpc, "PATH": f"{BIN.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", ask], text=True, capture_output=True, env=env)
    lines = done.stdout.splitlines()
    assert lines[:2] == ["web", "history"] and int(lines[2]) > 10, done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_ones_their_shell_can_read(dev, shell, tmp_path):
    script = tmp_path / "script"
    script.write_text(dev.cli("completion", shell).stdout)
    assert "__complete" in script.read_text()
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run([shell, "-n", script], text=True, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_completion_knows_three_shells(dev):
    assert "bash" in dev.cli("completion", "csh", code=1).stderr
