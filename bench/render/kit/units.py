"""What the data files hold numbers in: one unit for each quantity, under one word that ends the column's name."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """A unit of the data files.

    Attributes:
        word: ends the names of columns; empty for a count or a number without a unit.
        factor: from the printed number to the one in the files.
    """

    word: str = ""
    factor: float = 1.0

    def of(self, value: float | int | None) -> float | int | None:
        """A printed number in the files' unit.

        >>> Unit("bytes", 1000.0).of(14.612), Unit("s", 1e-3).of(2.5)
        (14612, 0.0025)
        """
        if value is None or self.factor == 1.0:
            return value
        # A count of bytes that was printed in kB is whole again: rounding errors must not make one file two sizes.
        product = value * self.factor
        nearest = round(product)
        return nearest if abs(product - nearest) <= 1e-12 * abs(product) else product


NONE = Unit()
# What pages print in. Sizes are bytes in files, times seconds, shares percent and their differences points.
PRINTED = {
    "%": Unit("percent"), "points": Unit("points"), "B": Unit("bytes"), "kB": Unit("bytes", 1e3),
    "MB": Unit("bytes", 1e6), "s": Unit("s"), "ms": Unit("s", 1e-3), "M": Unit("", 1e6), "×": NONE,
    "nats": Unit("nats"), "bits": Unit("bits"), "seed-eq.": Unit("seed_equivalents"), "sd": Unit("sd"),
}  # fmt: skip


def in_files(printed: str, others: Collection[str] = ()) -> Unit:
    """The files' unit for numbers that are printed in one; none where the brackets of a head hold no unit.

    Args:
        others: units that a task brings along.

    >>> in_files("± points"), in_files("flip"), in_files("Lux!", ["Lux!"])
    (Unit(word='points', factor=1.0), Unit(word='', factor=1.0), Unit(word='lux', factor=1.0))
    """
    name = printed.removeprefix("± ")
    if name in PRINTED:
        return PRINTED[name]
    word = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return Unit(word) if name in others else NONE
