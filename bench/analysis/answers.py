"""What the networks answer on the test images: which classes and which images compression costs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bench.analysis.study import Study, judgement
from bench.diagnose.answers.class_effects import ClassEffects, class_effects
from bench.diagnose.answers.exemplars import Exemplars, exemplars, most_wrong
from bench.roles import CONTROL, ORIGINAL
from bench.statistics.equivalence import withheld
from bench.statistics.multiplicity import holm


@dataclass(frozen=True)
class Hurt:
    """One method's answers beside the original's and the control's, over the seeds that have all three.

    Attributes:
        seeds: number of them.
        classes: recall of each class less the control's.
        images: the compression-identified exemplars.
        labels: (k,) the class of each exemplar.
        wrong: (k,) the most frequent wrong answer among the compressed network's seeds; of several the lowest class.
        votes: (k,) number of seeds that give it.
        p_chance, p_control: one-sided, that more is lost than by chance and than under the control, after Holm over the
            network's methods; NaN without a test.
    """

    model: str
    variant: str
    seeds: int
    classes: ClassEffects
    images: Exemplars
    labels: np.ndarray
    wrong: np.ndarray
    votes: np.ndarray
    p_chance: float = float("nan")
    p_control: float = float("nan")

    @property
    def changed(self) -> int:
        """Number of classes whose recall differs from the control's, after correction."""
        return int(np.sum(self.classes.corrected.rejected))

    @property
    def tested(self) -> bool:
        """Whether there were seeds enough to say of any class that it changed."""
        few = withheld(self.seeds, self.classes.corrected.alpha)
        return not few and bool(np.isfinite(self.classes.corrected.p).any())

    @property
    def worst(self) -> tuple[int, ...]:
        """The class that loses the most, or all that lose as much; empty if no class loses."""
        return self.classes.worst


@judgement
def hurt(study: Study) -> tuple[Hurt, ...]:
    """Which classes and images each method costs, for every method with answers of any seed."""
    found: list[Hurt] = []
    for model in study.models:
        labels = (variant.label for variant in study.plan.methods)
        found += _corrected([losses for label in labels if (losses := _hurt(study, model, label))], study.plan.alpha)
    return tuple(found)


def _corrected(rows: list[Hurt], alpha: float) -> list[Hurt]:
    """The methods of one network with Holm's p of each of both questions."""
    of_chance = holm([row.images.chance.p for row in rows], alpha=alpha).p
    of_control = holm([row.images.control.p if row.images.control else np.nan for row in rows], alpha=alpha).p
    return [replace(row, p_chance=a, p_control=b) for row, a, b in zip(rows, of_chance, of_control, strict=True)]


def _hurt(study: Study, model: str, variant: str) -> Hurt | None:
    networks = [study.logits(model, label) for label in (ORIGINAL, variant, CONTROL)]
    # Losses are paired by seed, so that a seed counts only if all three of its networks have answers.
    seeds = [seed for seed in study.plan.seeds if all(seed in answers for answers in networks)]
    if not seeds:
        return None
    original, compressed, control = (np.stack([answers[seed][0] for seed in seeds]) for answers in networks)
    labels, alpha = networks[0][seeds[0]][1], study.plan.alpha
    images = exemplars(original, compressed, labels, control, alpha=alpha)
    wrong, votes = most_wrong(compressed[:, images.indices].argmax(2), labels[images.indices])
    return Hurt(
        model=model,
        variant=variant,
        seeds=len(seeds),
        classes=class_effects(compressed, control, labels, alpha=alpha),
        images=images,
        labels=labels[images.indices],
        wrong=wrong,
        votes=votes,
    )
