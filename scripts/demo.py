#!/usr/bin/env python3
"""The tour: train a model on real data and serve it, from job files in Nomad's language.

    demo.py PATH_TO_YURT

Starts `yurt dev` on free ports in a temporary folder, runs examples/iris, and leaves nothing behind.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

from demo_cluster import EXAMPLES, Cluster, Failure, wait_for
from demo_release import release


def say(text):
    print(f"\n\033[1m==> {text}\033[0m" if sys.stdout.isatty() else f"\n==> {text}", flush=True)


def running(cluster, job):
    allocs = cluster.get(f"/v1/job/{job}/allocations")
    return [a for a in allocs if a["ClientStatus"] == "running" and a["DesiredStatus"] == "run"]


def address_of(cluster, alloc_id):
    port = cluster.get(f"/v1/allocation/{alloc_id}")["AllocatedResources"]["Shared"]["Ports"][0]
    return f"http://{port['HostIP'] or '127.0.0.1'}:{port['Value']}"


def predict(address):
    query = "sepal_length=6.7&sepal_width=3.0&petal_length=5.2&petal_width=2.3"
    try:
        with urllib.request.urlopen(f"{address}/predict?{query}", timeout=2) as reply:
            return json.load(reply)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


def train(cluster, output):
    say("Train: a batch job, data and trainer in as artifacts, model and metrics out")
    cluster.cli("job", "run", "-var", f"source={EXAMPLES}", "-var", f"output={output}",
                EXAMPLES / "train.nomad.hcl")
    done = wait_for("the training to end", lambda: [
        a for a in cluster.get("/v1/job/iris-train/allocations")
        if a["ClientStatus"] in ("complete", "failed")])
    cluster.cli("alloc", "logs", done[0]["ID"])
    if done[0]["ClientStatus"] != "complete":
        cluster.cli("alloc", "status", done[0]["ID"])
        raise Failure("the training failed")
    metrics = json.loads((output / "metrics.json").read_text())
    print(f"metrics.json: {metrics}")


SWEEP = ["-once", "-wait", "-sweep", "rate=0.01,0.05,0.1,0.5", "-sweep", "epochs=5,20,80",
         "iris-sweep"]


def sweep(cluster, output):
    say("Sweep: twelve trials through a lane of four, the best first")
    cluster.cli("job", "run", "-var", f"source={EXAMPLES}", "-var", f"output={output}",
                EXAMPLES / "sweep.nomad.hcl")
    started = cluster.cli("job", "dispatch", *SWEEP)
    sweep_id = started.split("Sweep ID = ")[1].split()[0]
    cluster.cli("sweep", "results", "-sort", "accuracy", sweep_id)
    trials = cluster.get(f"/v1/sweep/{sweep_id}/trials")
    done = [t for t in trials if t["Result"]["Status"] == "complete"]
    if len(done) != 12 or not all("accuracy" in t["Result"]["Metrics"] for t in done):
        raise Failure(f"{len(done)} of 12 trials completed with metrics")
    say("Again: the same sweep is found, and nothing is run")
    if sweep_id not in cluster.cli("job", "dispatch", *SWEEP):
        raise Failure("the same sweep was started twice")
    best = sorted(done, key=lambda t: -t["Result"]["Metrics"]["accuracy"])[:2]
    return [output / f"rate-{t['Parameters']['rate']}-epochs-{t['Parameters']['epochs']}"
            for t in best]


def serve(cluster, model):
    say("Serve: three predictors, each on a port of its own")
    cluster.cli("job", "run", "-var", f"source={EXAMPLES}", "-var", f"model={model}",
                EXAMPLES / "serve.nomad.hcl")
    allocs = wait_for("three predictors", lambda: len(a := running(cluster, "iris-serve")) == 3 and a)
    address = address_of(cluster, allocs[0]["ID"])
    say(f"Predict: an unknown flower, asked of {address}")
    answer = wait_for("a prediction", lambda: predict(address))
    print(json.dumps(answer))
    return allocs[0]["ID"], address


def survive(cluster, alloc_id, address):
    say("Kill one predictor with SIGKILL and watch it come back")
    cluster.cli("alloc", "signal", "-s", "SIGKILL", alloc_id)
    wait_for("the restart", lambda: (cluster.get(f"/v1/allocation/{alloc_id}")["TaskStates"]
                                     ["predict"]["Restarts"] >= 1))
    print(json.dumps(wait_for("a prediction after the restart", lambda: predict(address))))
    cluster.cli("job", "status", "iris-serve")


def stop(cluster):
    say("Stop everything")
    cluster.cli("job", "stop", "iris-serve")
    wait_for("the predictors to end", lambda: not any(
        a["ClientStatus"] in ("running", "pending")
        for a in cluster.get("/v1/job/iris-serve/allocations")))


def main():
    yurt = pathlib.Path(sys.argv[1]).resolve()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="yurt-demo-"))
    cluster = None
    try:
        say("Start yurt dev: a server and an agent in one process")
        cluster = Cluster(yurt, folder)
        wait_for("the node", lambda: [n for n in cluster.get("/v1/nodes") if n["Status"] == "ready"])
        train(cluster, folder / "model")
        second, best = reversed(sweep(cluster, folder / "trials"))
        alloc_id, address = serve(cluster, second / "model.json")
        survive(cluster, alloc_id, address)
        say("Release: a better model as a canary, then a broken one, under constant requests")
        release(cluster, folder, best / "model.json")
        stop(cluster)
        say("Done: trained, swept, served, survived, released, stopped")
        return 0
    except Failure as failure:
        print(f"\ndemo: {failure}", file=sys.stderr)
        log = folder / "yurt.log"
        if log.exists():
            print("the end of yurt's log:\n" + "\n".join(log.read_text().splitlines()[-20:]),
                  file=sys.stderr)
        return 1
    finally:
        if cluster:
            for job in ("iris-serve", "iris-train", "iris-sweep"):
                subprocess.run([str(yurt), "job", "stop", "-purge", "-detach", job],
                               env={**os.environ, "YURT_ADDR": cluster.rpc},
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
