"""Which worker takes which cell, so that what several cells need is computed once."""

from __future__ import annotations

from collections.abc import Hashable


class Slots:
    """The workers of an executor, by number from 0: which are free, and what each remembers.

    Args:
        count: number of workers.
    """

    # A worker keeps what it computed of the networks that all variants are compared with. A cell of the same topic that
    # goes to the same worker takes it from there; with another worker it is computed once more. Which worker takes a
    # cell never changes its result, only the time it takes.

    def __init__(self, count: int):
        self._free = list(range(count))
        self._topics: list[set[Hashable]] = [set() for _ in range(count)]

    @property
    def any_free(self) -> bool:
        """Whether a worker waits."""
        return bool(self._free)

    def take(self, topic: Hashable | None, *, anew: bool = False) -> int | None:
        """Take a free slot for a cell; None if none is free, or if all that remember the topic are busy.

        Args:
            topic: what the worker will remember; None if nothing.
            anew: take any free slot, and compute again, rather than wait for one that remembers.
        """
        knowing = [slot for slot, topics in enumerate(self._topics) if topic in topics]
        fitting = [slot for slot in self._free if slot in knowing]
        if anew or not knowing:
            fitting = fitting or self._free
        if not fitting:
            return None
        slot = fitting[0]
        self._free.remove(slot)
        if topic is not None:
            self._topics[slot].add(topic)
        return slot

    def give_back(self, slot: int, *, lives: bool = True) -> None:
        """Free a slot whose cell has ended; a worker that died is replaced by one that remembers nothing."""
        self._free.append(slot)
        if not lives:
            self._topics[slot].clear()
