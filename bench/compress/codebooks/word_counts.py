"""Sizes that a codebook can have."""

from __future__ import annotations


def power_of_two(count: int) -> int:
    """`count` itself: a code has a whole number of bits.

    Raises:
        ValueError: it is no power of two.
    """
    if count & (count - 1):
        raise ValueError("a codebook has a power of two of words")
    return count
