import resource
import subprocess
import sys

import pytest

from bench.runner import allocator

glibc = pytest.mark.skipif(allocator._library() is None, reason="another C library")

FAULTS = """
import resource, sys
import torch
from bench.runner import allocator
if sys.argv[1] == "keep":
    allocator.keep()
for _ in range(40):
    torch.ones(10_000_000)  # beyond 32 MiB, up to which glibc raises its threshold by itself
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""

RESIDENT = """
import torch
from bench.runner import allocator
allocator.keep()
held = [torch.ones(2_000_000) for _ in range(50)]
del held
for give_back in (False, True):
    if give_back:
        allocator.give_back()
    with open("/proc/self/statm") as file:
        print(int(file.read().split()[1]))
"""


def numbers(code: str, *arguments: str) -> list[int]:
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return [int(number) for number in done.stdout.split()]


@pytest.mark.slow
@glibc
def test_what_is_freed_serves_the_next_batch():
    (usual,), (kept,) = numbers(FAULTS, "usual"), numbers(FAULTS, "keep")
    assert usual - kept > 30 * 40_000_000 / resource.getpagesize()


@glibc
def test_between_cells_free_memory_goes_back_to_the_system():
    kept, given_back = numbers(RESIDENT)
    assert kept - given_back > 45 * 8_000_000 / resource.getpagesize()


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda _: object())
    allocator._library.cache_clear()
    try:
        allocator.keep()
        allocator.give_back()
        assert allocator._library() is None
    finally:
        allocator._library.cache_clear()
