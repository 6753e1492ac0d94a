from __future__ import annotations

from dataclasses import replace

import pytest

from bench.analysis.study import Study
from bench.calibrate import beside
from bench.calibrate.rates import MeasuredRate
from bench.calibrate.run import Finished
from bench.render.tables import promises

RATE = MeasuredRate(
    "a word", "tails/6", "equal methods", "promise", 599, 6, 100_000, 0.05, 0.021, 0.02, 0.022, 0.0, 0.05, "kept", 0.0,
    0.0, None,
)  # fmt: skip


@pytest.fixture
def table_of(study: Study, monkeypatch: pytest.MonkeyPatch):
    def build(*rates: MeasuredRate):
        monkeypatch.setattr(promises, "simulated", lambda _: list(rates))
        return promises.build(study)

    return build


def test_each_promise_is_a_row_with_a_column_per_number_of_seeds(table_of):
    missed = replace(RATE, seeds=3, measured=0.17, low=0.15, high=0.19, status="missed")
    (table,) = table_of(RATE, missed, replace(RATE, population="one better"))
    assert [group.title for group in table.groups] == ["equal methods", "one better"]
    row = table.groups[0].rows[0]
    assert row["promise"].value == "at most 5%"
    assert row["seeds_3"].value == "17 [15, 19]"
    assert row["seeds_6"].value == "2.1 [2, 2.2]"
    assert row["seeds_12"].value == ""
    assert row["status"].value == "missed at S = 3"
    assert table.groups[1].rows[0]["status"].value == "kept"


@pytest.mark.parametrize(
    ("lowest", "highest", "unit", "words"),
    [
        (0.92, 0.985, "share", "92 to 98.5%"),
        (0.93, 1.0, "share", "at least 93%"),
        (0.0, 0.05 / 88, "share", "at most 0.0568%"),
        (0.0, 0.0, "share", "0%"),
        (1.0, 1.0, "share", "100%"),
        (-0.05, 0.05, "points", "±0.05 points"),
        (None, None, "share", "–"),
    ],
)
def test_bounds_are_said_in_words(lowest, highest, unit, words):
    assert promises.bounds(replace(RATE, lowest=lowest, highest=highest, unit=unit)) == words


def test_small_levels_keep_their_digits_and_means_their_unit(table_of):
    small = replace(RATE, what="tail", highest=0.05 / 88, measured=0.00031, low=0.0002, high=0.0004)
    bias = replace(RATE, what="bias", unit="points", lowest=-0.05, highest=0.05, measured=-0.012, low=-0.02, high=0.004)
    (table,) = table_of(small, bias)
    assert [row["seeds_6"].value for row in table.rows] == ["0.031 [0.02, 0.04]", "−0.01 [−0.02, 0.00]"]


def test_what_is_described_or_never_came_up_is_no_promise(table_of):
    described = replace(RATE, lowest=None, highest=None, status="described")
    (table,) = table_of(described, replace(RATE, what="another", status="undefined"))
    assert [row["status"].value for row in table.rows] == ["described", "undefined"]
    assert list(table.rows)[1]["seeds_6"].value == ""


def test_without_a_simulation_there_is_no_table(table_of):
    assert table_of() == []
    assert table_of(replace(RATE, kind="coverage")) == []


def test_the_first_screen_says_whether_it_was_run(study: Study, monkeypatch):
    assert (
        beside.in_short(Study(study.results))
        == "How often its intervals hold and its words are false was not simulated."
    )
    monkeypatch.setattr(beside, "simulated", lambda _: [RATE, replace(RATE, status="missed")])
    assert beside.in_short(study) == "Its statistics were simulated (in part): 1 of 2 promises missed."
    monkeypatch.setattr(beside, "finished", lambda _: Finished("default", "2025-03-01"))
    said = "Its statistics were simulated (size default, 2025-03-01): 1 of 2 promises missed."
    assert beside.in_short(study) == said
