"""The field of colour that every door shows (templates/attendance/_outcome.html)."""

from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string

from attendance.outcomes import Tone
from checkin_project.platform.styleguide import TONES

PART = "attendance/_outcome.html"


@pytest.mark.parametrize("tone", list(Tone))
def test_every_tone_has_its_colour_and_is_in_the_style_guide(tone: Tone) -> None:
    styles = (Path(settings.BASE_DIR) / "static" / "css" / "outcome.css").read_text()

    assert (f".outcome--{tone} {{" in styles, tone.value in TONES) == (True, True)


def test_every_tone_has_its_own_shape() -> None:
    shapes = {render_to_string("_shape.html", {"tone": tone}) for tone in Tone}

    assert len(shapes) == len(Tone)


def test_the_part_says_headline_name_and_lines_to_everybody() -> None:
    lines = ["Your 3rd visit.", "Please go on in."]

    part = render_to_string(PART, {"tone": Tone.WELCOME, "headline": "Welcome", "name": "Ben", "lines": lines})

    said = [
        "outcome--welcome",
        'role="alert"',
        "Welcome</h2>",
        "Ben</p>",
        "<p>Your 3rd visit.</p><p>Please go on in.</p>",
    ]
    assert [words for words in said if words not in part] == []


def test_the_part_leaves_out_what_it_was_not_given() -> None:
    part = render_to_string(PART, {"tone": Tone.STOP, "headline": "Not found"})

    assert [word for word in ("__name", "__lines", "__actions") if word in part] == []


def test_a_name_cannot_bring_markup() -> None:
    part = render_to_string(PART, {"tone": Tone.STOP, "headline": "Full", "name": "<b onclick=x>"})

    assert ("<b onclick" in part, "&lt;b onclick" in part) == (False, True)
