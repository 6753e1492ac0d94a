from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.analysis import per_image
from bench.analysis.claims import claims
from bench.analysis.per_image import AnswerAgreement
from bench.analysis.results import Results
from bench.analysis.study import LEFT_OUT, TRAININGS_ALONE, Study
from bench.statistics.crossed import crossed_difference, crossed_mean
from bench.statistics.equivalence import CANT_TELL
from bench.statistics.intervals import seed_mean


def test_a_table_holds_whether_each_image_is_answered_rightly(study: Study):
    table = study.table("resnet8", "nncf-int8-ptq")
    assert table.shape == (6, 360)
    assert set(np.unique(table)) == {0.0, 1.0}
    np.testing.assert_allclose(table.mean(1), study.per_seed("test_accuracy", "resnet8", "nncf-int8-ptq"))
    for row, (logits, labels) in zip(table, study.results.logits("resnet8", "nncf-int8-ptq").values(), strict=True):
        np.testing.assert_array_equal(row, logits.argmax(1) == labels)


def test_levels_and_differences_cross_seeds_and_images(study: Study):
    one, other = (study.table("resnet8", label) for label in ("nncf-int8-ptq", "original"))
    assert study.level("resnet8", "nncf-int8-ptq") == crossed_mean(one)
    assert study.mean("test_accuracy", "resnet8", "nncf-int8-ptq") == crossed_mean(one)
    assert study.difference("test_accuracy", "resnet8", "nncf-int8-ptq", "original") == crossed_difference(one, other)
    over_trainings = study.over_trainings("resnet8", "nncf-int8-ptq")
    assert over_trainings == seed_mean(study.per_seed("test_accuracy", "resnet8", "nncf-int8-ptq"))
    assert over_trainings.value == pytest.approx(study.level("resnet8", "nncf-int8-ptq").value)
    assert study.crossed


def test_a_missing_seed_is_a_row_without_numbers(study_of):
    study = study_of(states={"compress/resnet8/2/float16": "failed"})
    table = study.table("resnet8", "float16")
    assert np.isnan(table).all(axis=1).tolist() == [False, False, True, False, False, False]
    assert study.level("resnet8", "float16").n == 5
    assert study.difference("test_accuracy", "resnet8", "float16", "original").n == 5


def test_without_values_per_image_seeds_alone_count(study_of):
    study = study_of(accuracy=lambda model, seed, label: 90 + seed)
    assert study.table("resnet8", "float16") is None
    assert study.level("resnet8", "float16") == study.over_trainings("resnet8", "float16")
    assert study.level("resnet8", "float16").interval == "t over seeds"
    assert study.per_image.agreement("resnet8", "float16") is None
    assert study.per_image.chance("resnet8") is None
    assert not study.crossed


def test_predictions_of_another_network_are_no_table(study: Study, monkeypatch: pytest.MonkeyPatch):
    predictions = Results.predictions
    monkeypatch.setattr(Results, "predictions", lambda self, model, _, seed: predictions(self, model, "original", seed))
    other = Study(study.results)
    assert other.table("resnet8", "original") is not None
    assert other.table("resnet8", "magnitude:sparsity=0.9") is None
    for found in (
        other.level("resnet8", "magnitude:sparsity=0.9"),
        other.difference("test_accuracy", "resnet8", "magnitude:sparsity=0.9", "original"),
    ):
        assert found.interval == "t over seeds"
        assert TRAININGS_ALONE in found.warning


SPOILT = {
    "none": lambda found: None,
    "fewer": lambda found: {name: array[:100] for name, array in found.items()},
    "labels": lambda found: found | {"labels": found["labels"][:100]},
    "flat": lambda found: found | {"logits": found["logits"][:, 0]},
    "others": lambda found: found | {"logits": np.roll(found["logits"], 1, axis=1)},
}


@pytest.fixture
def spoil(study: Study, monkeypatch: pytest.MonkeyPatch):
    """A study in which one seed's predictions of one method on resnet8 are not what its cell says."""
    predictions = Results.predictions
    claims(study)  # reads what it needs before it is spoilt

    def make(variant: str, seed: int, how: str) -> Study:
        def spoilt(self, model, label, at, **split):
            found = predictions(self, model, label, at, **split)
            return SPOILT[how](found) if (model, label, at) == ("resnet8", variant, seed) else found

        monkeypatch.setattr(Results, "predictions", spoilt)
        return Study(study.results)

    return make


