"""Accuracy alone, by the hundred thousand: the tails that corrections for many tests read, and choosing by validation.

The estimates are those of `bench.statistics`, computed for many tables at once (`bench/calibrate/many_tables.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.calibrate.answers import Answers
from bench.calibrate.many_tables import crossed, seeds_and_images
from bench.calibrate.scenario import Counted, Outcome, Outcomes, Scenario, averaged

ACCURACY, MARGIN = 0.95, 0.005
LEVELS = {"0.05": 0.05, "0.05/36": 0.05 / 36, "0.05/88": 0.05 / 88}
SHARES = {"means": (0.92, 0.985), "differences": (0.93, 1.0), "chosen": (0.93, 1.0)}
BIAS = 0.05  # points


class _Tables(Scenario):
    """Tables of seeds and images, `batch` of them in one replication, since each alone is quick."""

    effort: ClassVar[int] = 40
    part: ClassVar[int] = 20
    batch: ClassVar[int] = 50

    number_of_seeds: int
    n: int

    @property
    def images(self) -> int:
        return self.n

    @property
    def seeds(self) -> int:
        return self.number_of_seeds


@dataclass(frozen=True)
class Tails(_Tables):
    """One network's accuracy and its differences to an equal method and to one a margin below.

    Attributes:
        seed, of_method: see `Answers`: how far trainings differ, and how often the answers of two methods do.
    """

    batch: ClassVar[int] = 500

    number_of_seeds: int
    seed: float = 0.06
    of_method: float = 0.4
    n: int = 599

    def replicate(self, rng: np.random.Generator) -> Outcomes:
        model = self._model
        accuracies = (ACCURACY, ACCURACY, ACCURACY - MARGIN)
        (margins,) = model.margins(accuracies, self.seeds, [self.n], rng, self.batch)
        right = (margins > 0).astype(np.int8)
        mean, equal, worse = (
            crossed(right[:, 0]),
            crossed(right[:, 1] - right[:, 0]),
            crossed(right[:, 2] - right[:, 0]),
        )
        # Three seeds have few degrees of freedom, and V never understates: there too much coverage is no fault.
        lowest, highest = SHARES["means"] if self.seeds >= 6 else (SHARES["means"][0], 1.0)
        outcomes: dict[str, Outcome] = {
            "accuracy ± h: covers for new seeds and images": _share(mean.covers(ACCURACY), lowest, highest),
            "difference of equal methods: covers": _share(equal.covers(0.0), *SHARES["differences"]),
            "difference of a margin: covers": _share(worse.covers(-MARGIN), *SHARES["differences"]),
        }
        p, p_same = equal.p(), worse.p_above(-MARGIN)
        for name, level in LEVELS.items():
            outcomes[f"equal methods: difference shown at {name}"] = _share(p <= level, 0.0, level)
            outcomes[f"a margin apart: same shown at {name}"] = _share(p_same <= level, 0.0, level)
        return outcomes

    @property
    def population(self) -> str:
        between = 100 * self._model.between_trainings(ACCURACY)
        return f"accuracy {ACCURACY:g}, SD {between:.1f} points between trainings; {self._model.in_words}"

    @property
    def _model(self) -> Answers:
        return Answers(seed=self.seed, of_method=self.of_method)


@dataclass(frozen=True)
class ManyDifferences(_Tables):
    """Holm over 36 differences to one original, none of them real; words are not withheld at any number of seeds."""

    number_of_seeds: int
    tests: int = 36
    n: int = 599

    def replicate(self, rng: np.random.Generator) -> Outcomes:
        (margins,) = Answers().margins([ACCURACY] * (self.tests + 1), self.seeds, [self.n], rng, self.batch)
        right = (margins > 0).astype(np.int8)
        smallest = crossed(right[:, 1:] - right[:, :1]).p().min(axis=1)
        return {
            f"any false word on accuracy among {self.tests} (Holm)": _share(smallest <= 0.05 / self.tests, 0.0, 0.05)
        }

    @property
    def population(self) -> str:
        return f"{self.tests} methods like their original; {Answers().in_words}"


@dataclass(frozen=True)
class Blocks(_Tables):
    """A search among blocks of many methods by Benjamini and Hochberg, with no block really farther than the control's.

    Attributes:
        image_share: of a value's variance over seeds, how much comes from the probe images.
    """

    number_of_seeds: int
    image_share: float
    tests: int = 48
    n: int = 128

    def replicate(self, rng: np.random.Generator) -> Outcomes:
        # A value is its seed's own deviation plus the mean influence of the images, which all seeds see. Tests share a
        # part of both, as blocks of one network do.
        shape = (self.batch, self.tests, self.seeds)
        own = _correlated(rng, (*shape,), axis=1)
        influence = _correlated(rng, (self.batch, self.tests, 1, self.n), axis=1)
        influence = np.sqrt(self.n * self.image_share) * (
            np.sqrt(0.7) * influence + np.sqrt(0.3) * rng.standard_normal((*shape, self.n), dtype=np.float32)
        )
        means = influence.mean(-1, keepdims=True)
        values = np.sqrt(1 - self.image_share) * own + means[..., 0]
        p = np.sort(seeds_and_images(values, influence - means).p(), axis=1)
        falsely = np.any(p * self.tests / np.arange(1, self.tests + 1) <= 0.05, axis=1)
        return {"any block falsely found (Benjamini-Hochberg)": _share(falsely, 0.0, 0.05)}

    @property
    def population(self) -> str:
        return f"{self.tests} differences of blocks, none real; images' share of the variance {self.image_share:g}"


@dataclass(frozen=True)
class Chosen(_Tables):
    """The most accurate of many methods by validation accuracy, and what its test images say of it.

    Attributes:
        better: points by which the first method is better than all others.
    """

    number_of_seeds: int
    better: float = 0.0
    methods: int = 22
    n: int = 599
    validation: int = 120

    def replicate(self, rng: np.random.Generator) -> Outcomes:
        truth = np.full(self.methods + 1, ACCURACY)
        truth[1] += self.better / 100  # the first of all is the original, which is compared with and never chosen
        sets = Answers().margins(truth.tolist(), self.seeds, [self.validation, self.n], rng, self.batch)
        on_validation, on_test = ((margins > 0).astype(np.int8) for margins in sets)
        choice = 1 + on_validation[:, 1:].sum((2, 3), dtype=np.int64).argmax(axis=1)
        rows = np.arange(self.batch)
        chosen, original = on_test[rows, choice], on_test[:, 0]
        level, loss = crossed(chosen), crossed(chosen - original)
        means = on_test[:, 1:].mean((2, 3))
        # Bias in the chosen method's error less the mean error of all methods, which is 0 on average: the same bias,
        # with far less of the variance that all methods share.
        shared = (means - truth[1:]).mean(axis=1)
        lowest, highest = SHARES["chosen"]
        return {
            "most accurate by validation: bias of its test mean": averaged(
                100 * (level.value - truth[choice] - shared), within=BIAS, unit="points"
            ),
            "most accurate by validation: ± h covers": _share(level.covers(truth[choice]), lowest, highest),
            "most accurate by validation: difference to the original covers": _share(
                loss.covers(truth[choice] - truth[0]), lowest, highest
            ),
        }

    @property
    def population(self) -> str:
        better = f", one better by {self.better:g} points" if self.better else " alike"
        return f"{self.methods} methods{better}, {self.validation} validation images; {Answers().in_words}"


def scenarios() -> Iterator[Scenario]:
    """Three, six and twelve seeds of each."""
    for seeds in (3, 6, 12):
        yield Tails(seeds)
        yield Tails(seeds, of_method=0.1)
        # Trainings that differ by points: accuracy near its ceiling is then skewed, which few seeds cannot show.
        yield Tails(seeds, seed=0.2)
        yield Tails(seeds, seed=0.4)
        yield ManyDifferences(seeds)
        yield Blocks(seeds, 0.3)
        yield Blocks(seeds, 0.9)
        yield Chosen(seeds)
        yield Chosen(seeds, better=1.0)


def _correlated(rng: np.random.Generator, shape: tuple[int, ...], axis: int) -> np.ndarray:
    """Standard normal, correlated by 0.5 along one axis."""
    together = tuple(1 if place == axis else size for place, size in enumerate(shape))
    half = np.float32(np.sqrt(0.5))
    first, second = (rng.standard_normal(size, dtype=np.float32) for size in (shape, together))
    return half * (first + second)


def _share(happened: np.ndarray | np.bool_, lowest: float, highest: float) -> Counted:
    return Counted(float(np.sum(happened)), np.size(happened), lowest, highest)
