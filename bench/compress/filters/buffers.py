"""Memory that holds feature maps, and where their channels lie in views of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.compress.filters.rows import ChannelRow
from bench.footprint.trace import Value


@dataclass(frozen=True)
class Buffer:
    """Memory whose channels lie along an axis of the value that was first written there."""

    row: ChannelRow
    value: Value
    axis: int = 1

    def axis_of(self, value: Value) -> int | None:
        """The axis of a value along which all channels of its memory lie; None if none does."""
        # A view still holds whole channels along an axis of the size and the stride of the memory's own, if it begins
        # at the first of them; a slice of the channels or a flattened map fails one of the three.
        if len(self.value.shape) < 2:
            return None
        stride, count = self.value.strides[self.axis], self.row.count
        axes = [axis for axis, along in enumerate(zip(value.shape, value.strides)) if along == (count, stride)]
        if len(axes) != 1 or not stride or (value.offset - self.value.offset) // stride % count:
            return None
        return axes[0]

    def flattened(self, value: Value) -> ChannelRow | None:
        """The channels whose flattened feature maps follow one another along the value's axis 1."""
        if len(value.shape) != 2 or value.strides[1] != 1 or self.axis != 1:
            return None
        original = self.value
        complete = value.shape[0] == original.shape[0] and math.prod(value.shape) == math.prod(original.shape)
        # in memory laid out channels last, neighbours along axis 1 would be the channels of one pixel
        return self.row if complete and original.strides == _contiguous(original.shape) else None


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
