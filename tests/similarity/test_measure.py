"""What holds for every measure of activations: it is what it says it is, and bad input is one clear sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group

from bench import registry, similarity
from bench.errors import InputError
from bench.similarity.catalog import measures
from bench.similarity.measure import Measure
from bench.similarity.measures.gulp import GULP
from bench.similarity.measures.knn_jaccard import KNNJaccard
from bench.similarity.measures.linear_probe import LinearProbe
from bench.similarity.measures.rbf_cka import RBFCKA
from bench.similarity.measures.rsa import RSA
from bench.similarity.measures.rsm_norm_difference import RSMNormDifference
from bench.similarity.measures.svcca import SVCCA
from bench.similarity.measures.uniformity_difference import UniformityDifference

PAIRS = {
    name: measure
    for name, measure in measures().items()
    if isinstance(measure, Measure) and measure.compares == "activations"
}
CANONICAL = ("eigenspace-overlap", "gulp", "linear-regression-fit", "mean-cca", "pwcca", "svcca")
every = pytest.mark.parametrize("name", PAIRS)


def transformed(kind: str, side: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    d = side.shape[1]
    return {
        "permutation": lambda: side[:, rng.permutation(d)],
        "orthogonal": lambda: side @ ortho_group.rvs(d, random_state=rng),
        "isotropic scaling": lambda: side * rng.uniform(0.1, 9.0),
        "unit scaling": lambda: side * rng.uniform(0.1, 9.0, size=d),
        "translation": lambda: side + rng.normal(scale=5.0, size=d),
        "invertible linear": lambda: side @ (rng.normal(size=(d, d)) + 3.0 * np.eye(d)),
    }[kind]()


def test_every_file_is_a_measure_with_a_reference():
    bibliography = Path(similarity.__file__).with_name("references.bib").read_text(encoding="utf-8")
    for measure in measures().values():
        keys = registry.sources(type(measure))
        assert keys
        assert all(f"{{{key}," in bibliography + measure.bibtex for key in keys)
        assert measure.range[0] < measure.range[1] and measure.title


@every
def test_value_is_in_range_and_in_the_interval(name, related):
    measure = PAIRS[name]
    found = measure.estimate(*related, replicates=20)
    assert measure.range[0] <= found.low <= found.value <= found.high <= measure.range[1]
    assert found.low < found.high
    assert found.value == pytest.approx(measure(*related), rel=1e-9)
    assert (found.n, found.unit) == (80, "image")


@every
def test_a_representation_is_itself(name, related):
    measure, x = PAIRS[name], related[0]
    best = measure.range[1 if measure.larger_is_similar else 0]
    assert measure(x, x) == pytest.approx(best, abs=1e-6)
    found = measure.estimate(x, x, replicates=10)
    assert found.low == pytest.approx(best, abs=1e-5) and found.high == pytest.approx(best, abs=1e-5)


@every
def test_similar_is_more_similar_than_independent(name, rng):
    measure, image = PAIRS[name], rng.normal(size=(120, 6))
    near, far = image + 0.1 * rng.normal(size=image.shape), rng.normal(size=image.shape) * 3.0 + 1.0
    assert (measure(image, near) > measure(image, far)) == measure.larger_is_similar


@every
def test_symmetry_is_as_declared(name, related):
    measure, (x, y) = PAIRS[name], related
    assert (measure(x, y) == pytest.approx(measure(y, x), rel=1e-9)) == measure.symmetric


@every
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_invariances_are_as_declared(name, seed):
    measure, rng = PAIRS[name], np.random.default_rng(seed)
    image = rng.normal(size=(40, 4))
    x, y = image + rng.normal(size=image.shape) + 1.0, image @ rng.normal(size=(4, 6)) - 1.0
    for kind in measure.invariances:
        assert measure(transformed(kind, x, rng), y) == pytest.approx(measure(x, y), rel=1e-6, abs=1e-9), kind
        assert measure(x, transformed(kind, y, rng)) == pytest.approx(measure(x, y), rel=1e-6, abs=1e-9), kind


@every
def test_dead_units_do_not_crash(name, related):
    x, y = related
    dead = np.hstack([x, np.full((80, 2), 0.1), np.zeros((80, 1))])
    assert np.isfinite(PAIRS[name].estimate(dead, y, replicates=5).value)
    assert np.isfinite(PAIRS[name](y, dead))


@pytest.mark.parametrize("name", ["mean-cca", "svcca", "pwcca", "procrustes", "cka", "gulp", "linear-regression-fit"])
def test_dead_units_change_nothing(name, related):
    x, y = related
    dead = np.hstack([x, np.full((80, 2), 0.1), np.zeros((80, 1))])
    assert PAIRS[name](dead, y) == pytest.approx(PAIRS[name](x, y), rel=1e-9)


@pytest.mark.parametrize("name", CANONICAL)
def test_a_unit_alive_on_one_image_only_does_not_crash(name, related):
    x, y = related
    rare = np.hstack([x, np.eye(80, 1)])
    assert np.isfinite(PAIRS[name].estimate(rare, y, replicates=5).low)


@every
def test_a_dead_layer_is_refused_or_finite(name, related):
    x = related[0]
    dead = np.full((80, 4), 0.3)
    try:
        assert np.isfinite(PAIRS[name](x, dead))
    except InputError as error:
        assert "no spread" in str(error)


@every
def test_estimates_are_repeatable(name, related):
    first, second = (PAIRS[name].estimate(*related, replicates=10, seed=3) for _ in range(2))
    assert first == second


@every
def test_unequal_n_nan_and_shape_are_refused(name, related):
    x, y = related
    measure = PAIRS[name]
    with pytest.raises(InputError, match=r"x has 80 images \(rows\) and y 79"):
        measure(x, y[:-1])
    broken = y.copy()
    broken[3, 1] = np.nan
    with pytest.raises(InputError, match="y: 1 value is NaN or infinite, the first at row 3, unit 1"):
        measure(x, broken)
    for scale in (1e200, 1e-200):
        with pytest.raises(InputError, match=r"y: the largest value is .*; scale the activations to about 1 first"):
            measure(x, scale * y)
    with pytest.raises(InputError, match="at least 4 images"):
        measure(x[:3], y[:3])
    with pytest.raises(InputError, match=r"pool them, x.mean\(\(2, 3\)\), or flatten"):
        measure(np.zeros((8, 3, 2, 2)), y[:8])


@pytest.mark.parametrize("name", CANONICAL)
def test_measures_that_need_more_images_than_units_say_so(name, rng):
    x, y = rng.normal(size=(20, 20)), rng.normal(size=(20, 5))
    for sides in ((x, y), (y, x)):
        with pytest.raises(InputError, match=r"needs n >= 21 images for .* with n <= d"):
            PAIRS[name](*sides)
    assert "coincide whatever the data" in PAIRS[name].estimate(x[:, :16], y, replicates=3).warning


@pytest.mark.parametrize("name", [name for name in PAIRS if name not in CANONICAL])
def test_more_units_than_images_are_no_hindrance_elsewhere(name, rng):
    wide = rng.normal(size=(16, 60))
    assert np.isfinite(PAIRS[name].estimate(wide, wide + 0.5 * rng.normal(size=wide.shape), replicates=3).low)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: RBFCKA(fraction=0.0), "fraction must be above 0"),
        (lambda: SVCCA(threshold=1.5), "threshold must be"),
        (lambda: GULP(penalty=-1.0), "penalty must be 0 or more"),
        (lambda: RSA(distance="euclid"), "did you mean 'euclidean'"),
        (lambda: RSMNormDifference(norm="frobenus"), "did you mean 'frobenius'"),
        (lambda: KNNJaccard(distance="cosin"), "did you mean 'cosine'"),
        (lambda: KNNJaccard(k=0), "k must be at least 1"),
        (lambda: UniformityDifference(t=0.0), "t must be above 0"),
        (lambda: LinearProbe(penalty=0.0), "penalty must be above 0"),
    ],
)
def test_parameters_out_of_range_are_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()
