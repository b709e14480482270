"""Measure how fast people get checked in: the floor, a peer, ours on PostgreSQL and ours on SQLite, in one run.

Starts everything it needs (PostgreSQL, Redis, servers) in a temporary folder and ends it again. See README.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

import contenders
import report
from cluster import Cluster
from contenders import ROOT, Prepared, Workers
from load import find_wrk
from measure import Level, run_level, warm_up
from processes import BenchmarkError, Processes, free_port, resident_megabytes, run

SERVERS = [Workers("sync", 2), Workers("sync", 4), Workers("gthread", 2, 2), Workers("gthread", 2, 4)]
# What won every whole measurement so far.
BEST = Workers("gthread", 2, 4)
SPARE_EVENTS = 4


class Benchmark:
    """One run: what was asked for, where it happens, and what was found."""

    def __init__(self, options: argparse.Namespace, folder: Path, processes: Processes) -> None:
        self.options = options
        self.folder = folder
        self.processes = processes
        self.seconds = 3 if options.quick else 6
        self.people = 12_000 if options.quick else 20_000
        self.levels = [10, 50] if options.quick else [1, 10, 50, 100]
        self.results = report.Results(machine=report.machine())
        self.cluster = Cluster(folder, free_port(54301), processes)
        self.redis_url = contenders.start_redis(folder, processes)

    def measure(self, contender: contenders.Contender, event: str, connections: int, *, again: bool = True) -> Level:
        self.cluster.settle()
        level = run_level(
            contender, event, connections=connections, seconds=self.seconds, people=self.people, again=again
        )
        rate, errors = level.entries.answers.per_second, level.errors
        say(f"  {contender.name}, {connections} connections: {rate:,.0f} entries a second, {errors} errors")
        return level

    def everything(self) -> report.Results:
        redis = "announcements through Redis" if self.redis_url else "no Redis here: announcements stay in memory"
        self.results.machine += [self.cluster.describe(), redis]
        say("Filling the database …")
        events = 2 * len(self.levels) + len(SERVERS) * 2 + SPARE_EVENTS
        url = self.cluster.create_database("ours")
        self.env = contenders.project_environment(self.folder, url, self.redis_url, 8300, threads=1)
        prepared = contenders.prepare(self.env, self.people, events)
        workers = self.options.workers or self.best_server(prepared)
        self.results.server = str(workers)
        self.side_by_side(prepared, workers)
        self.inside(prepared)
        self.on_sqlite()
        return self.results

    def best_server(self, prepared: Prepared) -> Workers:
        """Try the ways to serve, unless the run has to be quick; the one with the most entries wins."""
        if self.options.quick:
            return BEST
        say("Ways to serve …")
        for workers in SERVERS:
            contender, process = contenders.ours_on_postgresql(
                self.folder, self.cluster, self.processes, workers, prepared
            )
            warm_up(contender, prepared.codes["plain"].pop())
            level = self.measure(contender, prepared.codes["plain"].pop(), 10, again=False)
            self.results.servers.append((str(workers), level))
            self.processes.end(process)
        rates = [level.entries.answers.per_second for _name, level in self.results.servers]
        return SERVERS[rates.index(max(rates))]

    def side_by_side(self, prepared: Prepared, workers: Workers) -> None:
        """Floor, peer and ours one after the other at each number of connections, so that all meet the same machine."""
        sessions = contenders.prepare_peer(self.cluster, 3 * len(self.levels) + SPARE_EVENTS)
        peer, peer_process = contenders.peer(self.cluster, self.processes, "recent")
        exact, exact_process = contenders.peer(self.cluster, self.processes, "exact")
        ours, ours_process = contenders.ours_on_postgresql(self.folder, self.cluster, self.processes, workers, prepared)
        plain = prepared.codes["plain"]
        for contender in (peer, exact):
            warm_up(contender, sessions.pop())
        warm_up(ours, plain.pop())
        for connections in self.levels:
            say(f"{connections} connections …")
            self.results.floor.append(report.Floor(connections, *self.cluster.floor(connections, self.seconds)))
            self.results.peer.append(self.measure(peer, sessions.pop(), connections))
            if connections in (10, 50):
                self.results.peer_exact.append(self.measure(exact, sessions.pop(), connections, again=False))
            self.results.ours.append(self.measure(ours, plain.pop(), connections))
        if not self.options.quick:
            say("Other kinds of events …")
            for kind in ("group", "capacity"):
                level = self.measure(ours, prepared.codes[kind].pop(), 10, again=False)
                self.results.kinds.append((kind, level))
        self.results.memory_mb = {
            f"ours, {workers}": resident_megabytes(ours_process.pid),
            "peer": resident_megabytes(peer_process.pid),
        }
        for process in (ours_process, exact_process, peer_process):
            self.processes.end(process)

    def inside(self, prepared: Prepared) -> None:
        """Statements and, when asked for, the profile: both in a process of their own, past the server."""
        say("Statements …")
        kinds = [f"--event={kind}={codes.pop()}" for kind, codes in prepared.codes.items()]
        program = [sys.executable, str(ROOT / "benchmarks" / "statements.py"), "--key", prepared.secret]
        self.results.statements = json.loads(run([*program, *kinds], env=self.env).splitlines()[-1])
        if self.options.profile:
            say("Profile …")
            program = [sys.executable, str(ROOT / "benchmarks" / "hotspots.py"), "--key", prepared.secret]
            self.results.profile = run([*program, "--event", prepared.codes["plain"].pop()], env=self.env)

    def on_sqlite(self) -> None:
        say("SQLite, one process …")
        levels = [10] if self.options.quick else [1, 10, 50]
        contender, process, events = contenders.ours_on_sqlite(
            self.folder, self.processes, self.people, len(levels) + SPARE_EVENTS
        )
        warm_up(contender, events.pop())
        self.results.sqlite = [self.measure(contender, events.pop(), connections) for connections in levels]
        self.results.memory_mb["ours, manage.py serve"] = resident_megabytes(process.pid)
        self.processes.end(process)


def say(text: str) -> None:
    print(text, flush=True)


def workers(text: str) -> Workers:
    """`sync:4` or `gthread:2:4` (kind, processes, threads)."""
    kind, *numbers = text.split(":")
    if kind not in ("sync", "gthread") or not all(number.isdigit() for number in numbers):
        raise argparse.ArgumentTypeError("Use sync:4 or gthread:2:4.")
    return Workers(kind, *map(int, numbers))


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10 and 50 connections only, three seconds each")
    parser.add_argument("--workers", type=workers, help="sync:4 or gthread:2:4; without it the best is looked for")
    parser.add_argument("--profile", action="store_true", help="add a table of where the time of an entry goes")
    parser.add_argument("--write", action="store_true", help="put the results into benchmarks/README.md")
    parser.add_argument("--folder", type=Path, help="where to put the temporary folder; needs a real disk")
    options = parser.parse_args()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, _stop)
    folder = Path(tempfile.mkdtemp(prefix="checkin-benchmark-", dir=options.folder))
    folder.chmod(0o755)  # PostgreSQL may run under another account
    try:
        find_wrk()
        with Processes(folder) as processes:
            results = Benchmark(options, folder, processes).everything()
    except BenchmarkError as error:
        print(f"{error}\nLogs are in {folder}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        shutil.rmtree(folder)
        print("Stopped; everything that was started has been ended.", file=sys.stderr)
        return 130
    shutil.rmtree(folder)
    text = report.markdown(results)
    print(f"\n{text}")
    if options.write:
        report.write(text)
    return 1 if results.errors else 0


if __name__ == "__main__":
    sys.exit(main())
