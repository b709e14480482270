"""OpenStack Swift's four servers, each its own process on 127.0.0.1, until standard input ends.

Run by Debian's own Python, which has the package python3-swift: FOLDER PROXY ACCOUNT CONTAINER OBJECT (the ports).
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

from eventlet import patcher

# Swift does this itself, in each server. Once there are many locks to find and change, it takes a second each time.
patcher.monkey_patch(all=False, socket=True, select=True, thread=True)

import swift.account.server  # noqa: E402
import swift.container.server  # noqa: E402
import swift.obj.server  # noqa: E402
import swift.proxy.server  # noqa: E402
from swift.common.ring import RingBuilder  # noqa: E402
from swift.common.utils import set_swift_dir  # noqa: E402
from swift.common.wsgi import run_wsgi  # noqa: E402

DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


def make_ring(target: Path, port: int) -> None:
    """Where objects of one kind are: on the one disk."""
    place = {"region": 1, "zone": 1, "ip": "127.0.0.1", "port": port, "device": "disk", "weight": 1.0, "meta": ""}
    builder = RingBuilder(4, 1, 0)
    builder.add_dev(place | {"replication_ip": "127.0.0.1", "replication_port": port})
    builder.rebalance()
    builder.get_ring().save(str(target))


def serve(folder: Path, name: str) -> int:
    ctypes.CDLL(None).prctl(DIES_WITH_PARENT, signal.SIGKILL)
    more = {"global_conf_callback": swift.obj.server.global_conf_callback} if name == "object" else {}
    # `verbose` is what the option -v of Swift's own programs sets: without it they want a system log.
    return int(run_wsgi(str(folder / f"{name}.conf"), f"{name}-server", verbose=True, **more) or 0)


def main() -> None:
    folder, names = Path(sys.argv[1]), ("proxy", "account", "container", "object")
    set_swift_dir(str(folder))
    for name, port in zip(names, sys.argv[2:], strict=True):
        ring = folder / f"{name}.ring.gz"
        if name != "proxy" and not ring.exists():
            make_ring(ring, int(port))
    for name in names:
        if os.fork() == 0:
            os._exit(serve(folder, name))
    sys.stdin.read()


if __name__ == "__main__":
    main()
