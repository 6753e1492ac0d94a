"""What a story weighs: a page of a usual study opens at once from a disk, a mail or a slow line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench.analysis.pairs import SideBySide, pairs
from bench.analysis.results import load
from bench.analysis.study import Study
from bench.render.document import compose
from bench.render.story.page_data import page_data
from bench.render.writers import html
from tests.invented import Runs
from tests.render.figures.conftest import crowd

LARGEST = 880_000  # bytes of the story below; with its pairs as lists of numbers it would take more
A_NUMBER = 2.2  # bytes of a number of the pairs; JSON takes 5.6


def count(side: SideBySide) -> int:
    """Numbers of all pairs."""
    arrays = (side.difference, side.seeds, side.distances, side.recalls)
    return sum(array.size for array in arrays) + (0 if side.answers is None else 2 * len(side.answers))


def as_json(study: Study) -> int:
    """Bytes that the pairs would take as rounded numbers in lists."""
    digits = study.primary.digits
    return sum(
        len(json.dumps(np.round(array, places).tolist(), separators=(",", ":")))
        for side in pairs(study).values()
        for array, places in (
            (side.difference, digits), (side.seeds, digits), (side.distances, 2), (side.recalls, 1), (side.answers, 1)
        )
        if array is not None
    )  # fmt: skip


def test_a_number_of_a_pair_takes_two_bytes(study: Study):
    for model, facts in page_data(study)["by_network"].items():
        written = sum(len(value) for value in facts["pairs"].values() if isinstance(value, str))
        assert 1 < written / count(pairs(study)[model]) < A_NUMBER


@pytest.mark.slow
def test_a_story_of_22_methods_and_2_networks_weighs_little(tmp_path: Path):
    study = Study(load(Runs(variants=crowd(22), blocks=6).write(tmp_path)))
    for side in pairs(study).values():
        assert side.distances.shape[1:] == (6, 3)
        assert side.recalls.shape[1:] == (10, 3)
    page = len(html.pages(compose([study]), pdf=False)["index.html"].encode())
    print(page, as_json(study))
    assert page < LARGEST
    packed = sum(
        len(value)
        for facts in page_data(study)["by_network"].values()
        for value in facts["pairs"].values()
        if isinstance(value, str)
    )
    assert page - packed + as_json(study) > LARGEST, "the limit would not see that the pairs are not packed"
