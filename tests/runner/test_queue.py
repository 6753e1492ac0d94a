import random

import pytest

from bench.runner.cell import Cell
from bench.runner.queue import Queue


def look(name, parent=None):
    parents = {"compressed": parent} if parent else {}
    topic, number = name[0], name[1:]
    return Cell("diagnose", "m", 0, number, {"name": name}, parents, diagnostic=topic)


def looks(*names):
    """Cells of the topics "a" and "b", numbered."""
    return [look(name) for name in names]


def names(*taken):
    return [(cell.spec["name"], slot) for cell, slot in taken]


def test_the_next_of_a_topic_goes_to_the_worker_that_remembers_it():
    queue = Queue(2, looks("a1", "b1", "b2", "a2"), ())
    assert names(queue.take(), queue.take()) == [("a1", 0), ("b1", 1)]
    queue.give_back(1)
    queue.give_back(0)
    assert names(queue.take(), queue.take()) == [("b2", 1), ("a2", 0)]


def test_an_unknown_topic_comes_before_one_that_a_busy_worker_remembers():
    queue = Queue(2, looks("a1", "a2", "b1"), ())
    assert names(queue.take(), queue.take()) == [("a1", 0), ("b1", 1)]
    assert queue.take() is None
    queue.give_back(1)
    assert names(queue.take()) == [("a2", 1)]  # computes again rather than wait


def test_what_has_no_topic_is_taken_in_order_and_teaches_nothing():
    queue = Queue(1, [Cell("train", "m", seed, spec={"seed": seed}) for seed in (0, 1)], ())
    for seed in (0, 1):
        cell, slot = queue.take()
        assert (cell.seed, slot) == (seed, 0)
        queue.give_back(0)
    assert queue.take() is None


def test_children_wait_for_all_parents_that_are_not_done():
    parents = [Cell("train", "m", seed, spec={"seed": seed}) for seed in (0, 1, 2)]
    child = Cell("compare", "m", 0, "v", {}, {str(parent.seed): parent for parent in parents})
    queue = Queue(3, [*parents[:2], child], {parents[2].key})
    taken = [queue.take()[0], queue.take()[0]]
    assert queue.take() is None and queue.children(parents[0]) == [child]
    queue.succeeded(taken[0])
    assert queue.take() is None
    queue.succeeded(taken[1])
    assert queue.take()[0] is child


def test_a_cell_is_put_back_in_its_place():
    queue = Queue(1, looks("a1", "a2"), ())
    cell, slot = queue.take()
    queue.give_back(slot, lives=False)
    queue.again(cell)
    assert names(queue.take()) == [("a1", 0)]


def test_a_dropped_cell_never_comes():
    parent = Cell("train", "m", 0)
    child = look("a1", parent)
    queue = Queue(2, [parent, child], ())
    queue.take()
    queue.drop(child)
    assert child not in queue and queue.children(parent) == []
    queue.succeeded(parent)
    assert queue.take() is None


def test_a_worker_that_died_remembers_nothing():
    queue = Queue(2, looks("a1", "a2", "b1"), ())
    queue.take()
    queue.give_back(0, lives=False)
    assert names(queue.take()) == [("a2", 1)]


def test_no_worker_takes_where_there_is_none():
    assert Queue(0, looks("a1"), ()).take() is None


@pytest.mark.parametrize("seed", range(20))
def test_every_cell_is_taken_once_whatever_ends_when(seed):
    chance = random.Random(seed)
    cells = [Cell("train", "m", number, spec={"seed": number}) for number in range(4)]
    for number in range(60):
        parents = {str(i): cell for i, cell in enumerate(chance.sample(cells, chance.randint(1, 3)))}
        kind = chance.choice(("compress", "compare", "diagnose"))
        cells.append(Cell(kind, "m", chance.randint(0, 3), str(number), {"number": number}, parents))
    queue, busy, taken, lost = Queue(3, cells, ()), [], [], 0
    while True:
        while found := queue.take():
            assert all(parent in [cell for cell, _ in taken if cell] for parent in found[0].parents.values())
            busy.append(found)
        if not busy:
            break
        cell, slot = busy.pop(chance.randrange(len(busy)))
        if lost < 10 and chance.random() < 0.2:  # its worker died
            lost += 1
            queue.give_back(slot, lives=False)
            queue.again(cell)
            continue
        queue.give_back(slot)
        taken.append((cell, slot))
        queue.succeeded(cell)
    assert sorted(cell.variant for cell, _ in taken) == sorted(cell.variant for cell in cells)
