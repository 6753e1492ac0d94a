"""One thread a process, set before torch is imported: with `-n 2` two processes would fight over the same cores."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

pytest_plugins = ["tests.invented"]  # runs with known numbers, for the analysis, the report and the command line


def pytest_collection_modifyitems(items):
    """The longest test first: at the end one worker would wait for it."""
    items.sort(key=lambda item: item.path.name != "test_many_cells.py")
