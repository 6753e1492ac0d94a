"""What the networks answer on the test images: which classes and which images compression costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.analysis.study import Study, judgement
from bench.diagnose.answers.class_effects import ClassEffects, class_effects
from bench.diagnose.answers.exemplars import Exemplars, exemplars
from bench.roles import CONTROL, ORIGINAL


@dataclass(frozen=True)
class Hurt:
    """One method's answers beside the original's and the control's, over the seeds that have all three.

    Attributes:
        seeds: number of them.
        classes: recall of each class less the control's.
        images: the compression-identified exemplars.
        labels: (k,) the class of each exemplar.
        given: (k,) the most frequent wrong class among the compressed network's seeds; of several the lowest.
        votes: (k,) number of seeds that give it.
    """

    model: str
    variant: str
    seeds: int
    classes: ClassEffects
    images: Exemplars
    labels: np.ndarray
    given: np.ndarray
    votes: np.ndarray

    @property
    def changed(self) -> int:
        """Number of classes whose recall differs from the control's, after correction."""
        return sum(bool(each) for each in self.classes.corrected.rejected)

    @property
    def tested(self) -> bool:
        """Whether there were seeds enough to test any class."""
        return bool(np.isfinite(self.classes.corrected.p).any())

    @property
    def worst(self) -> int | None:
        """The class that loses the most; None where no class has a value."""
        values = np.array([estimate.value for estimate in self.classes.estimates])
        return int(np.nanargmin(values)) if np.isfinite(values).any() else None


@judgement
def hurt(study: Study) -> tuple[Hurt, ...]:
    """Which classes and images each method costs, for every method with answers of any seed."""
    return tuple(_each(study))


def _each(study: Study) -> Iterator[Hurt]:
    for model in study.models:
        original, control = (study.results.logits(model, label) for label in (ORIGINAL, CONTROL))
        for variant in study.plan.methods:
            own = study.results.logits(model, variant.label)
            seeds = [seed for seed in study.plan.seeds if seed in own and seed in original and seed in control]
            if seeds:
                stacks = [np.stack([each[seed][0] for seed in seeds]) for each in (own, original, control)]
                yield _hurt(study, model, variant.label, stacks, own[seeds[0]][1])


def _hurt(study: Study, model: str, variant: str, stacks: list[np.ndarray], labels: np.ndarray) -> Hurt:
    own, original, control = stacks
    alpha = study.plan.alpha
    images = exemplars(original, own, labels, control, alpha=alpha)
    given, votes = _most_wrong(own[:, images.indices].argmax(2), labels[images.indices])
    return Hurt(
        model=model,
        variant=variant,
        seeds=len(own),
        classes=class_effects(own, control, labels, alpha=alpha),
        images=images,
        labels=labels[images.indices],
        given=given,
        votes=votes,
    )


def _most_wrong(answers: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(k,) the most frequent of (S, k) classes that is not the image's own, of several the lowest; and how often.

    >>> _most_wrong(np.array([[2, 0], [2, 1], [1, 1], [0, 1]]), np.array([0, 1]))
    (array([2, 0]), array([2, 1]))
    """
    counts = [np.bincount(each[each != label]) for each, label in zip(answers.T, labels)]
    given, votes = ([int(call(each)) for each in counts] for call in (np.argmax, np.max))
    return np.array(given, dtype=np.int64), np.array(votes, dtype=np.int64)
