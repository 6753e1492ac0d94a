"""How the C library hands out memory: what is freed is kept for the next batch, and given back between cells."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

# Parameters of glibc's `mallopt`, see its manual page.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST = 2**31 - 1  # of a C int: larger than any activation


def keep() -> None:
    """Have freed memory stay with the process, which changes nothing but its speed (without glibc, nothing at all).

    The activations of a batch are larger than glibc's thresholds, so that it maps each of them anew and unmaps it
    soon after, at every layer of every batch; the kernel fills new pages with zeros. On images of 64 x 64 that was
    more than half of a training's time.
    """
    # By a call, not by MALLOC_MMAP_THRESHOLD_ and its like in the environment, which only a new process reads: cells
    # are also worked in a user's own process, and on machines of a cluster whose workers somebody else starts.
    library = _library()
    if library is not None:
        library.mallopt(_MMAP_THRESHOLD, _LARGEST)
        library.mallopt(_TRIM_THRESHOLD, _LARGEST)


def give_back() -> None:
    """Return the free memory to the system, so that a worker between two cells holds no more than it needs."""
    library = _library()
    if library is not None:
        library.malloc_trim(0)


@cache
def _library() -> Any:
    """The C library where it is glibc, else None."""
    try:
        library = ctypes.CDLL(None)
        return library if library.mallopt and library.malloc_trim else None
    except (OSError, AttributeError, TypeError):  # macOS, musl; Windows takes no None
        return None
