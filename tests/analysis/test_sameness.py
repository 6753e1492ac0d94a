from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.distances import ProbeLoss
from bench.analysis.inside_tests import images_needed, loss_interval, of_loss
from bench.analysis.sameness import inside_claims
from bench.analysis.wording import measure_word
from bench.statistics.crossed import crossed_mean
from tests import invented

KEPT = ("original", "finetune", "other-seed", "float16", "nncf-int8-ptq")


def study_with(monkeypatch, study_of, variants, change=lambda seed, arrays: None, **changes):
    """A study whose INT8 network is near the original in every respect but what `change` does to its arrays."""
    given = invented.invented_inside.similarity

    def similarity(model, seed, label, distance, lost, blocks, n):
        arrays = given(model, seed, label, distance, 0.0 if label == "nncf-int8-ptq" else lost, blocks, n)
        if label == "nncf-int8-ptq":
            change(seed, arrays)
        return arrays

    monkeypatch.setattr(invented.invented_inside, "similarity", similarity)
    return study_of(**{"variants": tuple(variants[label] for label in KEPT), "probe": 2000} | changes)


def claim(study):
    return inside_claims(study)["resnet8", "nncf-int8-ptq"]


def test_what_no_measure_tells_from_the_original_is_the_same(monkeypatch, study_of, variants):
    found = claim(study_with(monkeypatch, study_of, variants))
    assert (found.word, found.size, found.reference.kind) == ("same", 2, "original")
    assert all(found.measures[name].word == "same" for name in ("debiased-cka", "knn-jaccard", "cross-probe"))


@pytest.mark.parametrize("blocks", [5, 20])
def test_a_last_block_that_a_probe_no_longer_reads_is_not_the_same(monkeypatch, study_of, variants, blocks: int):
    def ruined(seed, arrays):
        arrays["pooled/cross-probe/right"][1, -1, ::20] = 0

    found = claim(study_with(monkeypatch, study_of, variants, ruined, blocks=blocks))
    assert found.measures["debiased-cka"].word == found.measures["knn-jaccard"].word == "same"
    assert (found.word, found.measures["cross-probe"].word) == ("changed", "changed")
    assert found.measures["cross-probe"].block == f"stage{blocks - 1}"


@pytest.mark.parametrize("blocks", [5, 20])
def test_one_ruined_block_stands_against_the_same_at_any_depth(monkeypatch, study_of, variants, blocks: int):
    def cut(seed, arrays):  # eight of 128 components: CKA hardly moves, neighbourhoods do
        arrays["pooled/knn-jaccard/value"][-1] -= 0.12

    found = claim(study_with(monkeypatch, study_of, variants, cut, blocks=blocks))
    assert found.measures["debiased-cka"].word == "same"
    assert found.measures["knn-jaccard"].word != "same"
    assert found.word != "same"
    assert f"stage{blocks - 1}" in found.measures["knn-jaccard"].reason


def test_a_block_that_died_is_not_the_same(monkeypatch, study_of, variants):
    def dead(seed, arrays):
        arrays["pooled/knn-jaccard/value"][-1] = np.nan
        arrays["pooled/knn-jaccard/influence"][-1] = np.nan

    found = claim(study_with(monkeypatch, study_of, variants, dead))
    assert found.word == "can't tell"
    assert "Undefined for this network at stage3" in found.measures["knn-jaccard"].reason


@pytest.mark.parametrize("seeds", [1, 3, 6])
def test_an_identical_inside_is_observed_at_any_number_of_seeds(monkeypatch, study_of, variants, seeds: int):
    def equal(seed, arrays):
        arrays["identical"][:] = True

    found = claim(study_with(monkeypatch, study_of, variants, equal, seeds=tuple(range(seeds)), probe=64))
    assert found.identical and found.same and not found.family
    assert {measure_word(measured) for measured in found.measures.values()} == {"identical inside"}
    assert np.isnan(found.p_same)


def test_words_are_withheld_at_three_seeds(monkeypatch, study_of, variants):
    found = claim(study_with(monkeypatch, study_of, variants, seeds=(0, 1, 2)))
    assert found.word == "can't tell"
    assert "With 3 seeds the smallest attainable p is 0.25" in found.reason


def loss(tables: np.ndarray) -> ProbeLoss:
    """A loss in (L, S, n) tables, one block each."""
    at = tuple(crossed_mean(table) for table in tables)
    names = tuple(f"stage{block}" for block in range(len(tables)))
    changed = (tables != 0).any(axis=1).sum(axis=1)
    return ProbeLoss(names, tables.mean(axis=2).T, at, at, changed, tables.shape[2], (), ())


