"""How many filters each layer keeps: what the methods share that take whole filters out."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from pydantic import BeforeValidator, Field

if TYPE_CHECKING:
    from bench.compress.filters.channels import Channels
    from bench.footprint.compressed import Compressed


def _names(given: Any) -> Any:
    return tuple(re.split("[,-]", given)) if isinstance(given, str) else given


Ratio = Annotated[float, Field(ge=0, lt=1)]
Ratios = Ratio | tuple[Ratio, ...]
Layers = Annotated[tuple[str, ...], BeforeValidator(_names)]  # in text, parted by commas or as labels show it


class Kept(Protocol):
    """How many of a number of filters stay, given the share that goes."""

    def __call__(self, filters: int, share: float) -> int: ...


def counts(
    compressed: Compressed, ratio: float | tuple[float, ...], skip: tuple[str, ...], kept: Kept
) -> list[tuple[Channels, int]]:
    """The channels that can go alone, and how many of them are kept: at least one of each part.

    Args:
        ratio: share that goes, one for all layers or one for each stage of a resolution.
        skip: layers that stay whole, by name.

    Raises:
        NotApplicable: there are none, a layer is unknown, or there is another number of stages.
    """
    from bench.compress.filters import thinning

    groups = thinning.prunable(compressed, skip)
    shares = thinning.ratios(groups, ratio)
    return [
        (group, thinning.left(group, partial(kept, share=share))) for group, share in zip(groups, shares, strict=True)
    ]


def rounded_up(filters: int, share: float) -> int:
    """Kept where ⌈share·filters⌉ go."""
    from math import ceil

    return filters - ceil(round(share * filters, 9))  # 0.1 * 30 is 3.0000000000000004: not a fourth filter


def rounded_down(filters: int, share: float) -> int:
    """Kept: ⌊(1 - share)·filters⌋."""
    return int(round((1 - share) * filters, 9))  # (1 - 0.9) * 10 is 0.9999999999999998: yet one filter
