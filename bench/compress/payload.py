"""A method as strong as a payload needs: the weakest setting by which the packed network takes no more bytes."""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from bench.compress.filters import widths
from bench.compress.filters.structured import StructuredMethod
from bench.compress.method import Method, NotApplicable
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed

STEPS = 1024  # levels of strength between none and all


def in_bytes(wanted: int | float, start: Compressed) -> int:
    """A payload that is wanted, in bytes.

    Args:
        wanted: bytes, or a share below 1 of the payload of `start`.
    """
    return wanted if isinstance(wanted, int) else int(wanted * widths.payload(start))


def met(
    method: Method, setting: str, values: Sequence[Any], most: int, compressed: Compressed, workbench: Workbench
) -> Method:
    """The method with the weakest setting whose payload is at most so many bytes, before anything is trained.

    Args:
        setting: by which the method compresses more or less, a share between 0 and 1 or one of a few values.
        values: of it, from weak to strong.
        most: bytes of payload of the network as it is packed after this method.

    Raises:
        NotApplicable: at its strongest the method takes more.
    """
    # How large a network becomes hardly depends on what training makes of its weights: masks, ranks and bits are known
    # before. So strengths are tried without training. Numbers of channels may be chosen after it.
    if isinstance(method, StructuredMethod):
        full = widths.payload(compressed)
        return replace(method, target="bytes", ratio=max(1 - most / full, 0.0))
    without_training: Any = _Untrained(workbench)
    refusals: dict[Any, NotApplicable] = {}

    @cache
    def payload(value: Any) -> int:
        try:
            tried = replace(method, **{setting: value})(compressed, without_training)
        except NotApplicable as error:  # too strong, perhaps: see below
            refusals[value] = error
            return 0
        return widths.payload(tried)

    strengths = _shares(values) if all(isinstance(value, float) for value in values) else list(values)
    position = bisect_left(strengths, -most, key=lambda value: -payload(value))
    if position == len(strengths) or strengths[position] in refusals:
        if position == 0:
            raise refusals[strengths[0]]
        strongest = strengths[position - 1]
        raise NotApplicable(
            f"{most:,} bytes are asked for, and with {setting} {strongest:.4g}, the strongest that works, it takes "
            f"{payload(strongest):,}"
        )
    chosen = strengths[position]
    logging.getLogger(__name__).info("%s %s takes %s of %s bytes", setting, chosen, f"{payload(chosen):,}", f"{most:,}")
    return replace(method, **{setting: chosen})


def _shares(values: Sequence[float]) -> list[float]:
    """All levels of the share, in the direction of the values."""
    shares = [step / STEPS for step in range(1, STEPS)]
    return shares if values[0] < values[-1] else shares[::-1]


class _Untrained:
    """A workbench that trains nothing."""

    def __init__(self, workbench: Workbench):
        self._workbench = workbench

    def __getattr__(self, name: str) -> Any:
        return getattr(self._workbench, name)

    def finetune(self, network: Any, **_: Any) -> tuple[dict[str, float], ...]:
        network.eval()
        return ()

    train = finetune
