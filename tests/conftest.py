"""One thread a process, set before torch is imported: with `-n 2` two processes would fight over the same cores."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

LONGEST = ("test_many_cells.py",)  # first: at the end one worker would wait for it

pytest_plugins = [
    "tests.invented",  # runs with known numbers, for the analysis, the report and the command line
    "tests.sampled",
]


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name not in LONGEST)
