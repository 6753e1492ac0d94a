"""How often a compressed network, trained again, would be more accurate than what it is compared with."""

from __future__ import annotations

from dataclasses import dataclass

from bench.analysis.reference import reference
from bench.analysis.study import Study, judgement
from bench.roles import ORIGINAL
from bench.statistics.estimate import Estimate
from bench.statistics.superiority import beats, beats_on_new_images


@dataclass(frozen=True)
class Against:
    """The probability of beating one other network.

    Attributes:
        other: its label.
        trainings: on these test images, over trainings.
        new_images: on new images too, by the normal model; None if the task says nothing of single images.
    """

    other: str
    trainings: Estimate
    new_images: Estimate | None


@judgement
def superiority(study: Study) -> dict[tuple[str, str], dict[str, Against]]:
    """By (model, method): against the original, and against the method's own reference, by the other's label.

    Without what has no seed in common with the method.
    """
    against_all: dict[tuple[str, str], dict[str, Against]] = {}
    for model in study.models:
        for variant in study.plan.methods:
            others = dict.fromkeys((ORIGINAL, reference(study, model, variant.label).label))
            against = (_against(study, model, variant.label, other) for other in others if other)
            against_all[model, variant.label] = {each.other: each for each in against if each.trainings.n}
    return against_all


def _against(study: Study, model: str, label: str, other: str) -> Against:
    metric = study.primary.test
    trainings = beats(study.per_seed(metric, model, label), study.per_seed(metric, model, other))
    pair = study.tables(model, label, other)
    return Against(other, trainings, None if pair is None else beats_on_new_images(*pair))
