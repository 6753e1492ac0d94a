"""From a profile to files: the plan of cells, the store that keeps them, and the executors that work them."""

from bench.lazy import submodules

__getattr__ = submodules(__name__)
