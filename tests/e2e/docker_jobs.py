"""What the tests of the docker driver share: an Engine, a registry, jobs and their outcomes."""
import json

import pytest
from docker_engine import DockerEngine, Registry, why_no_engine
from test_jobs import NO_RESTART

REASON = why_no_engine()
needs_engine = pytest.mark.skipif(REASON is not None, reason=str(REASON))


def plugin(engine, extra="", volumes="false"):
    return f'''plugin "docker" {{
  config {{
    endpoint = "{engine.endpoint}"
    volumes {{
      enabled = {volumes}
    }}
    gc {{
      dangling_containers {{
        period         = "300ms"
        creation_grace = "1s"
      }}
    }}
    {extra}
  }}
}}
client {{
  gc_interval = "1s"
}}
'''


@pytest.fixture(scope="module")
def engine():
    made = DockerEngine()
    yield made
    made.close()


@pytest.fixture(scope="module")
def registry():
    made = Registry()
    yield made
    made.close()


@pytest.fixture(scope="module")
def dev(dev_cluster, engine):
    process = dev_cluster.dev(plugin(engine))
    process.api.wait_node()
    return process.api


def job(name, command="", config="", kind="batch", group=NO_RESTART, task="", count=1,
        image=DockerEngine.IMAGE, memory=16):
    run = ""
    if command:
        run = f'command = "/bin/sh"\n        args = ["-c", {json.dumps(command)}]'
    return f'''
job "{name}" {{
  type = "{kind}"
  group "g" {{
    count = {count}
    {group}
    task "t" {{
      driver = "docker"
      config {{
        image = "{image}"
        {run}
        {config}
      }}
      resources {{
        cpu    = 20
        memory = {memory}
      }}
      {task}
    }}
  }}
}}'''


def run_to_end(dev, name, *words, status="complete", **options):
    dev.run(job(name, *words, **options))
    return dev.wait_allocs(name, status)[0]


def events_of(dev, alloc):
    return dev.alloc(alloc["ID"])["TaskStates"]["t"]["Events"]


def last_exit(dev, alloc):
    return [e for e in events_of(dev, alloc) if e["Type"] == "Terminated"][-1]
