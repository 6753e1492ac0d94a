from __future__ import annotations

import pytest

from bench.analysis.preset import changes, fixed
from bench.analysis.results import load
from bench.analysis.study import Study
from bench.render.tables import checklist
from bench.render.text.banner import warnings
from bench.runner import terms
from bench.runner.store import Store
from bench.runner.terms import Terms
from tests.invented import Runs

SETTLED = Terms(
    alpha=0.05,
    margins={"accuracy": 0.5, "inside": 0.1, "attribution": 0.25},
    inside=("debiased-cka", "knn-jaccard", "cross-probe"),
    primary="classification: accuracy",
)
WIDER = SETTLED.model_copy(update={"margins": SETTLED.margins | {"accuracy": 2.0}})


@pytest.fixture
def runs(tmp_path):
    """A folder of finished runs; the terms given first are those of the first cell."""

    def made(*settled: Terms) -> Study:
        for number, each in enumerate(settled):
            terms.keep(Store(tmp_path / "digits"), each, 54, first=True)
            if not number:
                Runs(("resnet8",)).write(tmp_path)
        if not settled:
            Runs(("resnet8",)).write(tmp_path)
        return Study(load(tmp_path / "digits"))

    return made


def test_older_runs_do_not_say_when(runs):
    study = runs()
    assert changes(study) == ()
    assert fixed(study) == "When they were fixed is not recorded."


def test_what_stayed_is_said_with_date_and_hash(runs):
    study = runs(SETTLED)
    first = terms.read(study.results.store.folder).first
    assert changes(study) == ()
    when = f"{first.date:%Y-%m-%d}, SHA-256 {first.sha256[:12]}"
    assert fixed(study) == f"They were recorded with the first cell ({when}) and have not changed."


def test_a_change_stands_in_banner_and_checklist(runs):
    study = runs(WIDER, SETTLED)
    (told,) = changes(study)
    assert "cells were done" in told
    assert told.endswith("accuracy 2 → 0.5.")
    assert told in warnings(study)
    answers = {str(row["question"].value): str(row["why"].value) for row in checklist.build(study).rows}
    assert told in answers["Experiment statistical significance"]


def test_a_plan_that_was_edited_by_hand_is_told(runs):
    study = runs(WIDER)
    assert changes(study) == ("plan.json has other margins than those that were kept: accuracy 2 → 0.5.",)
