from __future__ import annotations

import json

import numpy as np
import pytest

from bench.calibrate.memory_store import CellFiles, MemoryStore
from bench.folders import Damaged


def test_cells_are_read_as_from_disk():
    cells = {"b": CellFiles({"metrics.json": {"a": 1}}, {"some.npz": {"x": np.arange(3), "y": np.ones(2)}})}
    store = MemoryStore(cells)
    assert list(store.keys()) == ["b"]
    assert store.has("b")
    assert not store.has("a")
    assert store.error("b") is None
    assert json.loads(store.read("b")["metrics.json"]) == {"a": 1}
    assert list(store.arrays("b", "some.npz", ["x", "z"])) == ["x"]
    assert list(store.arrays("b", "some.npz")) == ["x", "y"]
    assert store.provenance("b") == {}


def test_what_is_not_there_is_told():
    store = MemoryStore({"b": CellFiles({})})
    with pytest.raises(Damaged, match="no file"):
        store.read("b", ["metrics.json"])
    with pytest.raises(Damaged, match="no file"):
        store.arrays("b", "some.npz")
