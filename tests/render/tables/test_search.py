from __future__ import annotations

from dataclasses import replace

import pytest

from bench.analysis.study import Study
from bench.render.kit.table import show
from bench.render.tables.search import build
from bench.runner.plan_file import Search, SearchedNetwork, Trial

TRIALS = (
    Trial(label="li:ratio=0.5", payload=40_000, accuracy=95.0),
    Trial(label="li:ratio=0.5", payload=40_000, accuracy=95.0),
    Trial(label="float16", payload=150_000, accuracy=97.5),
    Trial(label="bwn", reason="refused: no"),
)


@pytest.fixture
def searched(study: Study) -> Study:
    network = SearchedNetwork(
        model="resnet8",
        budget=50_000,
        original=Trial(label="original", payload=300_000, accuracy=97.5),
        trials=TRIALS,
        front=("li:ratio=0.5", "float16"),
        best="li:ratio=0.5",
    )
    plan = study.plan.model_copy(update={"search": Search(seed=0, trials=4, networks=(network,))})
    return Study(replace(study.results, plan=plan))


def test_a_profile_without_a_search_has_no_such_table(study: Study):
    assert build(study) is None


def test_the_front_is_shown_with_what_was_chosen(searched: Study):
    table = build(searched)
    shown = [[show(row[column.key], column).main for column in table.columns] for row in table.rows]
    assert [row[1] for row in shown] == ["li:ratio=0.5", "float16", "original"]
    assert shown[0][2:] == ["40.00", "95.00", "yes"]
    assert table.groups[0].title == "ResNet-8: at most 50 kB"


def test_the_caption_says_how_many_came_to_nothing(searched: Study):
    assert "3 different chains; 1 trials came to nothing" in build(searched).details.replace("\n", " ")
