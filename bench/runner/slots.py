"""Which worker takes which cell, so that what several cells need is computed once."""

from __future__ import annotations

from collections.abc import Hashable


class Slots:
    """Where cells are worked, by number from 0.

    A worker remembers what it found out about the networks that every variant is held against. The next cell of the
    same topic finds it there, if the same worker takes it.

    Args:
        count: of workers.
    """

    def __init__(self, count: int):
        self._free = list(range(count))
        self._topics: list[set[Hashable]] = [set() for _ in range(count)]

    @property
    def any_free(self) -> bool:
        """Whether a worker waits."""
        return bool(self._free)

    def take(self, topic: Hashable | None, *, anew: bool = False) -> int | None:
        """A free slot for a cell, which is taken; None where none is free, or only one that would compute all again.

        Args:
            topic: what the worker will remember; None where nothing is.
            anew: rather compute again than wait.
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
        """Its cell has ended, and its worker lives or is replaced by one that knows nothing."""
        self._free.append(slot)
        if not lives:
            self._topics[slot].clear()
