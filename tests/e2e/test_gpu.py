"""GPUs: found, shown, given to tasks, watched and given up on, through a stand-in of NVIDIA's library."""
import json
import os

import pytest

from yurt import BIN, wait_for

STANDIN = BIN.parent / "libyurt-nvml-standin.so"
QUICK = 'server {\n heartbeat_grace = "1s"\n min_heartbeat_ttl = "1s"\n}\n'


class Machine:
    """An agent whose GPUs are what a file says."""

    def __init__(self, cluster, name, server, cards):
        self.file = cluster.folder / f"{name}-gpus.json"
        self.cards = cards
        self.show()
        self.process = cluster.agent(name, [server], config(), env={"YURT_NVML_STANDIN": str(self.file)})

    def show(self):
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps({"gpus": self.cards, "scan_processes": True}))
        os.rename(new, self.file)


def config(more=""):
    return f'client {{\n gpu {{\n nvml_library = "{STANDIN}"\n {more}\n }}\n}}\n'


def card(uuid, model="NVIDIA A100", memory=40960, **more):
    return {"uuid": uuid, "name": model, "memory_mib": memory, "power_limit_w": 400, "power_w": 90,
            "temperature": 40, "ecc": 0, "xids": [], **more}


def device(more="", name="nvidia/gpu"):
    return f'resources {{\n cpu = 20\n memory = 30\n device "{name}" {{\n {more}\n }}\n }}'


def job(name, script, kind="batch", group="", task=""):
    return f'''
job "{name}" {{
  type = "{kind}"
  group "g" {{
    {group}
    task "main" {{
      driver = "raw_exec"
      config {{
        command = "/bin/sh"
        args    = ["-c", {json.dumps(script)}]
      }}
      {task}
    }}
  }}
}}'''


def devices_of(api, name):
    node = next(n for n in api.get("/v1/nodes") if n["Name"] == name)
    return {i["ID"]: i for d in api.get(f"/v1/node/{node['ID']}")["NodeResources"]["Devices"] or []
            for i in d["Instances"]}


def node_id(api, name):
    return next(n["ID"] for n in api.get("/v1/nodes") if n["Name"] == name)


@pytest.fixture
def two(cluster):
    """Two machines, one with two big cards and one with a small one."""
    server = cluster.server("s1", config=QUICK)
    machines = {"big": Machine(cluster, "big", server, [card("GPU-b0"), card("GPU-b1")]),
                "small": Machine(cluster, "small", server, [card("GPU-s0", "NVIDIA T4", 15360)])}
    server.api.wait_node(2)
    yield server.api, machines
    for found in server.api.get("/v1/jobs"):
        server.api.cli("job", "stop", "-purge", "-detach", found["ID"], code=None)
    wait_for("the tasks to end", lambda: not cluster.shims())


def test_cards_are_found_and_constraints_on_their_attributes_hold(two):
    api, _ = two
    node = api.get(f"/v1/node/{node_id(api, 'big')}")
    group = node["NodeResources"]["Devices"][0]
    assert (group["Vendor"], group["Type"], group["Name"]) == ("nvidia", "gpu", "NVIDIA A100")
    assert group["Attributes"]["memory"] == {"Int": 40960, "Unit": "MiB"} or \
        group["Attributes"]["memory"]["Int"] == 40960
    assert node["Attributes"]["gpu.count"] == "2" and node["Attributes"]["gpu.share"] == "true"
    constraint = 'constraint {\n attribute = "${device.attr.memory}"\n operator = ">"\n value = "20000"\n}'
    api.run(job("wants-much", 'echo "gpu=$CUDA_VISIBLE_DEVICES $NVIDIA_VISIBLE_DEVICES"',
                task=device(constraint)))
    done = api.wait_allocs("wants-much", "complete")[0]
    assert done["NodeName"] == "big"
    granted = api.alloc(done["ID"])["AllocatedResources"]["Tasks"]["main"]["Devices"][0]["DeviceIDs"]
    assert api.logs(done["ID"], "main") == f"gpu={granted[0]} {granted[0]}\n"


