#!/bin/bash
# Make the virtual environment in the folder $1 with Python 3.11 or newer, or say in one sentence what is missing.
set -eu

for python in python3.11 python3.12 python3.13 python3; do
  if command -v "$python" >/dev/null && "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
      echo "Making a virtual environment with $("$python" --version) …"
      exec "$python" -m venv "$1"
    fi
    echo "$python cannot make virtual environments: install its venv package (on Debian and Ubuntu: apt install python3-venv)." >&2
    exit 1
  fi
done
echo "Python 3.11 or newer is needed, and was not found: install it, for example with apt install python3.11 python3.11-venv." >&2
exit 1
