import multiprocessing
import operator
import os
import signal
import time

import pytest

from bench.runner.executor import WorkerDied
from bench.runner.executors import processes


@pytest.fixture
def negating(monkeypatch):
    """Two worker processes whose work is to negate a number."""
    monkeypatch.setattr(processes, "_work", operator.neg)
    executor = processes.Processes(2, lambda *_: None)
    yield executor
    executor.close(at_once=True)


def test_each_slot_is_a_process_of_its_own(negating):
    answers = [negating.submit(number, number % 2) for number in range(4)]
    assert [answer.result(timeout=60) for answer in answers] == [0, -1, -2, -3]
    # processes of other kinds may be left by what ran before
    assert sum("pool_worker" in child.name for child in multiprocessing.active_children()) == 2


@pytest.mark.parametrize("pause", [0, 0.5], ids=["at once", "later"])
def test_the_death_of_an_idle_worker_costs_a_cell_at_most(negating, pause):
    assert negating.submit(1, 0).result(timeout=60) == -1
    for worker in multiprocessing.active_children():
        os.kill(worker.pid, signal.SIGKILL)
    time.sleep(pause)
    for slot in (0, 1):
        try:
            assert negating.submit(2, slot).result(timeout=60) == -2
        except WorkerDied as death:
            assert str(death).startswith("its worker process")
        assert negating.submit(3, slot).result(timeout=60) == -3