def test_a_card_that_fails_is_given_up_and_its_tasks_run_elsewhere(two):
    api, machines = two
    stanza = 'reschedule {\n delay = "5s"\n delay_function = "constant"\n unlimited = true\n}'
    api.run(job("svc", "exec sleep 1000", "service", stanza, task=device()))
    first = api.wait_allocs("svc", "running")[0]
    uuid = api.alloc(first["ID"])["AllocatedResources"]["Tasks"]["main"]["Devices"][0]["DeviceIDs"][0]
    machine = machines[first["NodeName"]]
    broken = next(c for c in machine.cards if c["uuid"] == uuid)
    broken["xids"] = [79]
    machine.show()
    wait_for("the card to be unhealthy", lambda: not devices_of(api, first["NodeName"])[uuid]["Healthy"])
    failed = wait_for("its task to fail", lambda: (
        a := api.alloc(first["ID"]))["ClientStatus"] == "failed" and a)
    events = failed["TaskStates"]["main"]["Events"]
    assert any(e["Type"] == "Device Failed" and uuid in e["DisplayMessage"] and "Xid 79" in e["DisplayMessage"]
               for e in events)
    second = wait_for("another to run", lambda: next(
        (a for a in api.allocs("svc") if a["ClientStatus"] == "running" and a["ID"] != first["ID"]), None))
    other = api.alloc(second["ID"])["AllocatedResources"]["Tasks"]["main"]["Devices"][0]["DeviceIDs"]
    assert other != [uuid]
    told = api.get(f"/v1/node/{node_id(api, first['NodeName'])}")["Events"]
    assert any(e["Subsystem"] == "Device" and "is unhealthy: Xid 79" in e["Message"] for e in told)
    # Away and back: it was reset.
    broken["lost"] = True
    machine.show()
    wait_for("it to be gone", lambda: "no longer answers" in
             devices_of(api, first["NodeName"])[uuid]["HealthDescription"])
    broken.update(lost=False, xids=[])
    machine.show()
    wait_for("it to be healthy again", lambda: devices_of(api, first["NodeName"])[uuid]["Healthy"])
    wait_for("the node's event", lambda: any("is healthy again" in e["Message"] for e in api.get(
        f"/v1/node/{node_id(api, first['NodeName'])}")["Events"]))


def test_use_is_told_by_card_and_by_task(two):
    api, _ = two
    env = 'env {\n NVML_STANDIN_MEMORY_MIB = "2048"\n NVML_STANDIN_SM = "37"\n}\n'
    api.run(job("busy", "exec sleep 1000", task=env + device(name="nvidia/gpu/NVIDIA T4")))
    alloc = api.wait_allocs("busy", "running")[0]

    def instance():
        stats = api.get(f"/v1/client/stats?node_id={alloc['NodeID']}")["DeviceStats"]
        found = stats[0]["InstanceStats"]["GPU-s0"]
        # One look asks for the memory first, and then for the processes.
        return found if found["Summary"]["IntNumeratorVal"] and found["Processes"] else None
    seen = wait_for("the process", instance)
    assert seen["Stats"]["Attributes"]["GPU utilization"]["IntNumeratorVal"] == 37
    assert seen["Summary"]["IntNumeratorVal"] == 2048 and seen["Summary"]["IntDenominatorVal"] == 15360
    assert seen["Processes"][0]["AllocID"] == alloc["ID"] and seen["Processes"][0]["Task"] == "main"
    own = api.get(f"/v1/client/allocation/{alloc['ID']}/stats")
    for use in (own["ResourceUsage"], own["Tasks"]["main"]["ResourceUsage"]):
        process = use["DeviceStats"][0]["InstanceStats"]["GPU-s0"]["Processes"][0]
        assert process["MemoryBytes"] == 2048 << 20 and process["Utilization"] == 37
    wait_for("the peak", lambda: (api.alloc(alloc["ID"])["TaskStates"]["main"].get("Metrics") or {})
             .get("gpu_memory_peak_mib") == 2048)

    metrics = wait_for("the heartbeat's figures", lambda: (text := api.get(
        "/v1/metrics?format=prometheus", raw=True).decode()) and "yurt_gpu_task_memory_bytes" in text and text)
    assert 'yurt_gpu_utilization_percent{node="small",gpu="GPU-s0",model="NVIDIA T4"} 37\n' in metrics
    assert f'alloc_id="{alloc["ID"]}",task="main"}} {2048 << 20}\n' in metrics

    assert "nvidia/gpu/NVIDIA T4[GPU-s0]" in api.cli("node", "status", "-stats", alloc["NodeID"]).stdout
    shown = api.cli("alloc", "status", "-stats", alloc["ID"]).stdout
    assert "Device Utilization" in shown and "2.0 GiB" in shown
    top = api.cli("gpu", "top", "-once").stdout
    assert "busy " + alloc["ID"][:8] + " main" in top and "2.0/15.0 GiB" in top
    assert "3 GPUs: 2 idle, 0 unhealthy" in top
    rows = {row["ID"]: row for row in json.loads(api.cli("gpu", "top", "-json").stdout)}
    assert rows["GPU-s0"]["Tasks"][0] == {
        "AllocID": alloc["ID"], "JobID": "busy", "Task": "main", "Worker": None,
        "MemoryBytes": 2048 << 20, "Utilization": 37, "GrantedMemoryMiB": 0, "GrantedFraction": 0}
    assert rows["GPU-b0"]["Idle"] and rows["GPU-b0"]["PowerLimitW"] == 400


