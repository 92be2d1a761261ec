"""The event stream as subscribers see it."""
import json
import queue
import subprocess
import threading
import urllib.request

import pytest
from yurt import BIN, HttpError, PATIENCE_S, wait_for


class Subscriber:
    """Reads the stream's lines until it is closed."""

    def __init__(self, api, query=""):
        self.reply = urllib.request.urlopen(f"{api.http}/v1/event/stream{query}", timeout=PATIENCE_S)
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        assert self.next_line() == {}

    def read(self):
        try:
            for line in self.reply:
                self.lines.put(json.loads(line))
        except (OSError, ValueError, AttributeError):
            pass  # closed by the test, which http.client meets in several ways

    def next_line(self):
        return self.lines.get(timeout=PATIENCE_S)

    def until(self, wanted):
        """Every event up to the first for which `wanted` holds, that one included."""
        seen = []
        while True:
            for event in self.next_line().get("Events", []):
                seen.append(event)
                if wanted(event):
                    return seen

    def close(self):
        self.reply.close()


@pytest.fixture
def subscribe(dev):
    made = []

    def start(query=""):
        made.append(Subscriber(dev, query))
        return made[-1]

    yield start
    for subscriber in made:
        subscriber.close()


def job(name, command="true"):
    return f'''
job "{name}" {{
  type = "batch"
  group "g" {{
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


def test_a_jobs_life_is_told_from_registration_to_its_end(dev, subscribe):
    listener = subscribe("?topic=*:life")
    dev.run(job("life"))
    seen = listener.until(lambda e: e["Topic"] == "Job" and e["Payload"]["Job"]["Status"] == "dead")
    kinds = [(e["Topic"], e["Type"]) for e in seen]
    assert kinds[0] == ("Job", "JobRegistered")
    assert ("Evaluation", "JobRegistered") in kinds
    assert ("Allocation", "PlanResult") in kinds
    assert ("Allocation", "AllocationUpdated") in kinds
    placed = next(e for e in seen if e["Type"] == "PlanResult" and e["Topic"] == "Allocation")
    assert "life" in placed["FilterKeys"]
    assert placed["Payload"]["Allocation"]["ID"] == placed["Key"]
    assert not placed["Payload"]["Allocation"].get("Job")
    indexes = [e["Index"] for e in seen]
    assert indexes == sorted(indexes)


def test_only_what_was_asked_for_is_told(dev, subscribe):
    listener = subscribe("?topic=Job:mine&topic=Node:*")
    dev.run(job("other"))
    dev.run(job("mine"))
    seen = listener.until(lambda e: e["Key"] == "mine")
    assert {e["Topic"] for e in seen} <= {"Job", "Node"}
    assert all(e["Key"] == "mine" for e in seen if e["Topic"] == "Job")


def test_a_late_subscriber_begins_where_it_says(dev, subscribe):
    index = subscribe_index(dev)
    dev.run(job("early"))
    dev.wait_job("early", "dead")
    listener = subscribe(f"?topic=Job:early&index={index}")
    seen = listener.until(lambda e: e["Payload"]["Job"]["Status"] == "dead")
    assert seen[0]["Type"] == "JobRegistered" and seen[0]["Index"] > index


def subscribe_index(api):
    api.get("/v1/jobs")
    return int(api.headers["X-Nomad-Index"])


def test_a_namespace_hears_its_own(dev, subscribe):
    dev.put("/v1/namespace", {"Name": "quiet"})
    quiet, every = subscribe("?topic=Job:*&namespace=quiet"), subscribe("?topic=Job:*&namespace=*")
    dev.run(job("loud"))
    every.until(lambda e: e["Key"] == "loud")
    dev.cli("job", "run", "-detach", "-namespace", "quiet", "-", stdin=job("whisper"))
    assert [e["Key"] for e in quiet.until(lambda e: True)] == ["whisper"]


def test_an_unknown_topic_is_refused(dev):
    with pytest.raises(HttpError) as refused:
        dev.get("/v1/event/stream?topic=Weather:*")
    assert refused.value.code == 400 and "invalid topic" in refused.value.text


def test_the_command_line_follows_too(dev):
    command = subprocess.Popen([str(BIN), "events", "-topic", "Job:shown"], text=True,
                               stdout=subprocess.PIPE, env={"YURT_ADDR": dev.rpc, "PATH": "/bin"})
    try:
        lines = queue.Queue()
        threading.Thread(target=lambda: [lines.put(line) for line in command.stdout],
                         daemon=True).start()

        def registered():
            dev.run(job("shown", "exit 0 # " + str(lines.qsize())))
            try:
                return json.loads(lines.get(timeout=1))
            except queue.Empty:
                dev.delete("/v1/job/shown?purge=true")
                return None

        line = wait_for("a line", registered)
        assert line["Events"][0]["Key"] == "shown"
    finally:
        command.kill()
        command.wait()
