"""A Docker Engine of the tests' own: private socket, folders and bridge, gone after close().

The images are made here: a static busybox, imported or served by a small registry on loopback.
"""
import base64
import contextlib
import fcntl
import gzip
import hashlib
import http.client
import http.server
import io
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import tarfile
import tempfile
import threading
import urllib.parse

from yurt import wait_for

BUSYBOX = pathlib.Path("/bin/busybox")


class EngineError(Exception):
    def __init__(self, code, text):
        super().__init__(f"{code}: {text}")
        self.code = code


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("docker", timeout=120)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Bridge:
    """A network bridge made by ioctl, so that the Engine touches no interface of the machine's."""

    def __init__(self):
        self.name = f"yurt{os.getpid() % 1000000}"
        self.address = f"10.213.{os.getpid() % 250}.1"
        self._call(0x89A0, self.name.encode() + b"\0")  # SIOCBRADDBR
        self._set(0x8916, self._inet(self.address))  # SIOCSIFADDR
        self._set(0x891C, self._inet("255.255.255.0"))  # SIOCSIFNETMASK
        self._set(0x8914, struct.pack("h14x", 1))  # SIOCSIFFLAGS: up

    def remove(self):
        self._set(0x8914, struct.pack("h14x", 0))
        self._call(0x89A1, self.name.encode() + b"\0")  # SIOCBRDELBR

    @staticmethod
    def _inet(address):
        return struct.pack("hH4s8x", socket.AF_INET, 0, socket.inet_aton(address))

    def _set(self, request, value):
        self._call(request, struct.pack("16s16s", self.name.encode(), value))

    @staticmethod
    def _call(request, argument):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            fcntl.ioctl(s, request, argument)


def busybox_layer(extra=()):
    """A tar of a root file system: busybox under the names of its programs."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for folder in ("bin", "etc", "tmp", "home"):
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            tar.addfile(info)
        files = {"bin/busybox": (BUSYBOX.read_bytes(), 0o755),
                 "etc/passwd": (b"root:x:0:0::/:/bin/sh\napp:x:1234:1234::/home:/bin/sh\n", 0o644),
                 "etc/group": (b"root:x:0:\napp:x:1234:\n", 0o644), **dict(extra)}
        for name, (content, mode) in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), mode
            tar.addfile(info, io.BytesIO(content))
        names = subprocess.run([str(BUSYBOX), "--list"], capture_output=True, text=True, check=True)
        for name in names.stdout.split():
            if name != "busybox":
                info = tarfile.TarInfo(f"bin/{name}")
                info.type, info.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(info)
    return out.getvalue()


class DockerEngine:
    IMAGE = "yurt-test/busybox:1"

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="yurt-docker-"))
        self.socket = self.folder / "docker.sock"
        self.log = self.folder / "dockerd.log"
        self.bridge = Bridge()
        self.process = None
        self.start()
        self.import_image(self.IMAGE)

    @property
    def endpoint(self):
        return f"unix://{self.socket}"

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["dockerd", "--data-root", self.folder / "data", "--exec-root", self.folder / "exec",
                 "--host", self.endpoint, "--pidfile", self.folder / "pid", "--live-restore",
                 "--bridge", self.bridge.name, "--iptables=false", "--ip6tables=false",
                 "--ip-forward=false", "--ip-masq=false"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)

        def answers():
            if self.process.poll() is not None:
                raise AssertionError(f"dockerd ended with {self.process.returncode}:\n{self.log_tail()}")
            with contextlib.suppress(OSError, EngineError):
                return self.call("GET", "/version")
        return wait_for("the Docker Engine to answer", answers)

    def kill(self):
        self.process.kill()
        self.process.wait()
        # Its containerd dies with it, a little later: an Engine started before would wait for it.
        with contextlib.suppress(OSError):
            pid = (self.folder / "exec/containerd/containerd.pid").read_text().strip()
            wait_for("its containerd to end", lambda: not pathlib.Path("/proc", pid).exists())

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def log_tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])

    def call(self, method, path, body=None):
        connection = _UnixConnection(self.socket)
        try:
            data = json.dumps(body) if isinstance(body, (dict, list)) else body
            kind = "application/x-tar" if isinstance(body, bytes) else "application/json"
            connection.request(method, path, data, {"Content-Type": kind})
            reply = connection.getresponse()
            content = reply.read()
        finally:
            connection.close()
        if reply.status >= 400:
            raise EngineError(reply.status, content.decode(errors="replace"))
        with contextlib.suppress(ValueError):
            return json.loads(content)
        return content

    def import_image(self, name):
        repo, tag = name.rsplit(":", 1)
        self.call("POST", f"/images/create?fromSrc=-&repo={repo}&tag={tag}", busybox_layer())

    def containers(self, **labels):
        filters = json.dumps({"label": [f"{k}={v}" for k, v in labels.items()]})
        return self.call("GET", "/containers/json?all=1&filters=" + urllib.parse.quote(filters))

    def container_of(self, alloc_id):
        found = self.containers(**{"yurt.alloc_id": alloc_id})
        assert len(found) == 1, found
        return self.call("GET", f"/containers/{found[0]['Id']}/json")

    def close(self):
        if self.process.poll() is not None:
            self.start()
        for container in self.call("GET", "/containers/json?all=1"):
            with contextlib.suppress(EngineError):
                self.call("DELETE", f"/containers/{container['Id']}?force=1&v=1")
        self.stop()
        self.bridge.remove()
        # What the Engine leaves mounted: its network namespaces.
        for line in reversed(pathlib.Path("/proc/self/mounts").read_text().splitlines()):
            mount = line.split()[1]
            if mount.startswith(str(self.folder)):
                subprocess.run(["umount", "-l", mount], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def why_no_engine():
    """Why this machine can't run one, or None. A missing program is a fault and no reason."""
    if os.geteuid() != 0:
        return "running a Docker Engine takes root"
    filesystems = pathlib.Path("/proc/filesystems").read_text()
    if "overlay" not in filesystems:
        return "this kernel has no overlay file system"
    if "cgroup" not in filesystems or not pathlib.Path("/sys/fs/cgroup").is_mount():
        return "this machine has no control groups"
    if not pathlib.Path("/proc/self/ns/net").exists():
        return "this kernel has no network namespaces"
    try:
        Bridge().remove()
    except OSError as error:
        return f"this kernel makes no network bridge: {error}"
    return None


