"""Whole reports of invented studies: every word, interval and recommendation held against the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from bench.analysis.study import Study
from bench.calibrate.audit import audit
from bench.calibrate.invention import PROBE, InventedMethod, Invention
from bench.calibrate.scenario import Outcomes, Scenario
from bench.profile.tables import Similarity
from bench.roles import CONTROL
from bench.similarity.catalog import measures
from bench.similarity.measure import Measure

ACCURACY, NEAR, MARGIN = 0.95, 0.03, 0.1  # of all networks; of the control and all methods, and what may be beyond it
METHODS, SIZE = 11, 1000  # besides twin and copy; bytes from one method to the next
BETTER, FAR, LOST = 0.01, 0.6, 12.0  # of the better method; of the far one, and what its probe loses
Truth = Literal["equal", "better", "margin"]

IN_WORDS: dict[Truth, str] = {
    "equal": "all methods like their references",
    "better": "one method better by 1 point, one far from the original",
    "margin": "every difference exactly the margin",
}


@dataclass(frozen=True)
class WholeStudy(Scenario):
    """One network, its controls, eleven methods of which half fine-tune, a twin of the original and a copy.

    Attributes:
        points: margin of accuracy. With 128 probe images, and words corrected over the methods, not even a probe that
            loses nothing can be shown to lose less than half a point: the wide margin is there to see that word too.
        withholds: whether words are withheld where the seeds are too few.
    """

    effort: ClassVar[int] = 30
    part: ClassVar[int] = 5
    revision: ClassVar[int] = 5

    truth: Truth
    number_of_seeds: int
    points: float = 0.5
    withholds: bool = True

    def replicate(self, rng: np.random.Generator) -> Outcomes:
        invention = self.invention()
        return audit(Study(invention.draw(rng), withholds=self.withholds), invention)

    def invention(self) -> Invention:
        """The study to be drawn, with its truth."""
        control = InventedMethod(CONTROL, ACCURACY, NEAR, finetunes=True)
        methods = [self._method(number) for number in range(METHODS)]
        if self.truth != "margin":
            methods.append(
                InventedMethod("twin", ACCURACY, NEAR, finetunes=True, twin=True, payload=SIZE * (METHODS + 2))
            )
        methods.append(InventedMethod("copy", ACCURACY, copies=True, payload=SIZE * (METHODS + 1)))
        return Invention(
            self.number_of_seeds, ACCURACY, control, tuple(methods), margin=self.points, measures=self._measures()
        )

    def _method(self, number: int) -> InventedMethod:
        finetunes = number % 2 == 0
        accuracy, distance, lost = ACCURACY, NEAR, 0.0
        if self.truth == "margin":
            accuracy, lost = accuracy - self.points / 100, self.points
            distance = MARGIN + (NEAR if finetunes else 0.0)  # beyond the control, or the original at 0
        elif self.truth == "better" and number == 0:
            accuracy += BETTER
        elif self.truth == "better" and number == 1:
            accuracy, distance, lost = accuracy - 0.03, FAR, LOST
        return InventedMethod(f"method {number}", accuracy, distance, lost, finetunes, payload=SIZE * (number + 1))

    def _measures(self) -> tuple[str, ...]:
        return ("debiased-cka",)

    @property
    def population(self) -> str:
        words = "" if self.withholds else "; words not withheld at few seeds"
        return f"whole studies: {IN_WORDS[self.truth]}; margin {self.points:g} points{words}"

    @property
    def images(self) -> int:
        return self.invention().test

    @property
    def seeds(self) -> int:
        return self.number_of_seeds


@dataclass(frozen=True)
class ThoroughStudy(WholeStudy):
    """The same with more measures computed of the activations, k-NN Jaccard too, of which no distance is known.

    All methods fine-tune and are the control's equals, so that by any measure none is nearer or farther than it.

    Attributes:
        every: whether by every measure that needs no classes, or by those of the usual profile.
    """

    thorough: ClassVar[bool] = True

    every: bool = False

    def _method(self, number: int) -> InventedMethod:
        return replace(super()._method(number), finetunes=True)

    def _measures(self) -> tuple[str, ...]:
        if not self.every:
            return tuple(name for name in Similarity().measures if name != PROBE)
        return tuple(
            name
            for name, each in measures().items()
            if isinstance(each, Measure) and each.compares == "activations" and np.isfinite(each.range).all()
        )

    @property
    def population(self) -> str:
        return f"{super().population}; {'every measure' if self.every else 'the usual measures'} computed"


def scenarios() -> Iterator[Scenario]:
    """Every truth at three, six and twelve seeds; three seeds also with words that are not withheld."""
    for seeds in (3, 6, 12):
        yield WholeStudy("equal", seeds)
        yield WholeStudy("better", seeds)
        yield WholeStudy("equal", seeds, points=5.0)
        yield WholeStudy("margin", seeds, points=5.0)
        yield ThoroughStudy("equal", seeds)
    yield ThoroughStudy("equal", 6, every=True)
    yield WholeStudy("equal", 3, withholds=False)
    yield WholeStudy("margin", 3, points=5.0, withholds=False)
