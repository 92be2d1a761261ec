"""The part of the tour in which models are released while requests go on."""
import json
import subprocess
import sys

from demo_cluster import EXAMPLES, Failure, wait_for


class Load:
    """examples/iris/load.py beside the cluster."""

    def __init__(self, cluster, service):
        self.process = subprocess.Popen(
            [sys.executable, EXAMPLES / "load.py", cluster.http, service], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.failed = 0
        self.requests = 0

    def report(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        line = json.loads(self.process.stdout.readline())
        self.failed += line["failed"]
        self.requests += line["failed"] + sum(v["requests"] for v in line["served"].values())
        for failure in line["failures"]:
            print(f"  failed: {failure}")
        return line["served"]

    def keys(self):
        """Who answered since the last look: tag and release."""
        return set(self.report())

    def show(self):
        for key, figures in self.report().items():
            tag, release = key.split(" ", 1)
            print(f"  {release:8} {tag:8} {figures['requests']:6} requests, "
                  f"median {figures['median_ms']} ms", flush=True)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(20)


def deployment(cluster):
    return cluster.get("/v1/job/iris-serve/deployment")


def run_release(cluster, release, model):
    # Detached: the tour looks at the deployment itself. 2: a canary's placement may still wait.
    cluster.cli("job", "run", "-detach", "-var", f"source={EXAMPLES}", "-var", f"model={model}",
                "-var", f"release={release}", EXAMPLES / "serve.nomad.hcl")
    version = cluster.get("/v1/job/iris-serve")["Version"]
    return wait_for("the deployment", lambda: (
        d if (d := deployment(cluster)) and d["JobVersion"] == version else None))


def new_model(cluster, load, model):
    print("\nA new model comes as one canary beside the three:")
    load.report()
    identity = run_release(cluster, "second", model)["ID"]
    wait_for("a healthy canary", lambda: (
        deployment(cluster)["TaskGroups"]["predict"]["HealthyAllocs"] >= 1))
    wait_for("an answer of the canary", lambda: any(
        i["Tags"] == ["canary"] for i in cluster.get("/v1/service/iris?healthy=true")))
    load.report()
    wait_for("answers of both", lambda: len(load.keys()) >= 2)
    load.show()
    print("It does well: promote it, and the old ones leave one by one.")
    cluster.cli("deployment", "promote", "-detach", identity)
    wait_for("the promotion to end", lambda: deployment(cluster)["Status"] == "successful")
    load.report()
    wait_for("requests of the new model alone", lambda: load.keys() == {"stable second"})
    load.show()


def broken_model(cluster, load, folder):
    print("\nA broken model is released, and goes back by itself:")
    broken = folder / "broken" / "model.json"
    broken.parent.mkdir()
    broken.write_text(json.dumps({"features": ["sepal_length", "sepal_width", "petal_length",
                                               "petal_width"],
                                  "species": ["setosa", "versicolor", "virginica"],
                                  "means": [0] * 4, "spreads": [1] * 4, "weights": []}))
    identity = run_release(cluster, "broken", broken)["ID"]
    wait_for("its failure", lambda: (
        cluster.get(f"/v1/deployment/{identity}")["Status"] == "failed"))
    cluster.cli("deployment", "status", identity)
    wait_for("the way back", lambda: (
        d if (d := deployment(cluster))["ID"] != identity and d["Status"] == "successful" else None))
    load.show()
    if cluster.get("/v1/job/iris-serve")["TaskGroups"][0]["Tasks"][0]["Env"]["RELEASE"] != "second":
        raise Failure("the good model is not back")


def release(cluster, folder, model):
    wait_for("three healthy instances", lambda: (
        len(cluster.get("/v1/service/iris?healthy=true")) == 3))
    load = Load(cluster, "iris")
    try:
        new_model(cluster, load, model)
        broken_model(cluster, load, folder)
        load.report()
    finally:
        load.stop()
    print(f"\n{load.requests} requests in all, {load.failed} failed", flush=True)
    if load.failed or load.requests == 0:
        raise Failure("requests failed while models were released")
