"""Axes of channels, as far as they are known, and rows of them: what concatenated feature maps have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count as numbers

from bench.compress.filters.coupled import Follower, Reader

_numbers = numbers()


@dataclass(eq=False)
class Axis:
    """An axis of channels; joined to another once they turn out to be the same."""

    count: int
    resolution: tuple[int, ...] = ()
    fixed: bool = False
    because: str = ""  # what fixes it, a clause; empty if it is neither an operation nor an order
    parts: int = 1
    same_as: Axis | None = None
    writers: list[str] = field(default_factory=list)
    followers: list[Follower] = field(default_factory=list)
    readers: list[Reader] = field(default_factory=list)
    number: int = field(default_factory=lambda: next(_numbers))

    def root(self) -> Axis:
        """The axis that stands for all that were joined."""
        return self.same_as.root() if self.same_as else self

    @property
    def free(self) -> bool:
        """Whether its channels can be changed: nothing fixes them, a layer writes them and a layer reads them."""
        used = bool(self.writers) and bool(self.readers)
        return self.same_as is None and not self.fixed and self.parts < self.count and used

    def divide(self, parts: int) -> None:
        """Note that channels fall into parts; two different numbers of parts fix the axis."""
        self.fixed |= 1 < self.parts != parts > 1
        self.parts = max(self.parts, parts)


@dataclass(frozen=True)
class ChannelRow:
    """Axes of channels that follow one another along an axis of a tensor; only one if nothing was concatenated."""

    axes: tuple[Axis, ...]

    @property
    def count(self) -> int:
        """Channels of all axes."""
        return sum(axis.count for axis in self.axes)

    def starts(self) -> Iterator[tuple[int, Axis]]:
        """Each axis, and the position of its first channel."""
        start = 0
        for axis in self.axes:
            yield start, axis.root()
            start += axis.count

    def fix(self, because: str = "") -> None:
        """Nothing along it can change.

        Args:
            because: a clause that says why.
        """
        for axis in self.axes:
            root = axis.root()
            root.fixed, root.because = True, root.because or because


def joined(first: ChannelRow, second: ChannelRow) -> ChannelRow:
    """The row that two are, once they turn out to be the same; both are fixed if they begin anew at other places."""
    if [axis.count for axis in first.axes] != [axis.count for axis in second.axes]:
        first.fix()
        second.fix()
        return first
    return ChannelRow(tuple(_joined(mine, theirs) for mine, theirs in zip(first.axes, second.axes)))


def _joined(first: Axis, second: Axis) -> Axis:
    first, second = first.root(), second.root()
    if first is second:
        return first
    if second.number < first.number:  # the first written stands for both: results keep its order
        first, second = second, first
    second.same_as = first
    first.fixed |= second.fixed
    first.because = first.because or second.because
    first.divide(second.parts)
    first.writers += [name for name in second.writers if name not in first.writers]
    first.followers += [follower for follower in second.followers if follower not in first.followers]
    first.readers += [reader for reader in second.readers if reader not in first.readers]
    return first
