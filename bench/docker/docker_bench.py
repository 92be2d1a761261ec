#!/usr/bin/env python3
"""What the docker driver costs, against the Docker Engine alone, which this starts by itself.

    docker_bench.py YURT [--quick] [--folder FOLDER] [ROW...]

container_start_overhead_ms: from the registration of a job to the start of its container, less the
same from the first call of the Engine's API, for one image, one after the other, medians.
agent_rss_mib_200_containers, agent_cpu_percent_200_containers: of an agent that looks after so many
running ones. Prints one JSON object a row. Needs root and the packages of the end-to-end tests.
"""
import argparse
import contextlib
import datetime
import json
import os
import statistics
import sys
import time
from pathlib import Path

E2E = Path(__file__).resolve().parents[2] / "tests" / "e2e"

STARTS, CONTAINERS, WATCH_S = 30, 200, 30.0
QUICK_STARTS, QUICK_CONTAINERS, QUICK_WATCH_S = 8, 20, 5.0


def row(name, value, unit, aim=None, limit=None, **circumstances):
    print(json.dumps({"row": name, "value": value, "unit": unit, "aim": aim, "better": "lower",
                      "met": None if aim is None else value <= aim, "limit": limit,
                      "share_of_limit": None, **circumstances}), flush=True)


def started_at(details):
    """The Engine's own time of a container's start, as seconds since the epoch."""
    text = details["State"]["StartedAt"]
    whole, fraction = text.rstrip("Z").split(".")
    base = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc)
    return base.timestamp() + float("0." + fraction)


def plain_start(engine, image):
    """Seconds from the first call to the container's start."""
    begin = time.time()
    made = engine.call("POST", "/containers/create", {"Image": image, "Cmd": ["sleep", "600"]})
    engine.call("POST", f"/containers/{made['Id']}/start")
    took = started_at(engine.call("GET", f"/containers/{made['Id']}/json")) - begin
    engine.call("DELETE", f"/containers/{made['Id']}?force=1")
    return took


def job(name, image, count=1):
    return {"Job": {"ID": name, "Name": name, "Type": "service", "TaskGroups": [{
        "Name": "g", "Count": count, "EphemeralDisk": {"SizeMB": 11}, "Tasks": [{
            "Name": "t", "Driver": "docker", "KillTimeout": 0,
            "Config": {"image": image, "command": "sleep", "args": ["600"]},
            "LogConfig": {"MaxFiles": 1, "MaxFileSizeMB": 10},
            "Resources": {"CPU": 1, "MemoryMB": 10}}]}]}}


def yurt_start(api, engine, image, name, wait_for):
    begin = time.time()
    api.put("/v1/jobs", job(name, image))
    alloc = wait_for(f"{name} to run", lambda: next(
        (a for a in api.allocs(name) if a["ClientStatus"] == "running"), None))
    found = engine.container_of(alloc["ID"])
    took = started_at(engine.call("GET", f"/containers/{found['Id']}/json")) - begin
    api.delete(f"/v1/job/{name}?purge=true")
    return took


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no VmRSS of process {pid}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("yurt", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--folder", help="not used: the Engine has a folder of its own")
    parser.add_argument("rows", nargs="*")
    options = parser.parse_intermixed_args()
    os.environ["YURT_BIN"] = str(options.yurt.resolve())
    sys.path.insert(0, str(E2E))
    from docker_engine import DockerEngine, why_no_engine
    from docker_jobs import plugin
    from yurt import Cluster, wait_for

    reason = why_no_engine()
    if reason:
        sys.exit(f"docker_bench: {reason}")

    def wanted(name):
        return not options.rows or name in options.rows

    with contextlib.ExitStack() as undo:
        engine = DockerEngine()
        undo.callback(engine.close)
        cluster = Cluster()
        undo.callback(cluster.close)
        server = cluster.server("s")
        agent = cluster.agent("a", [server], plugin(engine))
        api = server.api
        api.wait_node()
        image = DockerEngine.IMAGE

        if wanted("container_start_overhead_ms"):
            starts = QUICK_STARTS if options.quick else STARTS
            plain, ours = [], []
            plain_start(engine, image), yurt_start(api, engine, image, "warm", wait_for)
            for i in range(starts):  # in turns, so that both meet the same machine
                plain.append(plain_start(engine, image))
                ours.append(yurt_start(api, engine, image, f"start-{i}", wait_for))
            plain_ms = statistics.median(plain) * 1000
            ours_ms = statistics.median(ours) * 1000
            row("container_start_overhead_ms", ours_ms - plain_ms, "ms", limit=plain_ms,
                engine_ms=plain_ms, yurt_ms=ours_ms, starts=starts)

        if wanted("agent_rss_mib_200_containers") or wanted("agent_cpu_percent_200_containers"):
            count = QUICK_CONTAINERS if options.quick else CONTAINERS
            watch_s = QUICK_WATCH_S if options.quick else WATCH_S
            api.put("/v1/jobs", job("many", image, count))
            wait_for(f"{count} containers", lambda: len(
                [a for a in api.allocs("many") if a["ClientStatus"] == "running"]) == count, 600)
            time.sleep(1 if options.quick else 15)  # what follows a start has passed
            pid = agent.process.pid
            before, begin = cpu_seconds(pid), time.monotonic()
            time.sleep(watch_s)
            share = 100 * (cpu_seconds(pid) - before) / (time.monotonic() - begin)
            row("agent_rss_mib_200_containers", rss_mib(pid), "MiB", containers=count)
            row("agent_cpu_percent_200_containers", share, "% of a core", containers=count)
            api.delete("/v1/job/many?purge=true")
            wait_for("no container", lambda: not engine.containers(), 600)


if __name__ == "__main__":
    main()
