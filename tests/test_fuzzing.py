"""Every target of fuzzing for a moment; for longer, `make fuzz`."""

from __future__ import annotations

import os

import pytest

from tests.fuzzing import TARGETS, fuzz

SECONDS = float(os.environ.get("FUZZ_SECONDS", "15"))


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_is_read_is_read_or_refused(name):
    assert fuzz(name, SECONDS).total() > 0
