"""All blocks of two networks by several measures, each with its interval and the influence of every image.

>>> rng = np.random.default_rng(0)
>>> image = rng.normal(size=(100, 8))
>>> original = prepare([image @ rng.normal(size=(8, 16)) for _ in range(3)], ["debiased-cka", "pwcca"])
>>> compressed = prepare([image @ rng.normal(size=(8, 16)) for _ in range(3)])
>>> compared = battery(original, compressed, ["debiased-cka", "pwcca"])
>>> compared["pwcca"].value.shape, compared["pwcca"].influence.shape
((3,), (3, 100))
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from bench import guests, registry
from bench.errors import InputError
from bench.similarity import catalog
from bench.similarity.activations import Activations
from bench.similarity.measure import Measure

Measures = Iterable[str] | Mapping[str, Measure]


@dataclass(frozen=True)
class Compared:
    """One measure of every block of two networks.

    Attributes:
        value, low, high: (L,), the interval over images; NaN where the measure is refused.
        df: (L,) degrees of freedom of the interval: the effective number of images, or of groups of images.
        influence: (L, n), on the measure's own scale: Σψ²/(n(n-1)) is the variance of the value over images, and
            influences of two networks on the same images may be subtracted. 0 for identical blocks.
        refusals: by number of the block, why it has no value.
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    df: np.ndarray
    influence: np.ndarray
    refusals: dict[int, str] = field(default_factory=dict)


class Prepared:
    """The blocks of one network, with what the measures need of it alone. Read-only once prepared.

    Attributes:
        sides: one per block.
    """

    def __init__(self, layers: Sequence[ArrayLike], names: Sequence[str] | None = None):
        labels = names or [f"block {number}" for number in range(len(layers))]
        self.sides = [Activations(layer, name) for layer, name in zip(layers, labels)]
        if self.sides and len({side.n for side in self.sides}) > 1:
            raise InputError("All blocks of a network must have been shown the same number of images.")

    def __len__(self) -> int:
        return len(self.sides)


def prepare(layers: Sequence[ArrayLike], measures: Measures = (), *, names: Sequence[str] | None = None) -> Prepared:
    """A network's blocks, ready to be compared with any number of others.

    Args:
        layers: one (n, d) array per block, of the same n images, in the precision they were computed in.
        measures: by name, whose share of the work is done now; what isn't is done when it is first needed.
        names: of the blocks, for error messages.

    Raises:
        InputError: see `bench.similarity.inputs.activations`.
    """
    prepared = Prepared(layers, names)
    for measure in _by_name(measures).values():
        for side in prepared.sides:
            if not side.keeps:
                continue  # what is not kept would be computed for nothing
            try:
                measure.prepare(side)
            except (InputError, MemoryError):
                continue  # said when the block is compared
            except Exception:
                if registry.is_built_in(type(measure)):
                    raise
    return prepared


def battery(x: Prepared, y: Prepared, measures: Measures, *, confidence: float = 0.95) -> dict[str, Compared]:
    """Every measure of block l of x and block l of y, by the measure's name.

    Args:
        x: the original; it weights where a measure is not symmetric.
        y: of the same number of blocks and images.
        measures: names of the catalog (built-in or `package.module:Class`), or measures by name.

    Raises:
        InputError: no such measure, one that compares no pair of activations, or networks that differ in their number
            of blocks or images. What a single block does not allow is refused in `Compared.refusals` instead.
    """
    if len(x) != len(y):
        raise InputError(f"One network has {len(x)} blocks and the other {len(y)}: the same blocks are compared.")
    return {name: _compared(name, measure, x, y, confidence) for name, measure in _by_name(measures).items()}


def layer_map(x: Prepared, y: Prepared, measure: str | Measure) -> np.ndarray:
    """A measure of every block of x (rows) with every block of y (columns), (L1, L2); NaN where it is refused."""
    (chosen,) = _by_name([measure] if isinstance(measure, str) else {"": measure}).values()
    values = np.full((len(x), len(y)), np.nan)
    for row, first in enumerate(x.sides):
        for column, second in enumerate(y.sides):
            try:
                values[row, column] = chosen.of_sides(first, second)
            except (InputError, MemoryError):
                continue
    return values


def _by_name(measures: Measures) -> dict[str, Measure]:
    chosen = dict(measures) if isinstance(measures, Mapping) else {name: catalog.measure(name) for name in measures}
    for name, measure in chosen.items():
        if not isinstance(measure, Measure) or measure.compares != "activations":
            raise InputError(
                f"measure {name!r} cannot compare blocks: it needs labels or classifiers' outputs, not activations."
            )
    return chosen  # type: ignore[return-value]


def _compared(name: str, measure: Measure, x: Prepared, y: Prepared, confidence: float) -> Compared:
    blocks, n = len(x), x.sides[0].n if x.sides else 0
    numbers = [np.full(blocks, np.nan) for _ in range(4)]
    influence = np.full((blocks, n), np.nan)
    refusals = {}
    for number, (first, second) in enumerate(zip(x.sides, y.sides)):
        try:
            level, psi = measure.influence_of_sides(first, second)
            chosen = level, *measure.interval_from(level, psi, first.d, second.d, confidence)
            for array, entry in zip(numbers, chosen):
                array[number] = entry
            influence[number] = psi
        except InputError as error:
            refusals[number] = str(error)
        except MemoryError:
            refusals[number] = f"{measure.title} needs more memory for {n} images than there is."
        except Exception as error:
            if registry.is_built_in(type(measure)):
                raise
            refusals[number] = f"{name}: {guests.sentence(error, type(measure))}"
    value, low, high, df = numbers
    return Compared(value, low, high, df, influence, refusals)
