"""The smallest representation that gives a tensor back bit for bit: floats, few values, or integers on a grid.

A file of fake-quantised weights holds float32 numbers and not the grid they lie on. The grid is recovered here, and
kept only if the stored integers decode to the same numbers; a tensor on no grid is stored as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch

from bench.compress.imports.lowest import FURTHEST, PROBED, from_lowest
from bench.footprint import codecs
from bench.footprint.compressed import Compressed
from bench.footprint.representation import (
    Binary,
    ChannelCodebook,
    Codebook,
    Float,
    Integer,
    Representation,
)

MOST_VALUES = 4096  # words of a table of values: 12 bits per weight
SAMPLE = 1 << 16  # weights that show whether a tensor has few values at all
NEAR_WHOLE = 2e-3  # of a step: rounding of float32 moves a weight of 255 steps by 1e-4 of one
NEIGHBOURS = 4  # float32 numbers to either side of an estimated step


def stored(compressed: Compressed) -> Compressed:
    """The same network with every tensor in its smallest representation; weights of zero stay zero in what follows."""
    floats = {
        name: tensor
        for name, tensor in compressed.network.state_dict().items()
        if tensor.is_floating_point() and name not in compressed.representations
    }
    kept = _kept({name: tensor for name, tensor in floats.items() if tensor.ndim > 1})
    # Biases of zero are a table of one word too. In a network of floats they stay floats: what is stored otherwise can
    # no longer be trained, and nothing is gained.
    if kept or compressed.representations:
        kept |= _kept({name: tensor for name, tensor in floats.items() if tensor.ndim <= 1})
    learned = dict(compressed.network.named_parameters())
    pruned = {
        name: floats[name] != 0
        for name in learned.keys() & floats.keys() - kept.keys()
        if floats[name].ndim > 1 and not bool(floats[name].all())
    }
    return compressed.but(representations={**compressed.representations, **kept}, masks={**pruned, **compressed.masks})


def _kept(tensors: Mapping[str, torch.Tensor]) -> dict[str, Representation]:
    """The smallest representations of tensors, without those that are float32 anyway."""
    best = {name: smallest(tensor.cpu().numpy(), sparse=tensor.ndim > 1) for name, tensor in tensors.items()}
    return {name: one for name, one in best.items() if not (isinstance(one, Float) and one.type == "float32")}


def smallest(values: np.ndarray, *, sparse: bool = True) -> Representation:
    """The representation of a tensor with the fewest bits, float32 if there is no better one.

    Zeros of either sign are stored as +0.0.

    Args:
        values: float32, the first axis of output channels.
        sparse: whether zeros may be left out, as they are of weights and not of biases.

    >>> smallest(np.array([[0.5, -1.0, 0.0], [0.25, 0.25, -0.75]], np.float32)).geometry.width
    3
    """
    exact = np.where(values == 0, np.float32(0), values)
    return min(_candidates(exact), key=lambda candidate: bits(candidate, sparse=sparse))


def bits(representation: Representation, *, sparse: bool = True) -> int:
    """What a representation takes in its smallest layout, in bits."""
    symbols, width = representation.symbols(), representation.geometry.width
    left_out = sparse and representation.sparse
    usable = (layout for layout in codecs.layouts().values() if left_out or not layout.sparse)
    counts = (candidate.bits for layout in usable for candidate in layout.candidates(symbols, width))
    return representation.side_bits + min(counts)


def _candidates(values: np.ndarray) -> Iterator[Representation]:
    yield Float(values)
    if not np.isfinite(values).all() or not values.size:
        return
    for half in (Float.rounded(values, "float16"), Float.rounded(values, "bfloat16")):
        if np.array_equal(half.values, values):
            yield half
    signs, integers = _signs(values), _integers(values)
    simple = min((bits(one) for one in (signs, integers) if one is not None), default=None)
    candidates = (signs, _table(values), integers, *_of_few(values, _words(_rows(values)), simple))
    yield from (one for one in candidates if one is not None and np.array_equal(one.decode(), values))


def _rows(values: np.ndarray) -> np.ndarray:
    """(Cout, m); a tensor of one axis or none is one row, as it has one scale."""
    return values.reshape(values.shape[0], -1) if values.ndim > 1 else values.reshape(1, -1)


def _signs(values: np.ndarray) -> Binary | None:
    """Plus or minus one number per channel, or per tensor."""
    size = np.abs(_rows(values))
    alpha = size[:, :1]
    if not (size == alpha).all() or not alpha.all():
        return None
    one = bool((alpha == alpha[0]).all())
    return Binary(values > 0, alpha[:1, 0] if one else alpha[:, 0])


def _table(values: np.ndarray) -> Codebook | None:
    """Each weight as a word of a table that the tensor's channels share; zero, if there is one, is the first word."""
    flat = values.reshape(-1)
    # a stride through the whole tensor: with many values in the sample, sorting all of them would be in vain
    sample = np.unique(flat[:: max(flat.size // SAMPLE, 1)])
    if len(sample) > MOST_VALUES or values.ndim < 1:
        return None
    words, codes = np.unique(flat, return_inverse=True)
    if len(words) > MOST_VALUES or 2 * len(words) > max(flat.size, 2):
        return None
    if (zero := int(np.searchsorted(words, 0))) < len(words) and words[zero] == 0:
        order = np.r_[zero, :zero, zero + 1 : len(words)]
        words, codes = words[order], np.argsort(order)[codes]
    padded = np.zeros(1 << (len(words) - 1).bit_length(), np.float32)
    padded[: len(words)] = words
    half = Float.rounded(padded, "float16").values
    table = padded.astype(np.float16) if np.array_equal(half, padded) else padded
    return Codebook(codes.reshape(_rows(values).shape), table[:, None], values.shape)


def _words(rows: np.ndarray) -> list[np.ndarray] | None:
    """The different values of each row, ascending; None if some row has more than 8 bits can tell apart."""
    if any(len(np.unique(row[:1024])) > FURTHEST + 1 for row in rows[:: max(len(rows) // PROBED, 1)]):
        return None
    words = [np.unique(row) for row in rows]
    return None if max(map(len, words)) > FURTHEST + 1 else words


def _of_few(
    values: np.ndarray, words: Sequence[np.ndarray] | None, simple: int | None
) -> Iterator[Representation | None]:
    """Tables and grids of channels with few values, and the grid of a tensor with few.

    Args:
        words: the different values of each channel, see `_words`.
        simple: bits of something simpler, which a grid from a lowest weight would have to beat.
    """
    if words is None:
        return
    yield _tables(values, words)
    if values.ndim < 2:
        return
    for rows, own in ((_rows(values), words), (values.reshape(1, -1), [np.unique(np.concatenate(words))])):
        width = (max(map(len, own)) - 1).bit_length()
        if simple is None or width * values.size + 64 * len(rows) < simple:
            yield from_lowest(rows, own, values.shape)


def _tables(values: np.ndarray, words: Sequence[np.ndarray]) -> ChannelCodebook | None:
    """Each weight as a word of its channel's own table, zero first where any channel has one.

    A table of the values is exact, however they were computed, whether on a grid or on none.
    """
    rows = _rows(values)
    if values.ndim > 1 and not rows.all():
        words = [np.r_[np.float32(0), row[row != 0]] for row in words]
    size = 1 << (max(map(len, words)) - 1).bit_length()
    # with as many words as half of the weights, a table costs more than it saves
    if size > FURTHEST + 1 or 2 * size > rows.shape[1]:
        return None
    codebook, codes = np.zeros((len(rows), size), np.float32), np.empty(rows.shape, np.uint8)
    for channel, (row, own) in enumerate(zip(rows, words, strict=True)):
        order = np.argsort(own)
        codebook[channel, : len(own)] = own
        codes[channel] = order[np.searchsorted(own[order], row)]
    half = Float.rounded(codebook, "float16").values
    return ChannelCodebook(
        codes, codebook.astype(np.float16) if np.array_equal(half, codebook) else codebook, values.shape
    )


def _integers(values: np.ndarray) -> Integer | None:
    """Integers of at most 8 bits times, or divided by, a float32 number per channel, or per tensor."""
    rows = _rows(values)
    grids = (_on_grid(steps, values) for steps in (rows.reshape(1, -1), rows))
    candidates = [grid for grid in grids if grid is not None]
    if not candidates and values.ndim > 2:  # transposed convolutions put out channels along the second axis
        other = _on_grid(_rows(np.moveaxis(values, 1, 0)), values, axis=1)
        candidates = [] if other is None else [other]
    return min(candidates, key=bits, default=None)


def _on_grid(rows: np.ndarray, values: np.ndarray, axis: int = 0) -> Integer | None:
    """The integers behind `values`, whose `rows` (grids, m) have a step each; None if some row lies on no grid.

    Args:
        axis: of the values, that the rows are along.
    """
    # rows with the most distinct values are the hardest to fit, and most tensors of floats fail in the first of them
    hardest = np.argsort([-len(np.unique(row[:1024])) for row in rows], kind="stable")[:PROBED]
    if _steps(rows[hardest]) is None or (found := _steps(rows)) is None:
        return None
    steps, scales, divide = found
    low, high = np.minimum(steps.min(1), 0), np.maximum(steps.max(1), 0)
    signed = max(int(max(-low.min(), high.max() + 1) - 1).bit_length() + 1, 1)
    unsigned = max(int((high - low).max()).bit_length(), 1)
    moved = np.moveaxis(values, axis, 0).shape if axis else values.shape
    codes = np.moveaxis(steps.reshape(moved), 0, axis) if axis else steps.reshape(moved)
    # Two's complement counts to one further below zero than above. With a zero point the range may lie anywhere about
    # zero, which is worth a byte per channel where it saves a bit per weight.
    if signed <= 8 and signed <= unsigned:
        return Integer(codes, scales, signed, divide=divide, axis=axis)
    if unsigned > 8:
        return None
    shift = np.repeat(-low, rows.shape[1]).reshape(moved).astype(np.int64)
    shift = np.moveaxis(shift, 0, axis) if axis else shift
    return Integer(codes + shift, scales, unsigned, zero_point=-low, divide=divide, axis=axis)


def _steps(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool] | None:
    """Whole steps (grids, m) int64, a float32 number per row, and whether steps are divided by it to give `rows`."""
    size = np.abs(rows)
    smallest_size = np.where(size > 0, size, np.inf).min(1)
    smallest_size[np.isinf(smallest_size)] = 1  # a row of zeros: any step will do
    counts = _smallest_count(size, smallest_size)
    if counts is None:
        return None
    estimate = smallest_size.astype(np.float64) / counts
    steps = np.rint(rows / estimate[:, None]).astype(np.int64)
    largest = np.abs(steps).argmax(1)[:, None]
    # the largest weight of a row knows its step best: half an ulp of it, shared by the most steps
    count = np.maximum(np.abs(np.take_along_axis(steps, largest, 1)[:, 0]), 1)
    value = np.take_along_axis(size, largest, 1)[:, 0].astype(np.float64)
    value = np.where(value > 0, value, count)
    for divide, exact in ((False, value / count), (True, count / value)):
        if (scales := _exact(rows, steps.astype(np.float32), exact.astype(np.float32), divide)) is not None:
            return steps, scales, divide
    return None


def _smallest_count(size: np.ndarray, smallest_size: np.ndarray) -> np.ndarray | None:
    """How many steps the smallest nonzero weight of each row is, as few as make all others whole; None if none do."""
    counts = np.zeros(len(size), np.int64)
    sample = size[:, :: max(size.shape[1] // 64, 1)]
    furthest = size.max(1)
    for count in range(1, FURTHEST + 1):
        left = np.flatnonzero(counts == 0)
        if not left.size:
            break
        step = smallest_size[left].astype(np.float64) / count
        left, step = left[near := furthest[left] / step <= FURTHEST + 0.5], step[near]
        for part in (sample, size):  # a sample refuses most counts
            whole = _is_whole(part[left] / step[:, None])
            left, step = left[whole], step[whole]
        counts[left] = count
    return counts if counts.all() else None


def _is_whole(steps: np.ndarray) -> np.ndarray:
    return (np.abs(steps - np.rint(steps)) < NEAR_WHOLE).all(1)


def _exact(rows: np.ndarray, steps: np.ndarray, estimate: np.ndarray, divide: bool) -> np.ndarray | None:
    """The float32 number per row, near its estimate, by which all its steps round to its weights; None if none does."""
    scales, left = estimate.copy(), np.arange(len(rows))
    for offset in sorted(range(-NEIGHBOURS, NEIGHBOURS + 1), key=abs):
        candidate = (estimate[left].view(np.int32) + offset).view(np.float32)
        with np.errstate(all="ignore"):
            decoded = steps[left] / candidate[:, None] if divide else steps[left] * candidate[:, None]
        right = (decoded == rows[left]).all(1)
        scales[left[right]] = candidate[right]
        left = left[~right]
        if not left.size:
            return scales
    return None
