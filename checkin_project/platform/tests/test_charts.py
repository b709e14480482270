"""Numbers as shapes: their places, heights and words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin_project.platform.charts import HEIGHT, WIDTH, Bar, Chart, Layer, Shape, Tick, round_above, share


def stack(*layers: tuple[float | None, ...], lines: tuple[Layer, ...] = ()) -> Chart:
    labels = tuple(f"Place {number}" for number in range(len(layers[0])))
    return Chart(labels, tuple(Layer(f"Layer {n}", layer) for n, layer in enumerate(layers, start=1)), lines)


def test_bars_stand_on_each_other_under_a_round_number() -> None:
    chart = stack((3, 0), (1, 2))

    assert (chart.most, chart.top) == (4, 4)
    assert chart.bars == [
        Bar(Shape(30.0, 40.0, 240.0, 120.0), 1, "Place 0: Layer 1 3"),
        Bar(Shape(30.0, 0.0, 240.0, 40.0), 2, "Place 0: Layer 2 1"),
        Bar(Shape(330.0, 80.0, 240.0, 80.0), 2, "Place 1: Layer 2 2"),
    ]
    assert chart.ticks == [Tick(4, 0.0), Tick(2, 80.0)]


def test_a_line_goes_through_the_middles_and_begins_where_it_is_known() -> None:
    chart = stack((2, 4), lines=(Layer("Mean", (None, 3.0)),))

    assert chart.polylines == [f"450.0,{HEIGHT / 4}"]


def test_a_line_may_rise_above_the_bars() -> None:
    assert stack((1,), lines=(Layer("Mean", (7.0,)),)).top == 8


def test_nothing_is_drawn_of_nothing() -> None:
    for chart in (Chart((), ()), stack((0, 0)), stack((None,))):
        assert (chart.is_empty, chart.bars, chart.ticks) == (True, [], [])


def test_half_of_an_odd_edge_is_no_line_across() -> None:
    assert [tick.value for tick in stack((3,)).ticks] == [3]
    assert [tick.value for tick in stack((14,)).ticks] == [15]
    assert [tick.value for tick in stack((20,)).ticks] == [20, 10]


def test_many_places_are_named_now_and_then() -> None:
    chart = stack(tuple(range(40)))

    named = [label for label in chart.axis if label]

    assert len(chart.axis) == 40
    assert named == ["Place 0", "Place 4", "Place 8", "Place 12", "Place 16", "Place 20", "Place 24", "Place 28",
                     "Place 32", "Place 36"]  # fmt: skip
    assert Chart(("November 2026",), (Layer("", (1,)),), short=("Nov",)).axis == ["Nov"]


@pytest.mark.parametrize(
    ("value", "edge"), [(0, 0), (0.5, 2), (1, 2), (3, 3), (7, 8), (10, 10), (11, 15), (999, 1000), (29_385, 30_000)]
)
def test_edges_are_round(value: float, edge: float) -> None:
    assert round_above(value) == edge


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), min_size=1, max_size=80))
def test_every_bar_lies_in_the_drawing_and_in_its_slot(columns: list[tuple[int, int]]) -> None:
    chart = stack(tuple(a for a, _b in columns), tuple(b for _a, b in columns))
    slot = WIDTH / len(columns)

    assert chart.most <= chart.top <= max(2, 2 * chart.most)
    for bar in chart.bars:
        place = int(bar.says.split(":")[0].removeprefix("Place "))
        assert place * slot - 0.1 <= bar.shape.x
        assert bar.shape.x + bar.shape.width <= (place + 1) * slot + 0.1
        assert -0.1 <= bar.shape.y <= bar.shape.y + bar.shape.height <= HEIGHT + 0.1


def test_a_share_of_nothing_is_nothing() -> None:
    assert (share(3, 4), share(3, 0)) == (75, 0)
