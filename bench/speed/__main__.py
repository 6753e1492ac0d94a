"""`python -m bench.speed`: how fast the benchmark is beside what others use, in one run."""

from __future__ import annotations

import sys

from bench import registry

PACKAGE = "bench.speed"


def main(names: list[str]) -> None:
    """Run the comparisons named, or all."""
    for name in names or registry.names(PACKAGE):
        registry.load(PACKAGE, name, "speed comparison").main()


if __name__ == "__main__":
    main(sys.argv[1:])
