"""The decision table, as data."""

import json
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from attendance.outcomes import Outcome
from attendance.verdict import OFFLINE_FLAG, Situation, Verdict, decide

TABLE = json.loads((Path(__file__).parent.parent / "verdict_cases.json").read_text())


def situation(given: dict[str, Any]) -> Situation:
    values = TABLE["defaults"] | given
    for name in ("at", "opens_at", "closes_at"):
        values[name] = datetime.fromisoformat(values[name])
    if values["problem"]:
        values["problem"] = Outcome(values["problem"])
    return Situation(**values)


def seats_left(case: dict[str, Any]) -> int:
    if "seats_left" not in case:
        pytest.fail("the seats were counted although nothing depends on them")
    return int(case["seats_left"])


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["name"])
def test_each_case_of_the_table_has_its_verdict(case: dict[str, Any]) -> None:
    verdict = decide(situation(case["given"]), lambda: seats_left(case))

    expected = {"outcome": "", "flag": "", "overrode": ""} | case["expect"]
    assert asdict(verdict) == expected


def test_the_defaults_name_every_part_of_a_situation() -> None:
    assert set(TABLE["defaults"]) == {field.name for field in fields(Situation)}


def test_every_outcome_of_an_entry_has_a_case() -> None:
    reached = {case["expect"]["outcome"] for case in TABLE["cases"]}

    exits_and_undos = {"checked_out", "already_out", "not_in", "undone", "nothing_to_undo", "operation_conflict"}
    assert reached == {outcome.value for outcome in Outcome} - exits_and_undos


def test_every_offline_flag_has_a_case() -> None:
    flags = {case["expect"].get("flag") for case in TABLE["cases"]} - {None}

    assert flags == set(OFFLINE_FLAG.values())


def test_a_table_with_a_wrong_line_would_be_noticed() -> None:
    case = next(case for case in TABLE["cases"] if case["expect"] == {"outcome": "full"})

    verdict = decide(situation(case["given"]), lambda: 1_000)

    assert verdict == Verdict(Outcome.CHECKED_IN)
