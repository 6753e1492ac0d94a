"""Results that are computed once per process, because references come back with every compressed network.

A key holds the content of everything that decides the result, e.g. checksums of files, settings, the device: never an
object or its identity. The next comparison reads the same reference from its file again, as another object.

>>> memory = Memory(bound=10_000)
>>> memory.once("square of 3", lambda: 3**2), memory.once("square of 3", lambda: 1 / 0)
(9, 9)
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from threading import Lock
from types import ModuleType
from typing import Any, TypeVar

import numpy as np

# A worker takes 0.7 GB for PyTorch and NNCF alone; with its memory full it takes little more than twice that. The bound
# holds what comparisons and diagnoses of one network ask for again and again: of an original with four blocks, 256
# probe images, both conventions and the default measures, 20 MB. If the references of one network exceed the bound,
# each drives out the next one needed, and all are computed in every cell, with the same result.
BOUND = 2**30  # bytes

Result = TypeVar("Result")


class Memory:
    """Results by key, at most `bound` bytes of them; those that were not asked for longest go first.

    Args:
        bound: bytes, of results and keys; a result that alone exceeds it is not kept.
    """

    def __init__(self, bound: int):
        self.bound = bound
        self.bytes = 0
        self._results: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._lock = Lock()  # held for bookkeeping, never while something is computed

    def once(self, key: Hashable, compute: Callable[[], Result], *, keep: bool = True) -> Result:
        """`compute()`, or its earlier result for the same key; callers must not write to it.

        Args:
            keep: whether to remember what is computed now; False if nobody is expected to ask for it again.
        """
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
                return self._results[key][0]
        result = compute()
        if keep:
            self._keep(key, result)
        return result

    def forget(self) -> None:
        """Empty the memory."""
        with self._lock:
            self._results.clear()
            self.bytes = 0

    def _keep(self, key: Hashable, result: Any) -> None:
        size = bytes_held((key, result))
        with self._lock:
            if size > self.bound or key in self._results:
                return
            self._results[key] = result, size
            self.bytes += size
            while self.bytes > self.bound:
                _, (_, freed) = self._results.popitem(last=False)
                self.bytes -= freed


# The parts of a result are found through containers and attributes, each counted once. An array that is a view keeps
# the whole array alive that it looks into, which its own `nbytes` doesn't tell: arrays are followed to their base, and
# tensors to their storage.
def bytes_held(result: Any) -> int:
    """Memory that a result keeps alive, bytes, on any device."""
    total = 0
    counted: dict[int, Any] = {}  # keeps what it has counted, so that no address is used twice
    waiting = [result]
    while waiting:
        part = waiting.pop()
        if id(part) not in counted and not isinstance(part, type | ModuleType):
            counted[id(part)] = part
            total += sys.getsizeof(part)
            waiting.extend(_parts(part))
    return total


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set | frozenset):
        return value
    if isinstance(value, np.ndarray):
        return [value.base]
    if hasattr(value, "untyped_storage"):
        return [value.untyped_storage()]
    return getattr(value, "__dict__", {}).values()


_OF_THIS_PROCESS = Memory(BOUND)
once = _OF_THIS_PROCESS.once
forget = _OF_THIS_PROCESS.forget
