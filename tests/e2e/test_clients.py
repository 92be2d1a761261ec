"""Other people's clients, unchanged."""
import urllib.parse

import nomad
import pytest
from yurt import HttpError, wait_for

JOB = {
    "ID": "from-python", "Name": "from-python", "Type": "batch", "Datacenters": ["*"],
    "TaskGroups": [{
        "Name": "g", "Count": 1,
        "Tasks": [{"Name": "t", "Driver": "raw_exec",
                   "Config": {"command": "/bin/echo", "args": ["hello", "python"]},
                   "Resources": {"CPU": 20, "MemoryMB": 32}}],
    }],
}


@pytest.fixture
def client(dev):
    url = urllib.parse.urlparse(dev.http)
    return nomad.Nomad(host=url.hostname, port=url.port, timeout=10)


def test_python_nomad_registers_a_job_follows_it_and_reads_its_logs(client):
    reply = client.jobs.register_job({"Job": JOB})
    assert reply["EvalID"]
    wait_for("the evaluation",
             lambda: client.evaluation.get_evaluation(reply["EvalID"])["Status"] == "complete")
    alloc = wait_for("the allocation to end", lambda: [
        a for a in client.job.get_allocations("from-python") if a["ClientStatus"] == "complete"])[0]
    logs = client.client.stream_logs.stream(alloc["ID"], "t", "stdout", plain=True)
    assert "hello python" in logs
    assert "from-python" in client.jobs
    assert client.job.get_summary("from-python")["Summary"]["g"]["Complete"] == 1
    assert client.agent.get_members()["Members"]
    assert client.status.leader.get_leader()
    client.job.deregister_job("from-python", purge=True)


def test_python_nomad_sees_nodes_and_their_statistics(client):
    node = client.nodes.get_nodes()[0]
    assert client.node.get_node(node["ID"])["Status"] == "ready"
    assert client.regions.get_regions() == ["global"]


def test_unknown_things_are_404_and_bad_bodies_are_told_apart(dev):
    for path, text in (("/v1/job/none", "job not found"),
                       ("/v1/allocation/" + "0" * 8 + "-0000-0000-0000-" + "0" * 12, "alloc not found"),
                       ("/v1/node/" + "0" * 8 + "-0000-0000-0000-" + "0" * 12, "node not found")):
        with pytest.raises(HttpError) as error:
            dev.get(path)
        assert error.value.code == 404 and text in error.value.text
    with pytest.raises(HttpError) as error:
        dev.put("/v1/jobs", b"{")
    assert error.value.code == 400


def test_parsing_validating_and_paging(dev):
    hcl = 'job "p" {\n group "g" {\n task "t" {\n driver = "raw_exec"\n }\n }\n}'
    parsed = dev.put("/v1/jobs/parse", {"JobHCL": hcl, "Canonicalize": True})
    assert parsed["ID"] == "p" and parsed["TaskGroups"][0]["Count"] == 1
    invalid = dev.put("/v1/validate/job", {"Job": {**JOB, "TaskGroups": []}})
    assert invalid["ValidationErrors"]
    for i in range(5):
        dev.put("/v1/jobs", {"Job": {**JOB, "ID": f"page-{i}", "Name": f"page-{i}"}})
    seen, token = [], ""
    while True:
        page = dev.get(f"/v1/jobs?prefix=page-&per_page=2&next_token={token}")
        seen += [j["ID"] for j in page]
        token = dev.headers.get("X-Nomad-NextToken", "")
        if not token:
            break
    assert seen == [f"page-{i}" for i in range(5)]
    filtered = dev.get("/v1/jobs?filter=" + urllib.parse.quote('ID == "page-3"'))
    assert [j["ID"] for j in filtered] == ["page-3"]


def test_a_blocking_query_answers_when_something_changes(dev):
    import threading
    dev.get("/v1/jobs")
    index = int(dev.headers["X-Nomad-Index"])
    assert index > 0
    answers = []
    from yurt import Api
    other = Api(dev.http, dev.rpc)
    waiter = threading.Thread(target=lambda: answers.append(
        other.get(f"/v1/jobs?index={index}&wait=60s")))
    waiter.start()
    dev.put("/v1/jobs", {"Job": {**JOB, "ID": "news", "Name": "news"}})
    waiter.join(30)
    assert answers and int(other.headers["X-Nomad-Index"]) > index


def test_metrics_come_as_json_and_as_prometheus_text(dev):
    assert "Gauges" in dev.get("/v1/metrics")
    assert "yurt_raft_applied_index" in dev.get("/v1/metrics?format=prometheus", raw=True).decode()
