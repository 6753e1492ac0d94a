"""A headless Chromium, where there is one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import pytest

from bench.speed._browser import Browser, program


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser, or a skipped test where there is none."""
    name = program()
    if name is None:
        pytest.skip("no Chromium is installed")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        found = Browser(name, folder)
        yield found
        found.close()
