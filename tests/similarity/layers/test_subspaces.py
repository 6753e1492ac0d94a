from __future__ import annotations

import numpy as np
import pytest

from bench.errors import InputError
from bench.similarity.layers import Bases, subspaces
from bench.similarity.measures.mean_cca import MeanCCA
from bench.similarity.measures.procrustes import Procrustes
from bench.similarity.measures.pwcca import PWCCA
from bench.similarity.measures.svcca import SVCCA

MEASURES = {"mean_cca": MeanCCA(), "svcca": SVCCA(), "pwcca": PWCCA(), "procrustes": Procrustes()}


@pytest.fixture
def networks(rng: np.random.Generator) -> tuple[list[np.ndarray], list[np.ndarray]]:
    image = rng.normal(size=(60, 5))

    def layer(d: int) -> np.ndarray:
        return image @ rng.normal(size=(5, d)) + 0.1 * rng.normal(size=(60, d))

    return [layer(d) for d in (4, 9, 6)], [layer(d) for d in (8, 3)]


def test_every_pair_is_the_measure(networks):
    first, second = networks
    bases = Bases(first)
    assert bases.kept[1] < 9  # or SVCCA would be mean CCA
    maps = subspaces(bases, second)
    for name, measure in MEASURES.items():
        expected = [[measure(x, y) for y in second] for x in first]
        np.testing.assert_allclose(getattr(maps, name), expected, rtol=1e-9, err_msg=name)


def test_layers_with_more_units_than_images_have_procrustes_alone(networks, rng):
    wide = rng.normal(size=(60, 90))
    maps = subspaces([wide, networks[0][0]], networks[1])
    assert np.isnan(maps.mean_cca[0]).all() and np.isnan(maps.svcca[0]).all() and np.isnan(maps.pwcca[0]).all()
    assert maps.procrustes[0, 0] == pytest.approx(Procrustes()(wide, networks[1][0]))
    assert np.isfinite(maps.pwcca[1]).all()


def test_a_dead_layer_is_undefined_and_leaves_the_others_alone(networks):
    maps = subspaces([np.full((60, 3), 0.1), networks[0][0]], networks[1])
    assert np.isnan(maps.procrustes[0]).all() and np.isfinite(maps.procrustes[1]).all()


def test_different_images_are_refused(networks):
    with pytest.raises(InputError, match="60 images and the second 59"):
        subspaces(networks[0], [layer[1:] for layer in networks[1]])
