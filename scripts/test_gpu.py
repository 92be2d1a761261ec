#!/usr/bin/env python3
"""Checks Yurt on this machine's real NVIDIA card: test_gpu.py YURT_BINARY

Compares what the agent finds with what nvidia-smi says, looks at a task's environment, and runs 1, 2
and 4 tasks that share a card, with the utilization and throughput of each. The work is PyTorch's or
CuPy's where python3 has one of them; otherwise every task only asks NVML, as often as it can.
Exit code 0: all checks hold; 1: one does not; 77: there is no card to check.
"""
import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

SECONDS = 15
NO_CARD = 77

TORCH = """
import time, torch
a = torch.randn(4096, 4096, device="cuda", dtype=torch.float16)
steps, end = 0, time.time() + {seconds}
while time.time() < end:
    for _ in range(20):
        a @ a
    torch.cuda.synchronize()
    steps += 20
print(steps)
"""
CUPY = """
import time, cupy
a = cupy.random.rand(4096, 4096, dtype=cupy.float32)
steps, end = 0, time.time() + {seconds}
while time.time() < end:
    for _ in range(20):
        a @ a
    cupy.cuda.Stream.null.synchronize()
    steps += 20
print(steps)
"""
NVML_ONLY = """
import ctypes, time
nvml = ctypes.CDLL("libnvidia-ml.so.1")
assert nvml.nvmlInit_v2() == 0
device, use = ctypes.c_void_p(), (ctypes.c_uint * 2)()
assert nvml.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(device)) == 0
steps, end = 0, time.time() + {seconds}
while time.time() < end:
    nvml.nvmlDeviceGetUtilizationRates(device, use)
    steps += 1
print(steps)
"""


def cards():
    """(UUID, memory in MiB) of each card, as nvidia-smi tells it; NVML's count where there is none."""
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError as error:
        return None, f"NVIDIA's management library is not here: {error}"
    if (code := nvml.nvmlInit_v2()) != 0:
        return None, f"NVIDIA's management library does not start (error {code})"
    if not shutil.which("nvidia-smi"):
        count = ctypes.c_uint()
        nvml.nvmlDeviceGetCount_v2(ctypes.byref(count))
        return ([("", 0)] * count.value, "") if count.value else (None, "the driver lists no card")
    asked = subprocess.run(["nvidia-smi", "--query-gpu=uuid,memory.total", "--format=csv,noheader,nounits"],
                           capture_output=True, text=True, check=False)
    found = [tuple(line.split(", ")) for line in asked.stdout.splitlines() if ", " in line]
    return ([(uuid, int(float(memory))) for uuid, memory in found], "") if found else (
        None, "nvidia-smi lists no card: " + (asked.stdout + asked.stderr).strip())


def work():
    for module, script in (("torch", TORCH), ("cupy", CUPY)):
        usable = f"import {module}; assert {module}.cuda.is_available()" if module == "torch" else \
            "import cupy; cupy.cuda.runtime.getDeviceCount()"
        if subprocess.run([sys.executable, "-c", usable], capture_output=True, check=False).returncode == 0:
            return module, script
    return "NVML only: no CUDA library for python3", NVML_ONLY


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Yurt:
    def __init__(self, binary, folder):
        self.binary, self.http, self.rpc = binary, free_port(), free_port()
        self.log = open(folder / "yurt.log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [binary, "dev", "-data-dir", folder / "data", "-http-port", str(self.http), "-rpc-port",
             str(self.rpc)], stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)

    def get(self, path, raw=False):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=30) as reply:
            content = reply.read()
        return content.decode() if raw else json.loads(content)

    def run(self, hcl):
        subprocess.run([self.binary, "job", "run", "-detach", "-"], input=hcl, text=True, check=True,
                       capture_output=True, env={**os.environ, "YURT_ADDR": f"127.0.0.1:{self.rpc}"})

    def wait(self, what, condition, patience_s=120):
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            try:
                if found := condition():
                    return found
            except (urllib.error.URLError, ConnectionError):
                pass
            time.sleep(0.2)
        raise SystemExit(f"waited {patience_s} s for {what}; see {self.log.name}")

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def job(name, count, script, share):
    return f'''
job "{name}" {{
  type = "batch"
  group "g" {{
    count = {count}
    task "t" {{
      driver = "raw_exec"
      config {{
        command = "{sys.executable}"
        args    = ["-c", {json.dumps(script)}]
      }}
      resources {{
        cpu = 50
        device "nvidia/gpu" {{
          {f"share_devices {{ fraction = {1 / count} }}" if share else ""}
        }}
      }}
    }}
  }}
}}'''


