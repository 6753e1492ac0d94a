from __future__ import annotations

import math

import pandas as pd

from bench.render.kit.dataset import Field, dataset, interval, number
from bench.statistics.estimate import Estimate

FIELDS = {"model": Field("A network."), "own_size": Field("Bytes.", "number", unit="B")}


def test_titles_are_the_columns_names_as_words():
    assert FIELDS["own_size"].head("own_size") == "Own size (B)"
    assert Field("", title="CKA").head("cka") == "CKA"


def test_nothing_is_no_dataset():
    assert dataset("x", "X", "", [], FIELDS) is None
    assert dataset("x", "X", "", pd.DataFrame(columns=["model"]), FIELDS) is None


def test_whole_numbers_stay_whole_beside_missing_ones():
    made = dataset("x", "X", "", [{"model": "a", "own_size": 3}, {"model": "b", "own_size": None}], FIELDS)
    assert made is not None
    assert made.size == 2
    assert [repr(size) for size in made.frame["own_size"]] == ["3", "None"]


def test_missing_numbers_of_a_frame_are_none():
    made = dataset("x", "X", "", pd.DataFrame({"model": ["a"], "own_size": [math.nan]}), FIELDS)
    assert made is not None
    assert made.frame["own_size"].tolist() == [None]


def test_an_estimate_is_its_columns_in_the_fields_unit():
    mean = Estimate(0.5, 0.25, 0.75, 3, "seed", "t")
    untested = {"x_stars": "", "x_leading": False}
    assert interval("x", mean, 100) == {"x": 50.0, "x_low": 25.0, "x_high": 75.0, "x_note": "", **untested}
    missing = Estimate(math.nan, math.nan, math.nan, 0, "seed", "t")
    assert interval("x", missing, hole="none") == {
        "x": None, "x_low": None, "x_high": None, "x_note": "none", **untested,
    }  # fmt: skip


def test_a_number_that_is_missing_for_no_reason_has_no_note():
    assert number("p", 0.5) == {"p": 0.5, "p_note": ""}
    assert number("p", math.nan) == number("p", None) == {"p": None, "p_note": ""}  # a dash is no reason
