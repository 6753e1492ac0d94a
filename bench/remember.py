"""Results that are computed once per process, because references come back with every compressed network.

The key is the network's content, not the object: the next comparison reads the same reference from its file again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

KEPT = 512  # results, each of a few MB at most; the one that was not asked for longest goes first
_RESULTS: OrderedDict[Hashable, Any] = OrderedDict()

Result = TypeVar("Result")


def once(key: Hashable, compute: Callable[[], Result]) -> Result:
    """`compute()`, or its result under the same key before; callers must not write to it."""
    if key not in _RESULTS:
        _RESULTS[key] = compute()
        if len(_RESULTS) > KEPT:
            _RESULTS.popitem(last=False)
    _RESULTS.move_to_end(key)
    return _RESULTS[key]


def forget() -> None:
    """Empty the memory."""
    _RESULTS.clear()
