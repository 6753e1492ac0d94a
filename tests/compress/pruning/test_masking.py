import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import prune

from bench.compress.low_rank.factors import layers
from bench.compress.method import NotApplicable
from bench.compress.methods.float16 import Float16
from bench.compress.methods.magnitude import Magnitude
from bench.compress.pruning import masking


def two_layers():
    network = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False), nn.Flatten(), nn.Linear(2, 2))
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([0.1, -4.0]).reshape(2, 1, 1, 1))
        network[2].weight.copy_(torch.tensor([[0.2, -3.0], [2.0, 0.3]]))
        network[2].bias.fill_(0.01)
    return network


def test_the_smallest_of_all_layers_together_are_left_out():
    masks = masking.global_magnitude(two_layers(), 0.5)
    assert masks["0.weight"].flatten().tolist() == [False, True]
    assert masks["2.weight"].tolist() == [[False, True], [True, False]]


@given(st.floats(0.01, 0.99))
@settings(max_examples=30, deadline=None)
def test_exactly_floor_of_the_share_is_left_out(sparsity):
    masks = masking.global_magnitude(two_layers(), sparsity)
    assert sum(int((~mask).sum()) for mask in masks.values()) == int(sparsity * 6)


def test_biases_and_normalisation_are_never_pruned(tiny):
    assert set(masking.prunable(tiny)) == {"conv.weight", "block.conv1.weight", "block.conv2.weight", "fc.weight"}


def test_the_network_itself_is_not_changed_by_choosing():
    network = two_layers()
    masking.global_magnitude(network, 0.5)
    assert "0.weight" in dict(network.named_parameters())
    assert network[0].weight.flatten().tolist() == pytest.approx([0.1, -4.0])


def test_random_masks_keep_each_layers_sparsity_and_follow_the_seed(tiny):
    masks = masking.global_magnitude(tiny, 0.7)
    shuffled, again, other = (masking.random_like(masks, seed) for seed in (0, 0, 1))
    for name, mask in masks.items():
        assert shuffled[name].sum() == mask.sum()
        assert torch.equal(shuffled[name], again[name])
    assert any(not torch.equal(shuffled[name], other[name]) for name in masks)


def test_a_network_without_weights_is_refused():
    with pytest.raises(NotApplicable):
        masking.prunable(nn.Sequential(nn.ReLU()))


def test_a_chain_never_brings_a_weight_back():
    half, other = torch.tensor([True, True, False]), torch.tensor([True, False, True])
    joined = masking.joined({"a": half, "b": half}, {"a": other, "c": other})
    assert joined["a"].tolist() == [True, False, False]
    assert torch.equal(joined["b"], half) and torch.equal(joined["c"], other)


def test_pruning_less_after_pruning_more_keeps_all_zeros(compressed, workbench):
    more = Magnitude(0.8)(compressed, workbench)
    less = Magnitude(0.3)(more, workbench)
    for name, mask in more.masks.items():
        assert torch.equal(less.masks[name], mask)


def test_rounded_weights_are_not_pruned(compressed, workbench):
    with pytest.raises(NotApplicable, match="prune and train before"):
        Magnitude(0.5)(Float16()(compressed, workbench), workbench)


class Shared(nn.Module):
    """Two convolutions with one weight, and a third of their own size."""

    def __init__(self):
        super().__init__()
        self.one, self.other, self.third = (nn.Conv2d(4, 4, 5, padding=2) for _ in range(3))
        self.other.weight = self.one.weight

    def forward(self, images):
        return self.third(self.other(self.one(images).relu()).relu())


def test_a_shared_weight_counts_once():
    network = Shared()
    masks = masking.global_magnitude(network, 0.8)
    assert set(masks) == {"one.weight", "third.weight"}
    assert sum(int((~mask).sum()) for mask in masks.values()) == 640
    masking.apply(network, masks)
    assert network.other.weight is network.one.weight


def test_a_shared_weight_is_not_untied_by_factors():
    assert list(layers(Shared(), linear=True)) == ["third"]


def test_the_projection_within_attention_has_no_factors():
    attention = nn.MultiheadAttention(64, 2)
    assert layers(attention, linear=True) == {}
    assert set(masking.prunable(attention)) == {"out_proj.weight"}


@pytest.mark.parametrize("levels", [2, 5, 40, 2**24], ids=lambda levels: f"{levels} magnitudes")
@pytest.mark.parametrize("sparsity", [0.003, 0.3, 0.5, 0.9, 0.999])
def test_the_choice_among_equal_magnitudes_is_pytorchs(levels, sparsity):
    network = nn.Sequential(nn.Conv2d(3, 40, 3), nn.Conv2d(40, 20, 3), nn.Linear(50, 30))
    generator = torch.Generator().manual_seed(levels)
    with torch.no_grad():
        for layer in network:
            layer.weight.copy_(torch.randint(-levels, levels + 1, layer.weight.shape, generator=generator) / levels)
        network[1].to(memory_format=torch.channels_last)
    masks = masking.global_magnitude(network, sparsity)

    copy = nn.Sequential(*(nn.utils.skip_init(type(layer), *size) for layer, size in zip(network, SIZES, strict=True)))
    copy.load_state_dict(network.state_dict())
    count = int(sparsity * sum(layer.weight.numel() for layer in copy))
    prune.global_unstructured([(layer, "weight") for layer in copy], prune.L1Unstructured, amount=count)
    for number, layer in enumerate(copy):
        assert torch.equal(masks[f"{number}.weight"], layer.weight_mask.bool())


SIZES = ((3, 40, 3), (40, 20, 3), (50, 30))
