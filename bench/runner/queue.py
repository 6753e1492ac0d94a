"""Which cell is worked next, and by which worker: parents before children, equals where they are remembered."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence

from bench.runner.cell import Cell


class Queue:
    """The cells that wait, in the plan's order, and the workers that are free.

    A worker keeps what it computed of the networks that all variants are compared with. A cell of the same topic that
    goes to the same worker takes it from there; with another worker it is computed once more. So a cell first waits for
    a worker that remembers its topic; but before a worker stays idle, it computes again. Which worker takes a cell
    never changes its result, only the time it takes.

    Args:
        slots: number of workers.
        cells: those to be worked.
        done: keys of cells that need not be worked.
    """

    # No step looks at all cells, which would be quadratic in their number: children are counted down by their parents,
    # and the next cell of every topic lies in the heap of each worker that remembers the topic, or in one for topics
    # that nobody remembers. An entry that no longer holds, since the cell was taken or the topic learnt, is dropped
    # when it comes up.

    def __init__(self, slots: int, cells: Sequence[Cell], done: Collection[str]):
        self._free = list(range(slots))
        self._cells = cells
        self._places = {cell.key: place for place, cell in enumerate(cells)}
        self._children: defaultdict[str, list[Cell]] = defaultdict(list)
        self._lacking: dict[str, int] = {}  # parents that a waiting cell still lacks
        self._ready: defaultdict[Hashable, list[int]] = defaultdict(list)
        self._knowing: defaultdict[Hashable, set[int]] = defaultdict(set)  # workers by topic
        self._next: defaultdict[int | None, list[int]] = defaultdict(list)  # None: what nobody remembers
        for cell in cells:
            lacking = {parent.key for parent in cell.parents.values()}.difference(done)
            self._lacking[cell.key] = len(lacking)
            for key in lacking:
                self._children[key].append(cell)
            if not lacking:
                self._put(cell)

    def __contains__(self, cell: Cell) -> bool:
        return cell.key in self._lacking

    def take(self) -> tuple[Cell, int] | None:
        """The next cell and the worker for it, which is busy from then on; None if none can start."""
        if not self._free:
            return None
        taken = self._first([None, *self._free])
        if taken is None:
            taken = self._first(slot for slot in list(self._next) if slot is not None and slot not in self._free)
        if taken is None:
            return None
        cell = self._cells[taken]
        slot = next((slot for slot in self._free if slot in self._knowing[cell.topic]), self._free[0])
        self._free.remove(slot)
        heapq.heappop(self._ready[cell.topic])
        del self._lacking[cell.key]
        if cell.topic is not None:
            self._knowing[cell.topic].add(slot)
        self._announce(cell.topic)
        return cell, slot

    def again(self, cell: Cell) -> None:
        """Put back a cell that was taken and has not ended."""
        self._lacking[cell.key] = 0
        self._put(cell)

    def succeeded(self, cell: Cell) -> None:
        """Its children lack one parent less."""
        for child in self._children.pop(cell.key, ()):
            if child in self:
                self._lacking[child.key] -= 1
                if not self._lacking[child.key]:
                    self._put(child)

    def drop(self, cell: Cell) -> None:
        """Forget a cell that waits for a parent in vain."""
        self._lacking.pop(cell.key, None)

    def children(self, cell: Cell) -> list[Cell]:
        """Cells that wait for it."""
        return [child for child in self._children.get(cell.key, ()) if child in self]

    def give_back(self, slot: int, *, lives: bool = True) -> None:
        """Free the worker of a cell that has ended; one that died is replaced by one that remembers nothing."""
        self._free.append(slot)
        if not lives:
            for topic, knowing in self._knowing.items():
                if slot in knowing:
                    knowing.remove(slot)
                    self._announce(topic)

    def _put(self, cell: Cell) -> None:
        heapq.heappush(self._ready[cell.topic], self._places[cell.key])
        self._announce(cell.topic)

    def _announce(self, topic: Hashable) -> None:
        """Enter the next cell of a topic wherever it is looked for."""
        if self._ready[topic]:
            entry = self._ready[topic][0]
            for slot in self._knowing[topic] or [None]:
                heapq.heappush(self._next[slot], entry)

    def _first(self, slots: Iterable[int | None]) -> int | None:
        """The place of the first cell that one of these workers remembers (None: that nobody does)."""
        return min((entry for slot in slots if (entry := self._valid(slot)) is not None), default=None)

    def _valid(self, slot: int | None) -> int | None:
        heap = self._next[slot]
        while heap:
            topic = self._cells[heap[0]].topic
            looked_for = slot in self._knowing[topic] if slot is not None else not self._knowing[topic]
            if looked_for and self._ready[topic][:1] == heap[:1]:
                return heap[0]
            heapq.heappop(heap)
        return None
