from __future__ import annotations

import numpy as np
import pytest

from bench.errors import InputError
from bench.statistics.simulate import Population, image_factors, layer_pair, seed_layers, seed_rhos, singular_values


def linear_cka(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - x.mean(0), y - y.mean(0)
    return float(np.linalg.norm(x.T @ y) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)))


@pytest.mark.parametrize("spectrum", ["decaying", "flat"])
@pytest.mark.parametrize("rho", [0.1, 0.7, 0.95])
def test_a_large_sample_has_the_populations_similarity(spectrum, rho):
    x, y = layer_pair(Population(d=6, spectrum=spectrum), rho, 100_000, np.random.default_rng(0))
    assert linear_cka(x, y) == pytest.approx(rho, abs=0.01)


def test_outliers_leave_the_populations_similarity_as_it_is():
    x, y = layer_pair(Population(d=4, images="outliers"), 0.6, 400_000, np.random.default_rng(0))
    assert linear_cka(x, y) == pytest.approx(0.6, abs=0.03)


def test_every_seed_has_its_own_similarity_and_their_mean_is_the_methods():
    population = Population(d=4, seed_sd=0.05)
    rhos = seed_rhos(population, (0.5, 0.8), 20_000, np.random.default_rng(0))
    assert rhos.mean(axis=1) == pytest.approx([0.5, 0.8], abs=2e-3)
    assert rhos.std(axis=1) == pytest.approx([0.05, 0.05], rel=0.05)
    assert np.corrcoef(rhos)[0, 1] == pytest.approx(0.5, abs=0.03)
    near_one = seed_rhos(population, (0.99,), 20_000, np.random.default_rng(0))
    assert near_one.max() <= 1
    assert near_one.mean() == pytest.approx(0.99, abs=1e-3)


def test_seeds_see_the_same_images():
    originals, compressed = seed_layers(Population(d=4, common=0.8), (0.6,), 3, 50_000, np.random.default_rng(0))
    assert originals.shape == (3, 50_000, 4)
    assert compressed.shape == (1, 3, 50_000, 4)
    assert linear_cka(originals[0], compressed[0, 0]) == pytest.approx(0.6, abs=0.12)
    assert linear_cka(originals[0], originals[1]) == pytest.approx(0.8**2, abs=0.02)


def test_spectra_and_outliers_are_what_they_are_called():
    assert singular_values(Population(d=4, spectrum="flat")) == pytest.approx(1)
    assert singular_values(Population(d=4)) == pytest.approx([1, 0.7071, 0.5774, 0.5], abs=1e-4)
    factors = image_factors(Population(images="outliers"), 10_000, np.random.default_rng(0))
    assert set(np.unique(factors)) == {1.0, 30.0}
    assert (factors > 1).mean() == pytest.approx(0.005, abs=0.002)


def test_the_same_seed_gives_the_same_bytes():
    draws = [layer_pair(Population(), 0.5, 10, np.random.default_rng(4)) for _ in range(2)]
    assert np.array_equal(draws[0], draws[1])


@pytest.mark.parametrize("wrong", [{"spectrum": "flatt"}, {"images": "outlier"}])
def test_unknown_populations_are_refused(wrong):
    with pytest.raises(InputError, match="did you mean"):
        Population(**wrong)
