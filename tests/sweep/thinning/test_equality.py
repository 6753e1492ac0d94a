"""Whether thinned networks are the masked ones, and whether one that is not would be seen."""

import pytest
import torch
from torch import nn

from bench.compress.filters import coupled, thinning
from bench.compress.filters.channels import channels
from bench.sweep.thinning.equality import attempt, compared, equal, lively, mask
from tests.compress.filters.concatenating import CHANNELS_LAST, CONCATENATING, DenseBlock, Fire, Inception, made


def images(size=8):
    return torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", [*CONCATENATING, *CHANNELS_LAST])
def test_thinned_networks_are_the_masked_ones(kind):
    outcome = compared(made(kind), images(), 0.5)
    assert equal(outcome)
    assert outcome["difference"] < 1e-4 and outcome["control"] > 0.01
    assert outcome["keeps"] < 0.8


@pytest.mark.parametrize("kind", [DenseBlock, Fire, Inception])
def test_a_slice_of_the_wrong_channels_is_seen(kind, monkeypatch):
    """What was removed before a slice has not moved it: of the same size, and other channels."""
    take = coupled.taken

    def shifted(tensors, group, chosen):
        return take(tensors, group, (chosen + 1) % group.count)

    monkeypatch.setattr(thinning, "taken", shifted)
    monkeypatch.setattr(thinning, "take", lambda network, group, kept: shifted(network.state_dict(), group, kept))
    assert not equal(compared(made(kind), images(), 0.5))


def test_places_that_do_not_move_are_seen(monkeypatch):
    monkeypatch.setattr(coupled.Removals, "moved", lambda self, group: group)
    try:
        outcome = compared(made(DenseBlock), images(), 0.5)
    except (RuntimeError, IndexError):  # a slice beyond the end
        return
    assert not equal(outcome)


def test_a_network_without_a_visible_channel_is_not_called_equal():
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 2, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    with torch.no_grad():
        network[1].weight.zero_()
    assert not equal(compared(network, images(), 0.5))


def test_masking_by_hand():
    network = made(DenseBlock)
    second = channels(network, images()[:1])[1]
    mask(network, [(second, [3])])
    assert not network.convs[0].weight[3].any() and network.convs[0].weight[2].any()
    for norm in (network.norms[1], network.norms[2], network.last):
        assert [int(at) for at in (norm.weight == 0).nonzero()] == [6 + 3]
        assert norm.running_var[6 + 3] != 0


def test_parameters_that_are_all_alike_become_different():
    network = lively(nn.Sequential(nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 3), nn.LayerNorm(3)))
    nn.init.zeros_(network[2].weight)
    lively(network)
    assert all(len(parameter.unique()) == parameter.numel() for parameter in network.parameters())
    assert bool((network[0].weight >= 0.5).all())


@pytest.mark.parametrize(
    ("name", "keeps"),
    [("squeezenet1_1", 0.355), ("shufflenet_v2_x0_5", 0.506), ("googlenet", 0.29), ("convnext_tiny", 0.547)],
)
def test_small_networks_of_torchvision(name, keeps):
    outcome = attempt(f"torchvision:{name}", "0.5", 64)
    assert outcome["state"] == "works", outcome
    assert outcome["keeps"] == pytest.approx(keeps, abs=0.001)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "size", "keeps"),
    [("densenet121", 64, 0.285), ("vit_b_32", 224, 0.679), ("swin_t", 64, 0.695)],
)
def test_larger_ones(name, size, keeps):
    outcome = attempt(f"torchvision:{name}", "0.5", size)
    assert outcome["state"] == "works", outcome
    assert outcome["keeps"] == pytest.approx(keeps, abs=0.003)


def test_a_network_that_cannot_lose_channels_is_refused(monkeypatch):
    from bench.sweep.thinning import equality

    monkeypatch.setattr(
        equality.Subject, "fresh", lambda self: nn.Sequential(nn.Conv2d(3, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    )
    outcome = attempt("resnet8", "0.5", 8)
    assert outcome["state"] == "refused" and "no filters were found" in outcome["reason"]
