from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.claims import Claim, claims, judge
from bench.analysis.departures import blocks
from bench.analysis.outcomes import Evidence, PrimaryOutcome
from bench.analysis.study import Study
from bench.statistics.intervals import seed_mean

ACCURACY = PrimaryOutcome(
    key="accuracy", quantity="Top-1", title="Top-1, less original", estimand="top-1", unit="points", margin=0.5,
    digits=2, reference="original", kind="compress",
)  # fmt: skip


def evidence(*differences: float) -> Evidence:
    return Evidence("resnet8", "x", ACCURACY, seed_mean(differences), differences)


def judged(*groups: tuple[float, ...]) -> list[Claim]:
    return judge([evidence(*group) for group in groups], 0.05, "tests")


def test_the_three_words():
    nothing = (0.01, -0.02, 0.0, 0.02, -0.01, 0.01)
    much = (-3.0, -3.2, -2.9, -3.1, -3.0, -3.05)
    little = (0.10, 0.11, 0.09, 0.10, 0.12, 0.10)
    noise = (2.0, -2.5, 1.0, -1.5, 3.0, -2.0)
    words = [claim.verdict.word for claim in judged(nothing, much, little, noise)]
    assert words == ["same", "changed", "same", "can't tell"]


def test_p_values_are_corrected_for_all_of_the_family():
    group = (-0.3, -0.1, -0.35, -0.2, -0.15, -0.05)
    alone = judged(group)[0]
    among = judged(group, *[(0.0, 0.1, -0.1, 0.05, -0.05, 0.0)] * 3)[0]
    assert among.size == 4
    assert among.raw.p_different == alone.raw.p_different
    assert among.verdict.p_different == pytest.approx(min(4 * alone.raw.p_different, 1))


@pytest.mark.parametrize(("seeds", "stars"), [(5, ""), (6, "***")])
def test_stars_are_withheld_where_the_sign_flip_test_cannot_reach_alpha(seeds: int, stars: str):
    differences = tuple(-3 + 0.01 * np.arange(seeds))
    claim = judged(differences)[0]
    assert claim.withheld == (seeds < 6)
    assert claim.stars == stars
    assert claim.flip.p == 2.0 ** (1 - seeds)


def test_one_seed_claims_nothing():
    claim = judged((-3.0,))[0]
    assert (claim.verdict.word, claim.stars, claim.withheld) == ("can't tell", "", True)


def test_accuracy_is_judged_against_the_original_and_the_control(study_of):
    accuracies = {"original": 95.0, "finetune": 95.5, "nncf-int8-ptq": 94.0}
    study = study_of(accuracy=lambda model, seed, label: accuracies.get(label, 50.0) + 0.1 * seed)
    against = {
        outcome: claims(study)["resnet8", "nncf-int8-ptq", outcome].evidence.difference.value
        for outcome in ("accuracy", "accuracy-control")
    }
    assert against == pytest.approx({"accuracy": -1.0, "accuracy-control": -1.5})


def test_the_family_is_all_methods_and_outcomes_of_a_model(study: Study):
    methods = len(study.plan.methods)
    assert methods == 11
    assert {claim.size for claim in claims(study).values()} == {4 * methods}
    assert {label for _, label, _ in claims(study)} == {variant.label for variant in study.plan.methods}


def test_without_a_control_the_inside_is_not_judged(study_of):
    names = [f"{kind}/resnet8/{seed}/finetune" for kind in ("compress", "compare") for seed in range(6)]
    study = study_of(states=dict.fromkeys(names, "failed"))
    assert {outcome for _, _, outcome in claims(study)} == {"accuracy"}
    assert all(claim.beyond is None for claim in blocks(study))
