"""What the comparison of similarity computes; how fast it is depends on the machine and is no test."""

from __future__ import annotations

import numpy as np
import pytest

from bench.similarity.measures.cka import CKA
from bench.speed import similarity
from bench.speed._cka_packages import PACKAGES, Package, of_numpy


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> similarity.Scene:
    monkeypatch.setattr(similarity, "IMAGES", 40)
    monkeypatch.setattr(similarity, "RESAMPLES", 10)
    monkeypatch.setattr(similarity, "matrix_product_rate", lambda: 1e9)
    return similarity.make_scene((4, 6, 50))


def test_the_plain_loop_is_biased_cka(scene):
    expected = [[CKA()(x, y) for y in scene.second] for x in scene.first]
    np.testing.assert_allclose(PACKAGES[0].all_pairs(scene.first, scene.second), expected, rtol=1e-4)


def test_work_counts_a_half_of_every_symmetric_product(scene):
    assert scene.gram_flop == 40**2 * 2 * 60
    assert scene.jackknife_flop == scene.gram_flop + 40**2 * 9


def test_rows_name_every_package_and_both_intervals(scene):
    rows = dict(similarity.compare(scene))
    for package in PACKAGES:
        assert any(name.startswith(package.title) for name in rows)
    assert "times the numpy loop's speed" in rows["exact jackknife, debiased"]
    assert "10 half-samples, debiased" in rows


def test_a_package_that_does_not_import_is_left_out_with_the_reason(scene, tmp_path, monkeypatch):
    (tmp_path / "half_installed.py").write_text("import what_it_needs_and_nobody_has")
    monkeypatch.syspath_prepend(tmp_path)
    broken = Package("half-installed", "half_installed", of_numpy, by_pair=True)
    absent = Package("nowhere", "no_such_package.core", of_numpy, by_pair=True)
    monkeypatch.setattr(similarity, "PACKAGES", (PACKAGES[0], broken, absent))
    rows = dict(similarity.compare(scene))
    assert "what_it_needs_and_nobody_has" in rows["half-installed"]
    assert rows["nowhere"] == "not installed"


def test_the_numpy_loop_needs_no_package():
    assert [package.title for package in PACKAGES if not package.is_package] == ["numpy loop, biased"]
