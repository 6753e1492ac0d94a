from __future__ import annotations

import pytest

from bench.render.kit.units import NONE, PRINTED, in_files


@pytest.mark.parametrize(
    ("printed", "word", "value", "expected"),
    [
        ("kB", "bytes", 14.612, 14612), ("MB", "bytes", 1043.378176, 1043378176), ("M", "", 1.25, 1250000),
        ("ms", "s", 2.5, 0.0025), ("%", "percent", 98.7, 98.7), ("± points", "points", 0.25, 0.25),
        ("flip", "", 0.03, 0.03), ("", "", 3, 3),
    ],
)  # fmt: skip
def test_a_printed_number_in_the_files(printed: str, word: str, value: float, expected: float):
    unit = in_files(printed)
    assert (unit.word, unit.of(value)) == (word, expected)


def test_every_size_up_to_a_gigabyte_is_whole_again():
    for size in (*range(1, 5000), 999_999_999, 10**9 + 1):
        assert in_files("kB").of(size / 1000) == size


def test_a_missing_number_stays_missing():
    assert [unit.of(None) for unit in PRINTED.values()] == [None] * len(PRINTED)


@pytest.mark.parametrize("hostile", ["", "!!!", "../..", "=1"])
def test_a_task_may_name_its_unit_as_it_likes(hostile: str):
    assert in_files(hostile, [hostile]).word in ("", "1")
    assert in_files("Lux (W/m²)", ["Lux (W/m²)"]).word == "lux_w_m"
    assert in_files("Lux") == NONE
