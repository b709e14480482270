"""Where the time of a check-in goes: the application under cProfile in this process, printed as Markdown tables.

A profile stretches Python code more than waiting, so shares are a guide to what to look at, not a measurement.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
from collections import Counter
from pathlib import Path
from typing import Any

from requests_inside import application, check_in

ROOT = Path(__file__).resolve().parent.parent
Function = tuple[str, int, str]
WAITING = ("wait", "poll", "select", "recv", "send", "acquire")
# What the drivers do outside Python: their compiled parts do not appear as functions of their own.
DRIVER = {"wait", "_send_query_prepared", "_execute_send", "_exec_command"}
DATABASE = "the database and its driver in C"


def area(function: Function) -> str:
    """The package, our own module, or "waiting" that a function belongs to."""
    file, _line, name = function
    if file == "~":
        if any(f"'{word}" in name or f".{word}" in name or name.endswith(f" {word}>") for word in WAITING):
            return "waiting for others (Redis, locks)"
        return "built-in"
    path = Path(file)
    if "psycopg" in path.parts and name in DRIVER:
        return DATABASE
    if "site-packages" in path.parts:
        parts = path.parts[path.parts.index("site-packages") + 1 :]
        return ".".join(parts[:2]) if parts[0] == "django" else parts[0]
    if path.is_relative_to(ROOT):
        return str(path.relative_to(ROOT).with_suffix("")).replace("/", ".")
    return "standard library"


def by_area(stats: dict[Function, Any]) -> Counter[str]:
    """Own seconds of each area. The time of built-in functions counts where they are called."""
    seconds: Counter[str] = Counter()
    for function, (_calls, _primitive, own, _total, callers) in stats.items():
        where = area(function)
        if where != "built-in" or not callers:
            seconds[where] += own
            continue
        for caller, numbers in callers.items():
            seconds[area(caller)] += numbers[2]
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--key", required=True)
    parser.add_argument("--event", required=True)
    parser.add_argument("--requests", type=int, default=1500)
    parser.add_argument("--first", type=int, default=1, help="number of the first member")
    options = parser.parse_args()
    app = application()
    warm = 100
    for number in range(options.first, options.first + warm):
        check_in(app, options.key, options.event, number)

    profile = cProfile.Profile()
    profile.enable()
    for number in range(options.first + warm, options.first + warm + options.requests):
        check_in(app, options.key, options.event, number)
    profile.disable()

    stats: dict[Function, Any] = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    total = sum(entry[2] for entry in stats.values())
    each = 1000 / options.requests
    print(f"{options.requests} entries, {total * each:.2f} ms each under the profiler.\n")
    print("| where | own ms | share |\n|---|---:|---:|")
    for where, seconds in by_area(stats).most_common(18):
        print(f"| {where} | {seconds * each:.3f} | {seconds / total:.0%} |")
    print("\n| function | calls each | own ms | with what it calls, ms |\n|---|---:|---:|---:|")
    for function, (calls, _primitive, own, inclusive, _callers) in sorted(stats.items(), key=lambda item: -item[1][3])[
        :60
    ]:
        if function[0] != "~" and inclusive / total > 0.02:
            name = f"{area(function)}: {function[2]}"
            print(f"| {name} | {calls / options.requests:.1f} | {own * each:.3f} | {inclusive * each:.3f} |")


if __name__ == "__main__":
    main()
