"""One layer of one network, with what several measures compute from it alone and share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from bench.similarity import inputs
from bench.similarity.algebra.geometry import compact, spread
from bench.similarity.algebra.products import Products, products

Piece = TypeVar("Piece")

# Bytes of an n × n matrix. What is larger is made anew for each measure and then let go, so that 20 layers at
# n = 10,000 don't fill the memory.
LARGEST_PIECE = 2**26


class Activations:
    """Activations (n, d) of one layer, as they came in, and pieces made of them: Grams, bases, neighbours, ranks.

    Args:
        activations: (n, d); float16 and float32 are kept, everything else becomes float64.
        always: keys of pieces that are kept however large they are.

    Raises:
        InputError: see `bench.similarity.inputs.activations`.
    """

    def __init__(self, activations: ArrayLike, name: str = "activations", *, always: Collection[Hashable] = ()):
        self.values = inputs.activations(activations, name)
        self.n, self.d = self.values.shape
        self.always = always
        self._pieces: dict[Hashable, Any] = {}

    @property
    def keeps(self) -> bool:
        """Whether pieces are kept for the next measure, as the images are few enough."""
        return 8 * self.n**2 <= LARGEST_PIECE

    def products(self) -> Products | None:
        """Inner products that several measures take from a wide layer; None if they take the units themselves."""
        return self.once("products", lambda: products(self.values))

    def compact(self) -> np.ndarray:
        """Centred, in at most n coordinates with the same inner products between images: (n, r)."""
        of = self.products()
        return self.once("compact", lambda: of.coordinates() if of else compact(spread(self.values)))

    def once(self, key: Hashable, make: Callable[[], Piece]) -> Piece:
        """`make()`, or what it made before for this key."""
        if key in self._pieces:
            piece: Piece = self._pieces[key]
            return piece
        piece = make()
        if self.keeps or key in self.always:
            self._pieces[key] = piece
        return piece

    def __eq__(self, other: object) -> bool:
        """Whether the activations agree bit for bit (equal numbers in equal precision)."""
        if not isinstance(other, Activations):
            return NotImplemented
        return self.values.dtype == other.values.dtype and np.array_equal(self.values, other.values)

    __hash__ = None  # type: ignore[assignment]
