"""What cannot be held is refused before it is computed, with how much it needs and how much is allowed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.errors import InputError
from bench.similarity import memory
from bench.similarity.activation_files import compare_files
from bench.similarity.measures.rbf_cka import RBFCKA


def test_a_measure_that_needs_too_much_says_how_much(monkeypatch, related):
    monkeypatch.setattr(memory, "ALLOWED", 100_000)
    with pytest.raises(InputError) as caught:
        RBFCKA()(*related)
    assert "RBF CKA (biased) needs 0.000288 GB of memory for 80 images" in str(caught.value)
    assert str(caught.value).endswith("and 0.0001 GB are allowed.")


def test_the_others_are_printed(monkeypatch, tmp_path: Path, related):
    for name, side in zip("ab", related):
        np.savez(tmp_path / f"{name}.npz", activations=side)
    monkeypatch.setattr(memory, "ALLOWED", 100_000)
    rows = {row["measure"]: row for row in compare_files(tmp_path / "a.npz", tmp_path / "b.npz")}
    assert "GB are allowed" in rows["rbf-cka"]["refused"] and rows["rbf-cka"]["value"] is None
    assert not rows["procrustes"]["refused"] and rows["procrustes"]["value"] is not None


@pytest.mark.parametrize("content", ["MemAvailable: 7 kB\n", "MemAvailable: much\n", ""])
def test_what_the_machine_has_left_is_a_limit_where_it_says_so(content, monkeypatch, tmp_path: Path):
    (tmp_path / "meminfo").write_text(content, encoding="ascii")
    monkeypatch.setattr(memory, "MACHINE", tmp_path / "meminfo")
    assert memory.allowed() == (7 * 1024 if "7" in content else memory.ALLOWED)
