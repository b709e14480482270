#!/usr/bin/env python3
"""Compare requirements*.txt with requirements*.in and with what is installed; needs no network.

scripts/requirements.py --check   says what does not fit, and exits 1
"""

import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PIN = re.compile(
    r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)(.*(?:\n\s+--hash=sha256:[0-9a-f]{64}.*)*)", re.MULTILINE
)


def pins(path: Path) -> tuple[dict[str, str], list[str]]:
    """Pinned versions by name, and the names that carry no hash."""
    found = {canonicalize_name(name): (pinned, rest) for name, pinned, rest in PIN.findall(path.read_text())}
    return (
        {name: pinned for name, (pinned, _rest) in found.items()},
        [name for name, (_pinned, rest) in found.items() if "--hash=sha256:" not in rest],
    )


def wanted(path: Path) -> list[Requirement]:
    lines = [line.split("#", 1)[0].strip() for line in path.read_text().splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("-r")]


def complaints(stem: str) -> list[str]:
    """What does not fit for one pair of files."""
    pinned, bare = pins(ROOT / f"{stem}.txt")
    found = [f"{stem}.txt: {name} has no hash" for name in bare]
    for requirement in wanted(ROOT / f"{stem}.in"):
        name = canonicalize_name(requirement.name)
        if name not in pinned:
            found.append(f"{stem}.txt lacks {name}, which {stem}.in asks for")
        elif not requirement.specifier.contains(pinned[name], prereleases=True):
            found.append(f"{stem}.txt pins {name} {pinned[name]}, but {stem}.in asks for {requirement.specifier}")
    for name, number in pinned.items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            continue  # left out by a marker, such as one for Windows
        if installed != number:
            found.append(f"{name} {installed} is installed, but {stem}.txt pins {number}")
    return found


def main() -> int:
    found = [line for stem in ("requirements", "requirements-dev") for line in complaints(stem)]
    sys.stdout.write("".join(f"{line}\n" for line in found))
    if found:
        sys.stdout.write("Run `make requirements`, then `make setup`.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