def test_a_watchdog_notices_a_task_that_does_nothing(two):
    api, _ = two

    def guarded(name, action, script):
        watchdog = (f'watchdog {{\n gpu_util_below = 2\n no_output = "2s"\n action = "{action}"\n}}\n'
                    'env {\n NVML_STANDIN_MEMORY_MIB = "100"\n NVML_STANDIN_SM = "%s"\n}\n' %
                    ("50" if name == "works" else "0"))
        api.run(job(name, script, task=watchdog + device(),
                    group='restart {\n attempts = 0\n}\nreschedule {\n attempts = 0\n unlimited = false\n}'))

    def events(name):
        return [e for a in api.allocs(name) for e in a["TaskStates"]["main"]["Events"]]

    guarded("told", "event", "exec sleep 1000")
    guarded("again", "restart", "exec sleep 1000")
    guarded("works", "stop", "exec sleep 1000")
    wait_for("the event", lambda: [e for e in events("told") if e["Type"] == "Watchdog"])
    wait_for("the restart", lambda: [e for e in events("again") if e["Type"] == "Restart Signaled"
                                     and "no output and GPU utilization below 2%" in e["DisplayMessage"]])
    assert api.allocs("told")[0]["ClientStatus"] == "running"
    # As long as its card is busy, silence is no idleness.
    assert api.allocs("works")[0]["ClientStatus"] == "running"
    api.cli("job", "stop", "-purge", "-detach", "told")
    guarded("ends", "stop", "exec sleep 1000")
    failed = api.wait_allocs("ends", "failed")[0]
    assert any(e["Type"] == "Watchdog" and e["FailsTask"]
               for e in failed["TaskStates"]["main"]["Events"])
    refused = api.run(job("wrong", "true", task='watchdog {\n gpu_util_below = 2\n}'), code=1)
    assert "gpu_util_below needs a GPU" in refused.stderr


def test_a_task_reaches_its_own_cards_device_files_only(cluster):
    """Where control groups of the devices controller are to be had."""
    if not os.path.isdir("/sys/fs/cgroup/devices") or os.geteuid() != 0:
        pytest.skip("no devices controller")
    made = []
    try:
        # Stand-ins of the cards' files: numbers that no driver has, so that to open one that is
        # allowed says ENXIO and one that is not says EPERM.
        for minor in (240, 241):
            if not os.path.exists(f"/dev/nvidia{minor}"):
                os.mknod(f"/dev/nvidia{minor}", 0o20666, os.makedev(195, minor))
                made.append(f"/dev/nvidia{minor}")
        server = cluster.server("s1", config=QUICK)
        Machine(cluster, "a1", server, [card("GPU-0", minor=240), card("GPU-1", minor=241)])
        api = server.api
        api.wait_node(1)
        script = ('for n in 240 241; do cat /dev/nvidia$n 2>&1; done; '
                  'echo $CUDA_VISIBLE_DEVICES')
        api.run(job("confined", script, task=device()))
        done = wait_for("its end", lambda: next((a for a in api.allocs("confined") if a["ClientStatus"] in
                                                 ("complete", "failed")), None))
        lines = api.logs(done["ID"], "main").splitlines()
        own, other = (240, 241) if lines[2] == "GPU-0" else (241, 240)
        assert any(f"/dev/nvidia{other}: Operation not permitted" in line for line in lines), lines
        assert any(f"/dev/nvidia{own}: No such device" in line for line in lines), lines
    finally:
        for path in made:
            os.unlink(path)


def test_a_machine_without_gpus_or_with_the_switch_off_offers_none(cluster):
    server = cluster.server("s1", config=QUICK)
    cluster.agent("none", [server], config())  # the library is there, the driver is not
    cluster.agent("off", [server], config("enabled = false"))
    server.api.wait_node(2)
    assert devices_of(server.api, "none") == {} and devices_of(server.api, "off") == {}
    assert "No GPUs" in server.api.cli("gpu", "top", "-once").stdout
