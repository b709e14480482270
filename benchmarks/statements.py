"""Count the SQL statements of one entry and one duplicate, transaction control aside, for each kind of event.

Prints JSON {kind: {"entry": [usual, most], "duplicate": [usual, most], "sql": [...]}}; run by `run.py`.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics

from requests_inside import Application, application, check_in

TRANSACTION = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|START TRANSACTION)\b", re.IGNORECASE)


def captured(app: Application, secret: str, event: str, number: int, status: int) -> list[str]:
    """The statements of one request that has to answer `status`."""
    from django.db import connection

    connection.force_debug_cursor = True
    connection.queries_log.clear()
    got = check_in(app, secret, event, number)
    queries = [entry["sql"] for entry in connection.queries_log if not TRANSACTION.match(entry["sql"])]
    connection.force_debug_cursor = False
    if got != status:
        raise SystemExit(f"Member {number} got {got} instead of {status}.")
    return queries


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--key", required=True)
    parser.add_argument("--event", action="append", required=True, help="kind=CODE")
    parser.add_argument("--repeat", type=int, default=25)
    options = parser.parse_args()
    app = application()

    report = {}
    for entry in options.event:
        kind, _, code = entry.partition("=")
        check_in(app, options.key, code, 1)
        numbers = range(2, 2 + options.repeat)
        entries = [captured(app, options.key, code, number, 201) for number in numbers]
        again = [captured(app, options.key, code, number, 200) for number in numbers]
        longest = max(entries, key=len)
        report[kind] = {
            "entry": [statistics.mode(map(len, entries)), len(longest)],
            "duplicate": [statistics.mode(map(len, again)), max(map(len, again))],
            "sql": [" ".join(sql.split())[:160] for sql in longest],
        }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
