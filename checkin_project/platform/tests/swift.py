"""A real server with S3's API: OpenStack Swift on free ports of 127.0.0.1, with its data in a temporary folder.

It verifies signatures and keeps what it is given, also when it is killed. Needs Debian's package python3-swift alone.
"""

import os
import pwd
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import IO, Any

from checkin_project.platform.buckets import Bucket
from checkin_project.platform.tests.processes import free_port

PYTHON = "/usr/bin/python3"
PACKAGE = Path("/usr/lib/python3/dist-packages/swift/proxy/server.py")
KEY, SECRET = "club:desk", "a quiet desk by the door"
BUCKET = "club"
PROXY = """
[pipeline:main]
pipeline = catch_errors cache s3api tempauth slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
# Its sign-in insists on memcached but does well without an answer.
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:9
[filter:s3api]
use = egg:swift#s3api
[filter:tempauth]
use = egg:swift#tempauth
user_{user} = {secret} .admin
[filter:slo]
use = egg:swift#slo
"""
STORE = """
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""
COMMON = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {account}
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
fallocate_reserve = 0
"""
WHOLE = "[swift-hash]\nswift_hash_path_suffix = tests\n[storage-policy:0]\nname = only\ndefault = yes\n"


def missing() -> str | None:
    """Why Swift cannot be run here; None when it can."""
    return None if PACKAGE.exists() else "needs OpenStack Swift: install Debian's package python3-swift"


class OwnSwift:
    """`start()` it, `kill()` it as a power cut would, and `start()` it again with what it kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in ("proxy", "account", "container", "object")}
        self.process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        (folder / "devices" / "disk").mkdir(parents=True)
        # Objects keep what is known about them in extended attributes, which not every file system has.
        try:
            os.setxattr(folder, "user.test", b"1")
        except OSError:
            raise RuntimeError(f"{folder} keeps no extended attributes: name another folder in TMPDIR.") from None
        (folder / "swift.conf").write_text(WHOLE)
        account = pwd.getpwuid(os.geteuid()).pw_name
        for name, port in self.ports.items():
            text = PROXY.format(user=KEY.replace(":", "_"), secret=SECRET.replace(" ", "-"))
            own = text if name == "proxy" else STORE.format(name=name)
            common = COMMON.format(port=port, account=account, folder=folder)
            (folder / f"{name}.conf").write_text(common + own)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.ports['proxy']}"

    def options(self, **changes: Any) -> dict[str, Any]:
        """Of `STORAGES`, as settings make them from the environment."""
        return {
            "bucket_name": BUCKET,
            "endpoint_url": self.endpoint,
            "region_name": "us-east-1",
            "addressing_style": "path",
            "access_key": KEY,
            "secret_key": SECRET.replace(" ", "-"),
            "location": "exports",
        } | changes

    def start(self, seconds: float = 90) -> None:
        """Returns when all four answer."""
        self._log = (self.folder / "log").open("ab")
        script = Path(__file__).with_name("swift_servers.py")
        command = [PYTHON, "-I", str(script), str(self.folder), *map(str, self.ports.values())]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=self._log, stderr=self._log)  # noqa: S603
        end = time.monotonic() + seconds
        while not all(map(_answers, self.ports.values())):
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError((self.folder / "log").read_text(errors="replace")[-4000:])
            time.sleep(0.05)

    def make_bucket(self) -> None:
        Bucket(**self.options()).connection.create_bucket(Bucket=BUCKET)

    def freeze(self) -> None:
        """Every server stops where it stands: connections are taken and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            pid = self.process.pid
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            for child in children:
                os.kill(int(child), number)

    def kill(self, seconds: float = 10) -> None:
        """No server gets to finish anything; returns when none answers."""
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()
        if self._log:
            self._log.close()
        self.process = None
        end = time.monotonic() + seconds
        while any(map(_answers, self.ports.values())) and time.monotonic() < end:
            time.sleep(0.02)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
