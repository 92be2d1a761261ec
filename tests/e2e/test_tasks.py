"""What a task on raw_exec can rely on."""
import json
import os
import pathlib

from test_jobs import NO_RESTART, job
from yurt import wait_for


def test_the_environment_ports_and_meta_reach_the_task(dev):
    text = '''
job "env" {
  type = "batch"
  meta {
    team = "vision"
  }
  group "g" {
    network {
      port "http" {}
      port "admin" {
        static = 28123
      }
    }
    task "t" {
      driver = "raw_exec"
      env {
        GREETING = "hello ${NOMAD_JOB_NAME}"
        KERNEL   = "${attr.kernel.name}"
      }
      config {
        command = "/usr/bin/env"
      }
    }
  }
}'''
    dev.run(text)
    alloc = dev.wait_allocs("env", "complete")[0]
    env = dict(line.split("=", 1) for line in dev.logs(alloc["ID"], "t").splitlines() if "=" in line)
    assert env["GREETING"] == "hello env" and env["KERNEL"] == "linux"
    assert env["NOMAD_META_team"] == env["NOMAD_META_TEAM"] == "vision"
    assert env["NOMAD_PORT_admin"] == "28123"
    assert 20000 <= int(env["NOMAD_PORT_http"]) <= 32000
    assert env["NOMAD_ALLOC_ID"] == alloc["ID"] and env["NOMAD_ALLOC_INDEX"] == "0"
    for folder in ("NOMAD_ALLOC_DIR", "NOMAD_TASK_DIR", "NOMAD_SECRETS_DIR"):
        assert env[folder].startswith("/")


def test_templates_are_rendered_before_the_task_starts(dev):
    template = '''
      template {
        data        = "rate={{ env \\"NOMAD_CPU_LIMIT\\" }} {{ range $i, $x := split \\",\\" \\"a,b\\" }}{{ $i }}{{ $x }} {{ end }}"
        destination = "local/conf.txt"
      }
      template {
        data        = "FROM_TEMPLATE=yes"
        destination = "secrets/env"
        env         = true
      }'''
    dev.run(job("templated", "cat local/conf.txt; echo; echo $FROM_TEMPLATE", task=template))
    alloc = dev.wait_allocs("templated", "complete")[0]
    assert dev.logs(alloc["ID"], "t") == "rate=20 0a 1b \nyes\n"


def test_artifacts_arrive_unpacked_and_checked(dev, tmp_path):
    import hashlib
    import tarfile
    (tmp_path / "data.txt").write_text("precious")
    archive = tmp_path / "bundle.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(tmp_path / "data.txt", "data.txt")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    good = f'''artifact {{
        source = "file://{archive}"
        options {{
          checksum = "sha256:{digest}"
        }}
      }}'''
    dev.run(job("artifact", "cat local/data.txt", task=good))
    assert dev.logs(dev.wait_allocs("artifact", "complete")[0]["ID"], "t") == "precious"
    dev.run(job("badsum", "true", group=NO_RESTART, task=good.replace(digest, "0" * 64)))
    alloc = dev.wait_allocs("badsum", "failed")[0]
    events = dev.alloc(alloc["ID"])["TaskStates"]["t"]["Events"]
    assert any("Artifact" in e["Type"] for e in events)


def test_a_task_killed_for_memory_says_so(dev):
    hog = "exec /usr/bin/python3 -c 'x = bytearray(300 << 20); print(len(x))'"
    dev.run(job("hog", hog, group=NO_RESTART))
    alloc = dev.wait_allocs("hog", "failed")[0]
    events = dev.alloc(alloc["ID"])["TaskStates"]["t"]["Events"]
    assert any("OOM" in e["DisplayMessage"] or (e["Details"] or {}).get("oom_killed") == "true"
               for e in events), json.dumps(events, indent=1)


def test_lifecycle_hooks_run_in_order(dev):
    text = '''
job "hooks" {
  type = "batch"
  group "g" {
    task "before" {
      driver = "raw_exec"
      lifecycle {
        hook = "prestart"
      }
      config {
        command = "/bin/sh"
        args    = ["-c", "echo before >> $NOMAD_ALLOC_DIR/order"]
      }
    }
    task "main" {
      driver = "raw_exec"
      config {
        command = "/bin/sh"
        args    = ["-c", "echo main >> $NOMAD_ALLOC_DIR/order"]
      }
    }
    task "after" {
      driver = "raw_exec"
      lifecycle {
        hook = "poststop"
      }
      config {
        command = "/bin/sh"
        args    = ["-c", "echo after >> $NOMAD_ALLOC_DIR/order; cat $NOMAD_ALLOC_DIR/order"]
      }
    }
  }
}'''
    dev.run(text)
    alloc = dev.wait_allocs("hooks", "complete")[0]
    assert dev.logs(alloc["ID"], "after") == "before\nmain\nafter\n"


def test_exec_logs_and_files_through_the_command_line(dev):
    dev.run(job("shell", "echo ready; echo kept > local/file; sleep 1000", "service"))
    alloc = dev.wait_allocs("shell", "running")[0]
    wait_for("the first line", lambda: dev.cli("alloc", "logs", alloc["ID"]).stdout == "ready\n")
    done = dev.cli("alloc", "exec", "-i=false", alloc["ID"], "/bin/sh", "-c",
                   "cat $NOMAD_TASK_DIR/file; exit 7", code=7)
    assert done.stdout == "kept\n"
    assert "file" in dev.cli("alloc", "fs", alloc["ID"], "t/local").stdout
    assert dev.cli("alloc", "fs", alloc["ID"], "t/local/file").stdout == "kept\n"
    status = dev.cli("alloc", "status", alloc["ID"]).stdout
    assert 'Task "t" is "running"' in status
    dev.cli("job", "stop", "-purge", "shell")


def test_stopping_kills_the_whole_tree(dev, tmp_path):
    mark = tmp_path / "pid"
    dev.run(job("tree", f"setsid /bin/sh -c 'echo $$ > {mark}; sleep 1000' & sleep 1000", "service"))
    dev.wait_allocs("tree", "running")
    pid = int(wait_for("the grandchild", lambda: mark.exists() and mark.read_text().strip()))
    assert pathlib.Path(f"/proc/{pid}").exists()
    dev.cli("job", "stop", "-purge", "tree")
    wait_for("the grandchild to be gone", lambda: not os.path.exists(f"/proc/{pid}"))
