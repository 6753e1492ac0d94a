"""The recall of each class beside the reference's: which classes a network gets worse or better at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.analysis.reference import reference
from bench.analysis.study import Study, judgement
from bench.diagnose.answers.class_effects import ClassEffects, class_effects
from bench.roles import ORIGINAL, OTHER_SEED


@dataclass(frozen=True)
class Recalls:
    """One network's classes.

    Attributes:
        reference: label of the variant that it is compared with.
        seeds: that have answers of both.
        effects: recall of each class less the reference's, shares of the class's images.
    """

    reference: str
    seeds: int
    effects: ClassEffects

    @property
    def values(self) -> np.ndarray:
        """(classes,) differences, NaN for a class without images."""
        return np.array([estimate.value for estimate in self.effects.estimates])

    @property
    def worst(self) -> tuple[int, ...]:
        """The class that loses the most, or all that lose as much; empty if no class loses."""
        return self.effects.worst


@judgement
def recalls(study: Study) -> dict[tuple[str, str], Recalls]:
    """By (model, variant), of every variant with answers and a reference that has them too.

    Not of the original, nor of another seed: over all seeds these are the same networks, which lose nothing on average.
    """
    networks = {}
    for model in study.models:
        for variant in study.plan.variants:
            if variant.label not in (ORIGINAL, OTHER_SEED) and (recall := _recalls(study, model, variant.label)):
                networks[model, variant.label] = recall
    return networks


def _recalls(study: Study, model: str, label: str) -> Recalls | None:
    other = reference(study, model, label).label
    if other is None:
        return None
    networks = study.logits(model, label), study.logits(model, other)
    # Recalls are paired by seed and image, so that a seed counts only if both networks have answers.
    seeds = [seed for seed in study.plan.seeds if all(seed in answers for answers in networks)]
    if not seeds:
        return None
    own, beside = (np.stack([answers[seed][0] for seed in seeds]) for answers in networks)
    truth = networks[0][seeds[0]][1]
    return Recalls(other, len(seeds), class_effects(own, beside, truth, alpha=study.plan.alpha))
