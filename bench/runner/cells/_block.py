"""One block of two networks by every measure of a profile, whatever the measure needs beside the activations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from bench import guests
from bench.errors import InputError
from bench.similarity.battery import Prepared, battery, prepare
from bench.similarity.catalog import AnyMeasure
from bench.similarity.labelled_measure import LabelledMeasure
from bench.similarity.layers import Grams
from bench.similarity.measure import Measure
from bench.similarity.probe import FittedProbe, ProbeMeasure, Shown, loss, put_back

Result = TypeVar("Result")
SHARED, RETRAINED = "shared", "retrained"
NO_CLASSES = "needs images of known classes, which this task doesn't have"


@dataclass(frozen=True)
class Refused:
    """Why a measure has no value, in a sentence."""

    sentence: str


@dataclass(frozen=True)
class Fitted:
    """A probe of the original's block, and which probe images it answers rightly there, (n,) bool."""

    probe: FittedProbe
    right: np.ndarray


@dataclass(frozen=True)
class OriginalSide:
    """The original's side of one block, in one convention of features: all that comparisons with it share.

    Attributes:
        activations: prepared for the measures that compare pairs.
        probes: by measure.
        gram: for a map of debiased CKA, if one is asked for.
    """

    activations: Prepared | Refused
    probes: Mapping[str, Fitted | Refused]
    gram: Grams | None = None


@dataclass(frozen=True)
class Found:
    """What one measure says of the block; NaN throughout where it is refused.

    Attributes:
        influence: (n,) of the probe images.
        more: further arrays, by name.
    """

    value: float
    low: float
    high: float
    influence: np.ndarray
    more: Mapping[str, np.ndarray] = field(default_factory=dict)


Answer = Found | Refused


def prepared(features: np.ndarray, measures: Mapping[str, AnyMeasure]) -> Prepared | Refused:
    """Activations ready to be compared by those of the measures that compare pairs."""
    pairs = {name: measure for name, measure in measures.items() if isinstance(measure, Measure)}
    try:
        return prepare([features], pairs, names=["the layer"])
    except InputError as error:
        return Refused(str(error))


def fitted(measure: ProbeMeasure, training: Shown, validation: Shown, probe: Shown) -> Fitted | Refused:
    """A probe of a layer, read on the probe images."""

    def fit() -> Fitted:
        found = measure.fit(training, validation)
        return Fitted(found, found.right(probe))

    return refusable(measure, fit)


def compared(
    original: OriginalSide, other: Prepared | Refused, measures: Mapping[str, AnyMeasure], labels: np.ndarray | None
) -> dict[str, Answer]:
    """Every measure of two sides but those that ask a probe.

    Args:
        labels: (n,) of the probe images; None if the task has no classes.
    """
    answers: dict[str, Answer] = {}
    for name, measure in measures.items():
        if isinstance(measure, ProbeMeasure):
            continue
        unusable = [side for side in (original.activations, other) if isinstance(side, Refused)]
        if unusable:
            answers[name] = unusable[0]
        elif isinstance(measure, LabelledMeasure):
            answers[name] = _labelled(measure, original.activations, other, labels)  # type: ignore[arg-type]
        else:
            answers[name] = _pair(name, measure, original.activations, other)  # type: ignore[arg-type]
    return answers


def probed(
    measure: ProbeMeasure,
    original: Fitted | Refused,
    other: Shown,
    kept: np.ndarray | None,
    shared: bool,
    retrained: Callable[[], Fitted | Refused],
) -> Answer:
    """What the original's probe loses at the other network, or a probe retrained there if the two share no coordinates.

    Args:
        other: the probe images at the other network.
        kept: see `NetworkBlocks.kept_channels`.
        shared: see `NetworkBlocks.shares_coordinates`.
        retrained: fits a probe at the other network.
    """
    if isinstance(original, Refused):
        return original

    def read() -> Answer:
        features = _placed(other.features, kept, original.probe.mean) if shared else None
        if features is not None:
            return _lost(original.right, original.probe.right(Shown(features, other.labels)), SHARED)
        again = retrained()
        return again if isinstance(again, Refused) else _lost(original.right, again.right, RETRAINED)

    return refusable(measure, read)


def refusable(measure: AnyMeasure, compute: Callable[[], Result]) -> Result | Refused:
    """`compute()`, or the sentence that says why a measure cannot; any error of a guest becomes such a sentence."""
    try:
        with guests.blamed(measure, measure.title, MemoryError):
            return compute()
    except InputError as error:
        return Refused(str(error))
    except MemoryError:
        return Refused(f"{measure.title} needs more memory than there is.")


def _pair(name: str, measure: Measure, x: Prepared, y: Prepared) -> Answer:
    found = battery(x, y, {name: measure})[name]
    if 0 in found.refusals:
        return Refused(found.refusals[0])
    return Found(float(found.value[0]), float(found.low[0]), float(found.high[0]), found.influence[0])


# The measure is |δ|, δ the mean difference over the m images that it scores. On them ψ = ±(dᵢ - δ)·√(n(n-1)/(m(m-1))),
# and 0 elsewhere, so that Σψ²/(n(n-1)) is s²/m.
def _labelled(measure: LabelledMeasure, x: Prepared, y: Prepared, labels: np.ndarray | None) -> Answer:
    if labels is None:
        return Refused(f"{measure.title} {NO_CLASSES}.")
    first, second, classes = x.sides[0].values, y.sides[0].values, labels

    def score() -> Found:
        estimate = measure.estimate(first, second, classes)
        differences = measure.per_image(first, second, classes)
        n, m = len(classes), len(differences)
        influence = np.zeros(n)
        sign = -1.0 if differences.mean() < 0 else 1.0
        spread = np.sqrt(n * (n - 1.0) / (m * (m - 1.0)))
        influence[measure.scored(n)] = sign * spread * (differences - differences.mean())
        return Found(estimate.value, estimate.low, estimate.high, influence)

    return refusable(measure, score)


def _placed(features: np.ndarray, kept: np.ndarray | None, mean: np.ndarray) -> np.ndarray | None:
    """Features in the original's coordinates; None if the two share none."""
    if kept is None:
        return features if features.shape[1] == len(mean) else None
    try:
        return put_back(features, kept, mean)
    except InputError:
        return None


def _lost(original: np.ndarray, other: np.ndarray, kind: str) -> Found:
    found = loss(original, other)
    more = {"right": np.stack([original, other]), "kind": np.array(kind)}
    return Found(found.value, found.low, found.high, found.influence, more)
