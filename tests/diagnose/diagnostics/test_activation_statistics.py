import numpy as np
import pytest
import torch
from torch import nn

from bench.diagnose.diagnostics.activation_statistics import (
    QUANTILES,
    ActivationStatistics,
    participation_ratio,
    statistics,
)


@pytest.mark.parametrize("images", [40, 5000])
def test_participation_ratio_of_known_spectra(images):
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(images, 5)))[0]
    basis = np.linalg.qr(basis - basis.mean(0))[0]
    assert participation_ratio(basis) == pytest.approx(5)
    assert participation_ratio(basis * [1, 0, 0, 0, 0] + 3) == pytest.approx(1)
    assert participation_ratio(basis * np.sqrt([2, 1, 0, 0, 0])) == pytest.approx(9 / 5)


def test_participation_ratio_is_the_same_from_either_gram():
    wide = np.random.default_rng(1).normal(size=(10, 30))
    eigenvalues = np.linalg.eigvalsh(np.cov(wide.T))
    assert participation_ratio(wide) == pytest.approx(eigenvalues.sum() ** 2 / (eigenvalues**2).sum())


def test_statistics_of_a_known_layer():
    layer = np.zeros((10, 4, 2, 2), dtype=np.float32)
    layer[:, 0] = 3  # dead, if not zero
    layer[:, 1] = np.arange(10)[:, None, None]
    found = statistics(layer)
    assert found["dead"] == 0.75
    assert found["zeros"] == pytest.approx((2 * 40 + 4) / 160)
    assert found["mean"] == pytest.approx((3 + 4.5) / 4)
    assert found["dimension"] == pytest.approx(1.0)
    assert found["width"] == 4
    np.testing.assert_allclose(found["quantiles"], np.quantile(layer, QUANTILES), rtol=1e-6)


def test_by_layer_and_mean(networks, probe):
    found = ActivationStatistics(images=12)(networks, probe)
    assert found.arrays["width.original"].tolist() == [6, 12]
    assert found.arrays["quantiles.original"].shape == (2, len(QUANTILES))
    expected = (found.arrays["dimension.other-seed"] / found.arrays["width.other-seed"]).mean()
    assert found.metrics["dimension.other-seed"] == pytest.approx(expected)
    assert found.metrics["zeros.original"] == found.metrics["zeros.compressed"] > 0.1
    assert found.notes == []


def test_layers_without_positions(make_probe):
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 5), nn.ReLU())
    found = ActivationStatistics()({"compressed": network}, make_probe(layers=("2",)))
    assert found.arrays["width.compressed"].tolist() == [5]


def test_quantised_dead_and_missing(networks, quantized, dead, probe, assert_same):
    found = ActivationStatistics()({**networks, "compressed": quantized, "finetune": dead}, probe)
    assert {"zeros.compressed", "zeros.compressed-bypassed"} < set(found.metrics)
    assert found.metrics["dead.finetune"] == found.metrics["zeros.finetune"] == 1.0
    assert found.metrics["dimension.finetune"] is None
    assert found.notes == ["Nothing varies in finetune at first, second: there is no effective dimension."]
    assert_same(ActivationStatistics()({**networks, "compressed": quantized, "finetune": dead}, probe), found)
    missing = ActivationStatistics()({"compressed": nn.Sequential(nn.Flatten())}, probe)
    assert missing.metrics == {} and "no module first, second" in missing.notes[0]


def test_the_network_is_left_as_it_was(make_network, probe):
    network = make_network().train()
    ActivationStatistics()({"original": network}, probe)
    assert network.training and all(parameter.requires_grad for parameter in network.parameters())
    with torch.no_grad():
        torch.testing.assert_close(network.eval()(probe.images), make_network()(probe.images))