def test_not_one_changed_image_is_a_bound_and_not_0():
    assert of_loss(loss(np.zeros((2, 6, 597))), 0.005, 0.05).p_same > 0.05
    assert of_loss(loss(np.zeros((2, 6, 598))), 0.005, 0.05).p_same <= 0.05
    one = np.zeros((2, 6, 598))
    one[0, 0, 0] = 1
    assert of_loss(loss(one), 0.005, 0.05).p_same > of_loss(loss(np.zeros((2, 6, 598))), 0.005, 0.05).p_same
    assert images_needed(0.005, 0.05) == 598


@pytest.mark.parametrize("images", [597, 598])
def test_the_interval_of_no_changed_image_ends_beyond_the_margin_exactly_if_the_test_does(images: int):
    tables = np.zeros((1, 6, images))
    _, high = loss_interval(crossed_mean(tables[0]), 0.005, 0, images, 0.05)
    assert (high <= 0.005) == (of_loss(loss(tables), 0.005, 0.05).p_same <= 0.05) == (images == 598)


def test_a_block_that_the_reference_was_not_read_at_is_not_the_same():
    tables = np.zeros((3, 6, 2000))
    tables[1] = np.nan
    found = of_loss(loss(tables), 0.005, 0.05)
    assert (found.p_same, found.against) == (1.0, "Its reference was not read at stage1.")


@pytest.mark.parametrize(("images", "shared"), [(700, True), (2000, True), (2000, False)])
def test_a_loss_of_exactly_the_margin_is_seldom_called_the_same_or_changed(images: int, shared: bool):
    random = np.random.default_rng(images)
    p = []
    for _ in range(400):
        lost = random.random((1, 1 if shared else 6, images)) < 0.005
        found = of_loss(loss(np.broadcast_to(lost, (1, 6, images)).astype(float)), 0.005, 0.05)
        p.append((found.p_same, found.p_changed))
    assert (np.array(p) <= 0.05).mean(axis=0).max() <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 400)


@pytest.mark.parametrize("blocks", [5, 20])
def test_a_block_beyond_the_margin_stands_against_the_same_before_it_is_shown(
    monkeypatch, study_of, variants, blocks: int
):
    def thinned(seed, arrays):  # 0.15 seed-equivalents, give or take more than that
        arrays["pooled/knn-jaccard/value"][-1] -= 0.036 + 0.05 * (-1) ** seed

    found = claim(study_with(monkeypatch, study_of, variants, thinned, blocks=blocks))
    assert found.measures["debiased-cka"].word == "same"
    assert found.measures["knn-jaccard"].word == found.word == "can't tell"
    assert f"stage{blocks - 1}" in found.measures["knn-jaccard"].reason


def test_a_seed_in_which_everything_died_counts(monkeypatch, study_of, variants):
    def dead(seed, arrays):
        if seed == 6:
            arrays["pooled/knn-jaccard/value"][:] = np.nan
            arrays["pooled/knn-jaccard/influence"][:] = np.nan

    found = claim(study_with(monkeypatch, study_of, variants, dead, seeds=tuple(range(7))))
    assert found.word == found.measures["knn-jaccard"].word == "can't tell"
    assert found.measures["knn-jaccard"].reason.startswith("Undefined for this network at stage0")


def test_a_reference_that_died_is_named_and_not_the_scale(monkeypatch, study_of, variants):
    given = invented.invented_inside.similarity

    def similarity(model, seed, label, *sizes):
        arrays = given(model, seed, label, *sizes)
        if label == "finetune":
            arrays["pooled/knn-jaccard/value"][:] = np.nan
            arrays["pooled/knn-jaccard/influence"][:] = np.nan
        return arrays

    monkeypatch.setattr(invented.invented_inside, "similarity", similarity)
    labels = ("original", "finetune", "other-seed", "nncf-int8-qat")
    found = inside_claims(study_of(variants=tuple(variants[label] for label in labels), probe=2000))
    reason = found["resnet8", "nncf-int8-qat"].measures["knn-jaccard"].reason
    assert reason == "Its reference has no value in any seed that it has one in."


def test_no_interval_decides_where_no_word_is_given(monkeypatch, study_of, variants):
    found = claim(study_with(monkeypatch, study_of, variants, seeds=(0, 1, 2), probe=64))
    assert all(np.isnan([one.low, one.high, one.confidence]).all() for one in found.measures.values())


def test_the_mean_over_blocks_decides_nothing_where_a_block_stands_against_it(monkeypatch, study_of, variants):
    def cut(seed, arrays):
        arrays["pooled/knn-jaccard/value"][-1] -= 0.12

    found = claim(study_with(monkeypatch, study_of, variants, cut, blocks=20)).measures["knn-jaccard"]
    assert found.word == "can't tell"
    assert np.isnan([found.low, found.high]).all()


def test_without_anything_to_lose_measures_give_no_word(study_of, guessing):
    found = claim(study_of(right=guessing))
    assert found.nothing_to_lose
    assert {one.word for one in found.measures.values()} == {None}
