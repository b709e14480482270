"""A process of its own that confirms an import and is killed meanwhile; see test_import_crash.py.

Arguments: the run, its claim, the folder of uploads, and when to wait for the end: "before" the commit or "after" it.
"""

import os
import sys
import time
from dataclasses import replace
from typing import Any

import django
from django.conf import settings


def main(run_id: str, claim: str, folder: str, moment: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "checkin_project.settings")
    settings.STORAGES["default"]["OPTIONS"]["location"] = folder
    django.setup()
    from checkin_project.platform.imports import kinds, running

    members = kinds.kind("members")

    class Slow:
        """Members, but everything is written and nothing committed when it waits."""

        def __init__(self, options: Any) -> None:
            self.real = members.make(options)
            self.plan = self.real.plan

        def apply(self, plan: Any, **how: Any) -> Any:
            report = self.real.apply(plan, **how)
            if moment == "before":
                wait()
            return report

    kinds.register(replace(members, make=Slow))  # type: ignore[arg-type]
    running.apply_import.func(run_id=int(run_id), claim=claim)
    wait()


def wait() -> None:
    print("here", flush=True)  # noqa: T201  the test listens
    time.sleep(120)


if __name__ == "__main__":
    main(*sys.argv[1:])
