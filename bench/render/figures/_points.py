"""What a figure of accuracy against a size draws: its points, what collapsed, and what ties with the best."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite

from bench.analysis.cards import cards
from bench.analysis.study import Study
from bench.render.kit.names import methods
from bench.roles import ORIGINAL, OTHER_SEED, RANDOM
from bench.runner.plan_file import PlannedVariant

NOT_DRAWN = (OTHER_SEED, RANDOM)
LIGHTEST = 0.35  # shade of a sweep's largest file
FAR = 20  # margins below the best: what lost more has collapsed


@dataclass(frozen=True)
class Point:
    """A variant of one network.

    Attributes:
        size: kB.
        level, low, high: the primary outcome with its interval, as printed.
        seeds: behind it.
        shade: how dark its marker is, from 0 to 1: its place among the settings of its sweep.
    """

    variant: PlannedVariant
    size: float
    level: float
    low: float
    high: float
    seeds: int
    shade: float = 1.0

    @property
    def about(self) -> tuple[tuple[str, str], ...]:
        """Names the row of a summary for scripts."""
        return (("variant", self.variant.label), ("family", self.variant.family))

    @property
    def at(self) -> tuple[float, float]:
        """Its place in the panel."""
        return self.size, self.level


@dataclass(frozen=True)
class TieBand:
    """What cannot be told from the best among methods of at most a size (kB): `labels`, with levels `low` to `high`."""

    size: float
    low: float
    high: float
    labels: tuple[str, ...]


def points(study: Study, model: str, metric: str) -> list[Point]:
    """Every variant that has both numbers, the most accurate first."""
    drawn, scale = [], study.primary.scale
    for variant in study.plan.variants:
        size, level = study.mean(metric, model, variant.label), study.level(model, variant.label)
        if variant.label in NOT_DRAWN or not size.n or not level.n or not 0 < size.value < inf:
            continue
        low, high = (scale * (end if isfinite(end) else level.value) for end in (level.low, level.high))
        drawn.append(Point(variant, size.value / 1e3, scale * level.value, low, high, level.n))
    return sorted(drawn, key=lambda point: (-point.level, point.size, point.variant.label))


def sweeps(drawn: Iterable[Point]) -> list[list[Point]]:
    """Points of one method, or chain, with different settings: each sweep from the largest file to the smallest."""
    gathered: dict[tuple[str, ...], list[Point]] = {}
    for point in drawn:
        gathered.setdefault(methods(point.variant) or (point.variant.label,), []).append(point)
    ordered = (sorted(sweep, key=lambda point: (-point.size, point.variant.label)) for sweep in gathered.values())
    return [[replace(point, shade=_shade(place, len(sweep))) for place, point in enumerate(sweep)] for sweep in ordered]


def _shade(place: int, of: int) -> float:
    return 1.0 if of == 1 else LIGHTEST + (1 - LIGHTEST) * place / (of - 1)


# Where accuracy collapses, methods no longer differ in a way that matters, and an axis that holds them all would draw
# the rest as one line. What does not matter is the margin, so that "far" is counted in margins; half of the way down to
# chance is far in any case.
def floor(study: Study, model: str, drawn: Sequence[Point]) -> float:
    """The level below which a method has collapsed; -inf if all of the methods would have."""
    best = max((point.level for point in drawn), default=0.0)
    lost = FAR * study.plan.margins.accuracy
    chance = chance_of(study, model)
    if chance is not None and chance < best:
        lost = min(lost, (best - chance) / 2)
    low = best - lost
    compressed = [point for point in drawn if not point.variant.control]
    return low if any(point.level >= low for point in compressed) or not compressed else -inf


def chance_of(study: Study, model: str) -> float | None:
    """What guessing reaches, as printed; None if the task does not say."""
    chance = study.per_image.chance(model)
    return None if chance is None else study.primary.scale * chance


def ties(study: Study, model: str) -> list[TieBand]:
    """By size, ascending: the levels of the best that fits and of all that cannot be told from it.

    Empty where the seeds are too few to tell any apart, or the original is not shown to beat chance.
    """
    steps, level = [], {variant.label: study.level(model, variant.label).value for variant in study.plan.methods}
    for size, card in cards(study)[model].budgets:
        if card is None or card.silent:
            continue
        labels = (card.label, *card.ties)
        levels = [study.primary.scale * level[label] for label in labels]
        steps.append(TieBand(size / 1e3, min(levels), max(levels), labels))
    return steps


def original(drawn: Iterable[Point]) -> Point | None:
    """The network that compression started from."""
    return next((point for point in drawn if point.variant.label == ORIGINAL), None)
