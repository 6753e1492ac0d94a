import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from bench.remember import Memory, bytes_held, forget, once

MEGABYTE = 10**6


@pytest.fixture
def memory():
    return Memory(bound=MEGABYTE)


def bytes_of(count):
    return lambda: np.zeros(count, np.uint8)


def again():
    raise AssertionError("computed again")


def test_computed_once_until_forgotten():
    forget()
    calls = []
    for _ in range(3):
        assert once("key", lambda: calls.append(1) or 7) == 7
    assert len(calls) == 1
    forget()
    once("key", lambda: calls.append(1))
    assert len(calls) == 2
    forget()


def test_nothing_is_a_result_too(memory):
    assert memory.once("key", lambda: None) is None
    assert memory.once("key", again) is None


def test_an_error_is_not_remembered(memory):
    with pytest.raises(AssertionError):
        memory.once("key", again)
    assert memory.once("key", lambda: 7) == 7


def test_the_one_that_was_not_asked_for_longest_goes_first(memory):
    for key in ("a", "b", "a", "c"):
        memory.once(key, bytes_of(MEGABYTE // 3))
    memory.once("a", again)
    memory.once("c", again)
    with pytest.raises(AssertionError):
        memory.once("b", again)


def test_bytes_are_bounded_not_entries(memory):
    for key in range(5000):
        memory.once(key, bytes_of(1))
    assert len(memory._results) > 500 and memory.bytes <= MEGABYTE
    for key in "abcdefgh":
        memory.once(key, bytes_of(MEGABYTE // 4))
        assert memory.bytes <= MEGABYTE
        assert memory.bytes == sum(size for _, size in memory._results.values())
    assert len(memory._results) == 3


def test_a_large_key_counts_too(memory):
    memory.once("a" * (MEGABYTE // 2), bytes_of(MEGABYTE // 4))
    assert memory.bytes > MEGABYTE * 3 / 4


def test_what_is_too_large_is_computed_each_time_and_drives_nothing_out(memory):
    memory.once("small", bytes_of(1))
    for fill in (1, 2):
        assert memory.once("large", lambda fill=fill: np.full(2 * MEGABYTE, fill, np.uint8))[0] == fill
    memory.once("small", again)


def test_what_is_computed_may_ask_the_memory_itself(memory):
    assert memory.once("outer", lambda: memory.once("inner", lambda: 3) + 1) == 4
    assert memory.once("inner", again) == 3


def test_arrays_and_tensors_count_wherever_they_are():
    array, tensor = np.zeros(MEGABYTE, np.uint8), torch.zeros(MEGABYTE, dtype=torch.uint8)
    for holder in (
        array,
        tensor,
        [array],
        ({"a": tensor},),
        SimpleNamespace(a=SimpleNamespace(b=array)),
        {array.tobytes()},
    ):
        assert MEGABYTE <= bytes_held(holder) < 1.01 * MEGABYTE
    assert bytes_held(torch.nn.Linear(1000, 1000)) > 4 * MEGABYTE


def test_a_view_holds_the_whole():
    array = np.zeros(MEGABYTE, np.uint8)
    for view in (
        array[:1],
        array.reshape(10, -1).T[3],
        torch.from_numpy(array)[5:6],
        torch.from_numpy(array)[5:6].numpy(),
    ):
        assert bytes_held(view) > MEGABYTE


def test_shared_parts_count_once():
    array = np.zeros(MEGABYTE, np.uint8)
    circle = [array, array, array[:5]]
    circle.append(circle)
    assert bytes_held(circle) < 1.01 * MEGABYTE


def test_code_is_not_counted():
    assert bytes_held([np, sys, Memory]) < 1000
