"""Drives the real binaries: clusters of `yurt` processes on loopback, and what tests ask of them.

Nothing here sleeps for a fixed time: wait_for() polls a condition and fails with what it last saw.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

BIN = pathlib.Path(os.environ["YURT_BIN"])
PATIENCE_S = 60


class HttpError(Exception):
    def __init__(self, code, text):
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


def wait_for(what, condition, patience_s=PATIENCE_S):
    """The first truthy answer of `condition`; an AssertionError that names `what` otherwise."""
    deadline = time.monotonic() + patience_s
    last = None
    while time.monotonic() < deadline:
        try:
            last = condition()
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            last = error
        except HttpError as error:
            if error.text != "No cluster leader":
                raise
            last = error
        if last and not isinstance(last, Exception):
            return last
        time.sleep(0.02)  # between two looks at the condition
    raise AssertionError(f"waited {patience_s} s for {what}; last seen: {last!r}")


class Process:
    """One yurt process and its HTTP and gRPC doors."""

    def __init__(self, words, log, http, rpc, env=None):
        self.words, self.log, self.http, self.rpc, self.env = words, log, http, rpc, env
        self.process = None
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([str(BIN), *map(str, self.words)], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL,
                                            env={**os.environ, **(self.env or {})})

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"did not stop on SIGTERM; log: {self.log.read_text()[-2000:]}")


def end_tree(pid):
    """Kills a process and all that it has started."""
    with contextlib.suppress(OSError):
        for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            end_tree(int(child))
        os.kill(pid, signal.SIGKILL)


def free_port():
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Api:
    """HTTP and command line against one server."""

    def __init__(self, http, rpc):
        self.http, self.rpc = http, rpc

    def request(self, method, path, body=None, headers=None, raw=False):
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        request = urllib.request.Request(self.http + path, data=data, method=method,
                                         headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as reply:
                content = reply.read()
                self.headers = reply.headers
        except urllib.error.HTTPError as error:
            raise HttpError(error.code, error.read().decode()) from None
        if raw:
            return content
        return json.loads(content) if content else None

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def put(self, path, body=None, **options):
        return self.request("PUT", path, body, **options)

    def delete(self, path):
        return self.request("DELETE", path)

    def cli(self, *words, stdin=None, code=0):
        done = subprocess.run([str(BIN), *map(str, words)], input=stdin, text=True,
                              capture_output=True, timeout=PATIENCE_S * 2,
                              env={**os.environ, "YURT_ADDR": self.rpc})
        if code is not None:
            assert done.returncode == code, (
                f"yurt {' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    # --- What tests ask most ----------------------------------------------------------------------

    def run(self, hcl, *flags, code=0):
        """Registers a job from HCL text through the command line, without waiting for it."""
        return self.cli("job", "run", "-detach", *flags, "-", stdin=hcl, code=code)

    def allocs(self, job):
        return self.get(f"/v1/job/{urllib.parse.quote(job, safe='')}/allocations")

    def alloc(self, alloc_id):
        return self.get(f"/v1/allocation/{alloc_id}")

    def wait_allocs(self, job, status, count=1):
        def enough():
            found = [a for a in self.allocs(job) if a["ClientStatus"] == status]
            return found if len(found) >= count else None
        try:
            return wait_for(f"{count} allocations of {job} to be {status}", enough)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{json.dumps(self.allocs(job), indent=1)[:6000]}") from None

    def wait_job(self, job, status):
        return wait_for(f"job {job} to be {status}",
                        lambda: (j := self.get(f"/v1/job/{job}"))["Status"] == status and j)

    def wait_node(self, count=1, status="ready"):
        return wait_for(f"{count} nodes {status}", lambda: len(
            n := [n for n in self.get("/v1/nodes") if n["Status"] == status]) >= count and n)

    def logs(self, alloc_id, task, kind="stdout"):
        return self.get(f"/v1/client/fs/logs/{alloc_id}?task={task}&type={kind}&plain=true",
                        raw=True).decode()


class Cluster:
    """Servers and agents in one temporary folder; everything is gone after close()."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="yurt-e2e-"))
        self.processes = []

    def dev(self, config=""):
        http, rpc = free_port(), free_port()
        words = ["dev", "-data-dir", self.folder / "dev", "-http-port", http, "-rpc-port", rpc]
        return self._start("dev", words, http, rpc, config)

    def server(self, name, expect=1, join=(), config=""):
        http, rpc = free_port(), free_port()
        words = ["server", "-data-dir", self.folder / name, "-http-port", http, "-rpc-port", rpc,
                 "-name", name, "-bootstrap-expect", expect]
        for address in join:
            words += ["-retry-join", address]
        return self._start(name, words, http, rpc, config)

    def agent(self, name, servers, config="", env=None):
        words = ["agent", "-data-dir", self.folder / name, "-name", name]
        for server in servers:
            words += ["-servers", server.rpc_address]
        plugin = 'plugin "raw_exec" {\n config {\n enabled = true\n }\n}\n'
        return self._start(name, words, None, None, plugin + config, env)

    def _start(self, name, words, http, rpc, config, env=None):
        if config:
            file = self.folder / f"{name}.hcl"
            file.write_text(config)
            words += ["-config", file]
        process = Process(words, self.folder / f"{name}.log", http, rpc, env)
        process.rpc_address = f"127.0.0.1:{rpc}"
        process.api = Api(f"http://127.0.0.1:{http}", f"127.0.0.1:{rpc}")
        process.name = name
        self.processes.append(process)
        return process

    def shims(self):
        """The supervisors of this cluster's tasks that still run: each holds its state's folder."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if (entry / "comm").read_text().strip() != "yurt-shim":
                        continue
                    held = [os.readlink(fd) for fd in (entry / "fd").iterdir()]
                    if any(path.startswith(str(self.folder)) for path in held):
                        found.append(int(entry.name))
        return found

    def unmount(self):
        """The folders in memory of tasks that were still running at the end."""
        for line in pathlib.Path("/proc/mounts").read_text().splitlines():
            path = line.split()[1]
            if path.startswith(str(self.folder)):
                subprocess.run(["umount", "-l", path], check=False)

    def close(self):
        failures = []
        for process in reversed(self.processes):
            try:
                process.stop()
            except AssertionError as failure:
                failures.append(str(failure))
        for pid in self.shims():
            end_tree(pid)
        self.unmount()
        shutil.rmtree(self.folder, ignore_errors=True)
        assert not failures, failures


def log_tails(cluster):
    out = []
    for process in cluster.processes:
        with contextlib.suppress(OSError):
            out.append(f"--- {process.name}\n" + "\n".join(
                process.log.read_text(errors="replace").splitlines()[-25:]))
    return "\n".join(out)
