#!/usr/bin/env python3
"""Copy the browser assets named in package.json into static/vendor, with their licences and checksums.

scripts/vendor.py           install exactly what package-lock.json says into a temporary folder, and copy
scripts/vendor.py --check   compare static/vendor with its SHA256SUMS; needs neither npm nor a network
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "static" / "vendor"
SUMS = "SHA256SUMS"

# From (inside node_modules) → to (inside static/vendor). All of it is copied byte for byte.
FILES = {
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "inter/inter-latin.woff2",
    "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2": "inter/inter-latin-ext.woff2",
    "@fontsource-variable/inter/files/inter-vietnamese-wght-normal.woff2": "inter/inter-vietnamese.woff2",
    "@fontsource-variable/inter/LICENSE": "inter/LICENSE",
    "barcode-detector/dist/es/ponyfill.js": "barcode-detector/ponyfill.js",
    "barcode-detector/dist/es/zxing-exported.js": "barcode-detector/zxing-exported.js",
    "barcode-detector/LICENSE": "barcode-detector/LICENSE",
    "zxing-wasm/dist/reader/zxing_reader.wasm": "barcode-detector/zxing_reader.wasm",
    "zxing-wasm/LICENSE": "barcode-detector/LICENSE.zxing-wasm",
}


def checksums(folder: Path) -> str:
    """One line for each file below `folder`, in the format of sha256sum."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n" for path in paths
    )


def copy_from(modules: Path) -> None:
    """Replace static/vendor by the files below `modules`, a node_modules folder."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    for source, target in FILES.items():
        destination = VENDOR / target
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(modules / source, destination)
    (VENDOR / SUMS).write_text(checksums(VENDOR))


def install_and_copy() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(ROOT / name, Path(folder) / name)
        # npm is found where the developer has it.
        install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(install, cwd=folder, check=True)  # noqa: S603
        copy_from(Path(folder) / "node_modules")


def problems() -> list[str]:
    """What differs between static/vendor and its checksums; empty when nothing does."""
    written = set((VENDOR / SUMS).read_text().splitlines())
    found = set(checksums(VENDOR).splitlines())
    named = {line.split("  ", 1)[1] for line in written}
    missing = [f"missing or altered: {line.split('  ', 1)[1]}" for line in sorted(written - found)]
    extra = [f"in no list: {name}" for line in found if (name := line.split("  ", 1)[1]) not in named]
    return missing + sorted(extra)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare only")
    if not parser.parse_args().check:
        install_and_copy()
    found = problems()
    sys.stdout.write(("\n".join(found) or f"static/vendor: {len(FILES)} files as listed.") + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