def ended(yurt, name, count):
    found = [a for a in yurt.get(f"/v1/job/{name}/allocations")
             if a["ClientStatus"] in ("complete", "failed")]
    return found if len(found) == count else None


def output(yurt, alloc):
    return yurt.get(f"/v1/client/fs/logs/{alloc['ID']}?task=t&type=stdout&plain=true", raw=True).strip()


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    known, why = cards()
    if known is None:
        print(f"No NVIDIA card to test on: {why}.\n"
              "The same checks run on a stand-in with the other tests: ./dev test -R gpu")
        return NO_CARD
    folder = pathlib.Path(tempfile.mkdtemp(prefix="yurt-gpu-"))
    yurt = Yurt(binary, folder)
    failures = []

    def check(what, holds, seen=""):
        print(("ok    " if holds else "FAIL  ") + what + (f": {seen}" if seen else ""))
        if not holds:
            failures.append(what)

    try:
        node = yurt.wait("the node", lambda: (yurt.get("/v1/nodes") or [None])[0])
        full = yurt.get(f"/v1/node/{node['ID']}")
        found = {i["ID"]: i for d in full["NodeResources"]["Devices"] or [] if d["Vendor"] == "nvidia"
                 for i in d["Instances"]}
        print(json.dumps([{k: d[k] for k in ("Vendor", "Type", "Name", "Attributes")}
                          for d in full["NodeResources"]["Devices"] or []], indent=1))
        whole = {uuid: i for uuid, i in found.items() if not uuid.startswith("MIG-")}
        if known[0][0] and len(whole) == len(found):
            check("the agent finds the cards that nvidia-smi lists", set(found) == {u for u, _ in known},
                  ", ".join(found))
            close = all(abs(found[u]["MemoryMiB"] - memory) < 1024 for u, memory in known if u in found)
            check("their memory is what nvidia-smi says", close)
        else:
            check("the agent finds cards", bool(found), ", ".join(found))
        check("they are healthy", all(i["Healthy"] for i in found.values()))
        yurt.run(job("env", 1, "import os; print(os.environ['CUDA_VISIBLE_DEVICES'])", False))
        alloc = yurt.wait("the first task", lambda: ended(yurt, "env", 1))[0]
        check("a task is told its card by UUID", output(yurt, alloc) in found, output(yurt, alloc))

        kind, script = work()
        print(f"\nWork: {kind}; {SECONDS} s each")
        print(f"{'tasks':>5}  {'steps/s':>10}  {'GPU used':>8}")
        for count in (1, 2, 4):
            name = f"work-{count}"
            yurt.run(job(name, count, script.format(seconds=SECONDS), count > 1))
            seen = []
            while not (done := ended(yurt, name, count)):
                stats = yurt.get(f"/v1/client/stats?node_id={node['ID']}")["DeviceStats"]
                for group in stats:
                    for one in group["InstanceStats"].values():
                        use = one["Stats"]["Attributes"].get("GPU utilization")
                        if one["Processes"] or kind.startswith("NVML"):
                            seen.append(use["IntNumeratorVal"] if use else 0)
                time.sleep(1)
            good = [a for a in done if a["ClientStatus"] == "complete"]
            steps = sum(int(output(yurt, a).splitlines()[-1]) for a in good)
            used = sum(seen) / len(seen) if seen else 0
            print(f"{count:>5}  {steps / SECONDS:>10.1f}  {used:>7.0f}%")
            check(f"{count} tasks share the card and complete", len(good) == count)
    finally:
        yurt.close()
    if failures:
        print(f"\n{len(failures)} checks failed; the log is {yurt.log.name}")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main())
