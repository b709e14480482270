"""Numbers as people read them."""

import pytest

from checkin_project.platform.templatetags.figures import change, number, of, percent, points, share_of, tenth


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        (number(1234567), "1,234,567"),
        (number(1624.66, 1), "1,624.7"),
        (number(0), "0"),
        (number(None), "–"),
        (percent(0.456), "46\u00a0%"),
        (percent(0.999), "99\u00a0%"),
        (percent(0.001), "1\u00a0%"),
        (percent(1), "100\u00a0%"),
        (percent(0), "0\u00a0%"),
        (percent(None), "–"),
        (change(0.12), "+12\u00a0%"),
        (change(-0.05), "−5\u00a0%"),
        (change(0.001), "±0\u00a0%"),
        (change(12.5), "+1,250\u00a0%"),
        (change(None), "–"),
        (points(0.05), "+5 points"),
        (points(-0.01), "−1 point"),
        (points(0), "±0 points"),
        (share_of(3, 4), 0.75),
        (share_of(3, 0), None),
        (of(1, 4), 25),
        (tenth(None), 0),
        (tenth(0), 0),
        (tenth(0.01), 1),
        (tenth(0.456), 5),
        (tenth(1), 10),
    ],
)
def test_numbers_are_written_for_people(got: object, wanted: object) -> None:
    assert got == wanted