class Registry:
    """Serves one-layer images over the registry API on loopback, as slowly and badly as asked."""

    def __init__(self):
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_HEAD(self):
                registry.answer(self, False)

            def do_GET(self):
                registry.answer(self, True)

        self.images = {}  # (name, tag) -> manifest
        self.blobs = {}
        self.credentials = None  # "user:password"
        self.failures = 0  # so many requests for manifests are answered 503
        self.gate = threading.Event()  # blobs wait for it
        self.gate.set()
        self.pulled = []  # blobs that were served
        self.waiting = threading.Event()  # a blob waits at the gate
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def add(self, name, tag="1"):
        """Makes an image of its own content and returns its full name."""
        layer = busybox_layer({"marker": (f"{name}:{tag}".encode(), 0o644)}.items())
        packed = gzip.compress(layer, 1)
        config = json.dumps({
            "architecture": "amd64", "os": "linux", "config": {"Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [self._digest(layer)]},
            "history": [{"created": "2026-01-01T00:00:00Z"}]}).encode()
        kind = "application/vnd.docker."
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": kind + "distribution.manifest.v2+json",
            "config": {"mediaType": kind + "container.image.v1+json", "size": len(config),
                       "digest": self._blob(config)},
            "layers": [{"mediaType": kind + "image.rootfs.diff.tar.gzip", "size": len(packed),
                        "digest": self._blob(packed)}]}).encode()
        self.images[name, tag] = manifest
        self.images[name, self._digest(manifest)] = manifest
        self.layer = self._digest(packed)
        return f"{self.address}/{name}:{tag}"

    def move(self, name, to, tag="1"):
        """From now on `name` means what `to` does."""
        manifest = self.images[to, tag]
        self.images[name, tag] = self.images[name, self._digest(manifest)] = manifest

    @staticmethod
    def _digest(content):
        return "sha256:" + hashlib.sha256(content).hexdigest()

    def _blob(self, content):
        digest = self._digest(content)
        self.blobs[digest] = content
        return digest

    def answer(self, request, with_body):
        def reply(code, body=b"", kind="application/json", headers=()):
            request.send_response(code)
            request.send_header("Content-Type", kind)
            request.send_header("Content-Length", str(len(body)))
            request.send_header("Docker-Distribution-Api-Version", "registry/2.0")
            for name, value in headers:
                request.send_header(name, value)
            request.end_headers()
            if with_body:
                request.wfile.write(body)

        if self.credentials:
            wanted = "Basic " + base64.b64encode(self.credentials.encode()).decode()
            if request.headers.get("Authorization") != wanted:
                return reply(401, b'{"errors":[{"code":"UNAUTHORIZED","message":"unauthorized"}]}',
                             headers=[("WWW-Authenticate", 'Basic realm="test"')])
        parts = request.path.split("/")
        if request.path == "/v2/":
            return reply(200, b"{}")
        kind, reference, name = parts[-2], parts[-1], "/".join(parts[2:-2])
        if kind == "manifests":
            if self.failures > 0:
                self.failures -= 1
                return reply(503, b'{"errors":[{"code":"UNAVAILABLE","message":"out of order"}]}')
            manifest = self.images.get((name, reference))
            if manifest is None:
                return reply(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}')
            return reply(200, manifest, "application/vnd.docker.distribution.manifest.v2+json",
                         [("Docker-Content-Digest", self._digest(manifest))])
        blob = self.blobs.get(reference)
        if blob is None:
            return reply(404)
        if not self.gate.is_set():
            self.waiting.set()
            self.gate.wait()
        self.pulled.append(reference)
        reply(200, blob, "application/octet-stream")

    def close(self):
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()
