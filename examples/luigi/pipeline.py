"""A Luigi task that trains on Yurt, through python-nomad: asked for twice, it runs once.

    NOMAD_ADDR=http://127.0.0.1:4646 python -m luigi --module pipeline Train \
        --local-scheduler --job train --lr 0.1
"""
import hashlib
import json
import os
import time
import urllib.request

import luigi
import nomad


ADDRESS = os.environ.get("NOMAD_ADDR", "http://127.0.0.1:4646")


def client():
    return nomad.Nomad(address=ADDRESS)


class FinishedRun(luigi.Target):
    """Exists once a run with this token has completed."""

    def __init__(self, job, token):
        self.job, self.token = job, token

    def find(self):
        with urllib.request.urlopen(f"{ADDRESS}/v1/runs?job={self.job}") as reply:
            runs = json.load(reply)
        return next((r for r in runs if r["IdempotencyToken"] == self.token
                     and r["Status"] == "complete"), None)

    def exists(self):
        return self.find() is not None


class Train(luigi.Task):
    job = luigi.Parameter()
    lr = luigi.Parameter()

    def token(self):
        return "once-" + hashlib.sha256(f"{self.job} {self.lr}".encode()).hexdigest()[:40]

    def output(self):
        return FinishedRun(self.job, self.token())

    def run(self):
        api = client()
        child = api.job.request(self.job, "dispatch", method="post",
                                params={"idempotency_token": self.token()},
                                json={"Meta": {"lr": self.lr}}).json()["DispatchedJobID"]
        while api.job.get_job(child)["Status"] != "dead":
            time.sleep(0.2)  # between two looks
        if not self.output().exists():
            raise RuntimeError(f"{child} did not complete")
