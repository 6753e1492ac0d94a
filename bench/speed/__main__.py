"""`python -m bench.speed`: how fast the benchmark is beside what others use, in one run."""

from __future__ import annotations

import logging
import sys

from bench import registry
from bench.runner import allocator

PACKAGE = "bench.speed"


def main(names: list[str]) -> None:
    """Run the comparisons named, or all."""
    # As in a worker, and for what others use alike: without it the kernel takes half of the time, of either.
    allocator.keep()
    # What cells log, such as how a network was compiled, would stand between the tables.
    logging.disable(logging.WARNING)
    for name in names or registry.names(PACKAGE):
        registry.load(PACKAGE, name, "speed comparison").main()


if __name__ == "__main__":
    main(sys.argv[1:])
