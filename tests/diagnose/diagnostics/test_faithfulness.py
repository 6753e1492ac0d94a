import numpy as np
import pytest
import torch
from torch import nn

from bench.diagnose.diagnostics.faithfulness import Faithfulness
from bench.diagnose.explanations import deletion


class OnePixel(nn.Module):
    """Sees the middle pixel alone."""

    def forward(self, x):
        logit = 3 * x[:, 0, 2, 2]
        return torch.stack([logit, -logit], 1)


@pytest.fixture
def images():
    return torch.rand(3, 1, 5, 5, generator=torch.Generator().manual_seed(0)) + 0.5


def test_deletion_curve_falls_at_once_where_the_right_pixel_goes_first(images):
    right = torch.zeros(3, 5, 5)
    right[:, 2, 2] = 1
    curve = deletion.deletion_curves(OnePixel(), images, right, torch.zeros(3, dtype=torch.int64))
    before = torch.sigmoid(6 * images[:, 0, 2, 2])
    np.testing.assert_allclose(curve[:, 0], before, rtol=1e-5)
    np.testing.assert_allclose(curve[:, 1:], 0.5)
    late = deletion.deletion_curves(OnePixel(), images, -right, torch.zeros(3, dtype=torch.int64))
    np.testing.assert_allclose(late[:, :10], before[:, None].expand(3, 10), rtol=1e-5)
    np.testing.assert_allclose(late[:, 10], 0.5)


def test_the_true_attribution_leaves_nothing_unexplained_and_a_wrong_one_everything(images):
    network = nn.Sequential(nn.Flatten(), nn.Linear(25, 2)).eval()
    targets = torch.tensor([0, 1, 0])
    true = network[1].weight.detach()[targets].view(3, 1, 5, 5) * images
    share = deletion.unexplained_share(network, images, 7 * true, targets, seed=0)
    np.testing.assert_allclose(share.detach(), 0.0, atol=1e-5)
    nothing = deletion.unexplained_share(network, images, torch.zeros_like(true), targets, seed=0)
    np.testing.assert_allclose(nothing.detach(), 1.0)


def test_removed_squares_are_of_one_size_and_inside():
    (fraction,), (worse,) = deletion._remove_square(torch.ones(50, 2, 8, 8), 0.0)
    assert (worse == 0).sum((1, 2, 3)).tolist() == [8] * 50
    assert len({tuple(mask.flatten().tolist()) for mask in worse[:, 0]}) > 10
    torch.testing.assert_close(fraction, 1 - worse)


def test_differences_to_the_same_network_are_zero(networks, probe):
    found = Faithfulness(images=4, steps=4, perturbations=2)(networks, probe)
    for score in ("deletion", "infidelity", "sensitivity"):
        assert found.metrics[f"{score}_difference.compressed"] == 0.0
        assert found.metrics[f"{score}_difference.other-seed"] != 0.0
        assert found.metrics[f"{score}.original"] > 0
        difference = found.arrays[f"{score}.other-seed"] - found.arrays[f"{score}.original"]
        assert found.metrics[f"{score}_difference.other-seed"] == pytest.approx(difference.mean(), rel=1e-4)
    assert found.arrays["curve.original"].shape == (11,)


def test_a_linear_networks_gradient_is_not_sensitive(make_probe):
    network = nn.Sequential(nn.Flatten(), nn.Linear(48, 4)).eval()
    found = Faithfulness(method="saliency", images=4)({"original": network}, make_probe(size=4))
    assert found.metrics["sensitivity.original"] == pytest.approx(0.0, abs=1e-5)


def test_a_quantised_network_is_scored_twice(networks, quantized, probe):
    found = Faithfulness(images=3, steps=4, perturbations=2)({**networks, "compressed": quantized}, probe)
    assert found.metrics["deletion.compressed"] != found.metrics["deletion.compressed-bypassed"]
    assert found.notes == []


def test_missing_roles_and_dead_networks(networks, dead, probe):
    settings = Faithfulness(images=3, steps=4, perturbations=2)
    assert "no original" in settings({"compressed": dead}, probe).notes[0]
    found = settings({"original": networks["original"], "compressed": dead}, probe)
    assert found.metrics["deletion.compressed"] == pytest.approx(0.25)
    assert found.metrics["infidelity.compressed"] is None
    assert any(note.startswith("infidelity.compressed: 3 of 3") for note in found.notes)


def test_same_bytes_again(networks, probe, assert_same):
    from bench.remember import forget

    settings = Faithfulness(images=3, steps=4, perturbations=2)
    first = settings(networks, probe)
    forget()
    assert_same(settings(networks, probe), first)