@pytest.mark.parametrize("how", SPOILT)
@pytest.mark.parametrize("variant", ["nncf-int8-ptq", "original"])
def test_a_seed_without_values_per_image_is_left_out(study: Study, spoil, how: str, variant: str):
    other = spoil(variant, 2, how)
    kept = [0, 1, 3, 4, 5]
    tables = [study.table("resnet8", label)[kept] for label in ("nncf-int8-ptq", "original")]
    word = LEFT_OUT.format(seeds=2)
    level, whole = other.level("resnet8", variant), crossed_mean(study.table("resnet8", variant)[kept])
    difference = other.difference("test_accuracy", "resnet8", "nncf-int8-ptq", "original")
    for found, expected in ((level, whole), (difference, crossed_difference(*tables))):
        assert (found.value, found.low, found.n) == pytest.approx((expected.value, expected.low, 5))
        assert found.interval == expected.interval
        assert word in found.warning and TRAININGS_ALONE not in found.warning
    assert other.over_trainings("resnet8", variant).n == 5
    claim = claims(other)["resnet8", "nncf-int8-ptq", "accuracy"]
    assert claim.evidence.difference.interval == whole.interval
    assert list(other.logits("resnet8", variant)) == kept


def test_claims_are_not_easier_where_a_seed_has_no_values_per_image(study: Study, spoil):
    other = spoil("nncf-int8-ptq", 2, "none")
    for key, claim in claims(other).items():
        before = claims(study)[key]
        assert claim.evidence.difference.interval == before.evidence.difference.interval
        if key[:2] == ("resnet8", "nncf-int8-ptq"):
            assert (claim.evidence.seeds, claim.evidence.parts.seeds) == (5, 5)
            assert claim.verdict.word == before.verdict.word or claim.verdict.word == CANT_TELL
        else:
            assert claim.evidence.seeds == before.evidence.seeds


def test_pseudo_values_keep_the_metric_as_mean():
    row = np.array([0.2, 0.4, 0.9, 0.1])
    assert per_image._centred(row, 0.45).mean() == pytest.approx(0.45)
    assert per_image._centred(row, 0.9) is None
    assert per_image._centred(np.array([1.0, np.nan]), 1.0) is None
    assert per_image._centred(np.ones((2, 2)), 1.0) is None
    assert per_image._centred(None, 1.0) is None


def test_answers_are_compared_with_the_originals(study: Study):
    same = study.per_image.agreement("resnet8", "float16")
    assert (same, same.identical) == (AnswerAgreement(360, 360, 6), True)
    assert same.bound == pytest.approx(3 / 360)
    worse = study.per_image.agreement("resnet8", "magnitude:sparsity=0.9")
    assert not worse.identical and worse.alike < 360


def test_one_other_answer_in_one_seed_is_not_identical():
    original = {seed: np.arange(5) for seed in range(3)}
    changed = {**original, 1: np.array([0, 1, 2, 3, 0])}
    assert per_image._agreement(original, original) == AnswerAgreement(5, 5, 3)
    assert per_image._agreement(changed, original) == AnswerAgreement(5, 4, 3)
    assert not per_image._agreement(changed, original).identical
    assert per_image._agreement({7: np.arange(5)}, original) is None
    rows = {0: np.array([[0.1, np.nan], [0.2, 1.0]])}
    assert per_image._agreement(rows, rows) == AnswerAgreement(2, 2, 1)
    assert AnswerAgreement(2, 2, 1).bound == 1.0


def test_chance_is_the_commonest_class(study: Study):
    assert study.per_image.chance("resnet8") == pytest.approx(0.1)


def test_without_the_guests_code_seeds_alone_count(study: Study):
    plan = study.plan.model_copy(update={"task": study.plan.task.model_copy(update={"name": "gone.tasks:Gone"})})
    other = Study(replace(study.results, plan=plan))
    assert other.table("resnet8", "float16") is None
    assert other.level("resnet8", "float16").n == 6
