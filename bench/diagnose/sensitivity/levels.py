"""How far single tensors and groups of channels are compressed: kinds of change and their levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["elements", "channels", "bits", "stream-bits"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SPARSITIES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
BITS = (8, 6, 4, 3, 2)
FLOAT = 32.0  # bits of what is not rounded
RISE = 0.1  # nats


@dataclass(frozen=True)
class Levels:
    """What is changed, and how far.

    Attributes:
        kinds: "elements" prunes a tensor's weights by |w|, "channels" a group's channels by the L1 norm of their
            filters, "bits" rounds a tensor to integers, "stream-bits" all layers that are added to one stream together.
        sparsities: shares that are pruned, 0 to 1.
        bits: of a weight.
        rise: of the loss that is tolerated; by it each target's level is chosen.
    """

    kinds: Sequence[Kind] = KINDS
    sparsities: Sequence[float] = SPARSITIES
    bits: Sequence[int] = BITS
    rise: float = RISE

    def of(self, kind: Kind) -> list[float]:
        """A kind's levels from mild to harsh; the first changes nothing.

        >>> Levels(sparsities=(0.9, 0.5)).of("channels"), Levels(bits=(2, 8)).of("bits")
        ([0.0, 0.5, 0.9], [32.0, 8.0, 2.0])
        """
        if rounds(kind):
            return [FLOAT, *sorted({float(bits) for bits in self.bits}, reverse=True)]
        return sorted({0.0, *map(float, self.sparsities)})


def rounds(kind: str) -> bool:
    """Whether levels are bits; else they are shares that are pruned."""
    return kind.endswith("bits")
