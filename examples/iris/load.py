"""Asks a service for predictions without a pause, and counts what it gets.

    load.py YURT_HTTP_ADDRESS SERVICE

Finds the instances through service discovery, only healthy ones, and looks again ten times a second.
Each line read from standard input is answered with one line of JSON: requests, failures and the
median time, for each tag ("stable", "canary") and release since the last line. Ends with its input.
"""
import json
import statistics
import sys
import threading
import time
import urllib.request

QUERY = "sepal_length=6.7&sepal_width=3.0&petal_length=5.2&petal_width=2.3"


class Load:
    def __init__(self, address, service):
        self.url = f"{address}/v1/service/{service}?healthy=true"
        self.lock = threading.Lock()
        self.counts = {}
        self.failures = []
        self.ended = threading.Event()
        self.instances = self.look()

    def look(self):
        with urllib.request.urlopen(self.url, timeout=5) as reply:
            return json.load(reply)

    def follow(self):
        while not self.ended.wait(0.1):
            try:
                self.instances = self.look()
            except OSError as error:
                self.note_failure(f"discovery: {error}")

    def ask(self):
        turn = 0
        while not self.ended.wait(0.01):
            instances = self.instances
            if not instances:
                self.note_failure("no healthy instance")
                continue
            turn += 1
            self.ask_one(instances[turn % len(instances)])

    def ask_one(self, instance):
        started = time.monotonic()
        try:
            url = f"http://{instance['Address']}:{instance['Port']}/predict?{QUERY}"
            with urllib.request.urlopen(url, timeout=5) as reply:
                release = json.load(reply)["release"]
        except (OSError, ValueError, KeyError) as error:
            return self.note_failure(f"{instance['AllocID'][:8]}: {error}")
        key = f"{'+'.join(instance['Tags'] or [])} {release}"
        with self.lock:
            self.counts.setdefault(key, []).append(time.monotonic() - started)

    def note_failure(self, text):
        with self.lock:
            self.failures.append(text)

    def report(self):
        with self.lock:
            counts, self.counts = self.counts, {}
            failures, self.failures = self.failures, []
        return {
            "served": {key: {"requests": len(times),
                             "median_ms": round(1000 * statistics.median(times), 1)}
                       for key, times in sorted(counts.items())},
            "failed": len(failures),
            "failures": failures[:5],
        }


def main():
    load = Load(sys.argv[1], sys.argv[2])
    threads = [threading.Thread(target=load.follow), threading.Thread(target=load.ask)]
    for thread in threads:
        thread.start()
    for _ in sys.stdin:
        print(json.dumps(load.report()), flush=True)
    load.ended.set()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
