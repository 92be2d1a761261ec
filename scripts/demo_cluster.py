"""`yurt dev` as the tour uses it: started in a folder of its own, asked, stopped."""
import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.request

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent / "examples" / "iris"
PATIENCE_S = 60


class Failure(Exception):
    pass


class Cluster:
    """`yurt dev` in a folder of its own."""

    def __init__(self, yurt, folder, *arguments):
        self.yurt = yurt
        self.folder = folder
        self.log = open(folder / "yurt.log", "wb")
        self.process = subprocess.Popen(
            [yurt, "dev", "-data-dir", folder / "data", "-http-port", "0", "-rpc-port", "0",
             *arguments],
            stdout=subprocess.PIPE, stderr=self.log)
        line = self.process.stdout.readline().decode()
        if "gRPC" not in line:
            raise Failure(f"yurt dev did not start: {(folder / 'yurt.log').read_text()}")
        print(line.strip())
        self.http = line.split("HTTP ")[1].split(",")[0]
        self.rpc = line.split("gRPC ")[1].split(",")[0]

    def cli(self, *words, codes=(0,)):
        command = [str(self.yurt), *map(str, words)]
        print(f"$ yurt {' '.join(command[1:])}", flush=True)
        done = subprocess.run(command, env={**os.environ, "YURT_ADDR": self.rpc}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        print(done.stdout, end="", flush=True)
        if done.returncode not in codes:
            raise Failure(f"`yurt {' '.join(command[1:])}` exited with {done.returncode}")
        return done.stdout

    def get(self, path):
        with urllib.request.urlopen(self.http + path, timeout=10) as reply:
            return json.load(reply)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


def wait_for(what, condition):
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Failure(f"waited {PATIENCE_S} s for {what}")
        time.sleep(0.05)
