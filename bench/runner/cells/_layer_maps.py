"""Maps of similarity: every block of the original against every block of a compressed network."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bench.runner.cells._block import OriginalSide, Refused, refusable
from bench.similarity.battery import Prepared, layer_map
from bench.similarity.layers import Grams, joined, pairwise
from bench.similarity.measure import Measure
from bench.similarity.measures.debiased_cka import DebiasedCKA, gram

IMAGES = 2000  # at most, of a map: the Grams of all blocks of two networks have to be held at once

Result = tuple[np.ndarray, str]


def grams(side: Prepared | Refused, measures: Mapping[str, Measure]) -> Grams | None:
    """The Gram that a map of debiased CKA takes of one block; None if there is no such map, or no such Gram."""
    if isinstance(side, Refused) or not any(isinstance(measure, DebiasedCKA) for measure in measures.values()):
        return None
    (activations,) = side.sides
    if activations.n <= IMAGES:
        return gram(activations)
    return Grams([activations.values[_rows(activations.n)]])


class LayerMaps:
    """Gathers both networks' blocks in one convention, and compares each with each at the end.

    Args:
        measures: whose maps are asked for, by name.
        complete: whether memory holds the activations of all blocks of a network at once.
    """

    def __init__(self, measures: Mapping[str, Measure], complete: bool):
        self.measures, self.complete = measures, complete
        self.blocks: list[tuple[Grams | None, Grams | None]] = []
        self.sides: list[tuple[Prepared | Refused, Prepared | Refused]] = []
        self.images = 0

    def add(self, original: OriginalSide, other: Prepared | Refused) -> None:
        """The next block of both networks."""
        if not self.measures:
            return
        if not isinstance(other, Refused):
            self.images = other.sides[0].n
        self.blocks.append((original.gram, grams(other, self.measures)))
        if self.complete and not all(isinstance(measure, DebiasedCKA) for measure in self.measures.values()):
            self.sides.append((original.activations, other))

    def computed(self) -> dict[str, Result]:
        """By measure the map (L, L), rows being the original's, NaN where a pair is refused, and a note about it."""
        return {name: self._map(measure) for name, measure in self.measures.items()}

    def _map(self, measure: Measure) -> Result:
        if isinstance(measure, DebiasedCKA):
            # Debiased CKA estimates the same at any number of images, so a part of them gives the same map, less sure.
            part = len(_rows(self.images))
            note = "" if part == self.images else f"The map is of {part:,} of the {self.images:,} probe images."
            found = refusable(measure, self._debiased)
        elif self.complete:
            note, found = "", refusable(measure, lambda: self._pairs(measure))
        else:
            found = Refused(f"A map of {measure.title} needs all blocks at once, which memory does not hold.")
        if isinstance(found, Refused):
            return self._nothing(), found.sentence
        return found, note

    def _debiased(self) -> np.ndarray:
        values = self._nothing()
        rows, columns = (np.flatnonzero([of[side] is not None for of in self.blocks]) for side in (0, 1))
        if len(rows) and len(columns):
            first = joined([gram for gram, _ in self.blocks if gram is not None])
            second = joined([gram for _, gram in self.blocks if gram is not None])
            values[np.ix_(rows, columns)] = pairwise(first, second).value
        return values

    def _pairs(self, measure: Measure) -> np.ndarray:
        values = self._nothing()
        for row, (first, _) in enumerate(self.sides):
            for column, (_, second) in enumerate(self.sides):
                if not isinstance(first, Refused) and not isinstance(second, Refused):
                    values[row, column] = layer_map(first, second, measure)[0, 0]
        return values

    def _nothing(self) -> np.ndarray:
        return np.full((len(self.blocks), len(self.blocks)), np.nan)


def _rows(n: int) -> np.ndarray:
    """The images of a map, evenly from all."""
    return np.arange(n) if n <= IMAGES else np.linspace(0, n - 1, IMAGES).round().astype(np.int64)
