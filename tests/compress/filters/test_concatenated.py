"""Channels of concatenated feature maps, and of linear layers on maps with channels last."""

from collections import Counter
from copy import deepcopy

import pytest
import torch
from torch import nn

from bench.compress import variant
from bench.compress.filters import importance, next_layer, thinning
from bench.compress.filters.channels import channels
from bench.compress.filters.coupled import Follower, Output, Reader, Removals, take
from bench.compress.filters.selection import size_of
from bench.compress.method import NotApplicable
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, unpack
from bench.footprint.structure.channel_order import kept_channels
from tests.compress.filters.concatenating import (
    CHANNELS_LAST,
    CONCATENATING,
    ConvNext,
    DenseBlock,
    Depthwise,
    Fire,
    Inception,
    Mlp,
    Twice,
    made,
    masked,
)  # fmt: skip

EXAMPLE = torch.zeros(1, 3, 8, 8)
METHODS = [
    "li", "thinet", "random-filters", "group-magnitude", "taylor", "taylor:form=weight", "taylor:form=group", "fisher",
    "fpgm", "hrank", "slimming", "group-norm", "growing-reg",
]  # fmt: skip


def images(count=4, seed=3):
    return torch.randn(count, 3, 8, 8, generator=torch.Generator().manual_seed(seed))


def of(network):
    return {group.writers: group for group in channels(network.eval(), EXAMPLE)}


def test_each_layer_of_a_dense_block_is_read_at_its_place():
    stem, first, second, third = channels(made(DenseBlock), EXAMPLE)
    assert (stem.count, first.count, second.count, third.count) == (6, 4, 4, 4)
    assert [reader.start for reader in stem.readers] == [0, 0, 0, 0]
    assert first.readers == (Reader("convs.1.weight", start=6), Reader("convs.2.weight", start=6),
                             Reader("head.weight", start=6))  # fmt: skip
    assert second.readers == (Reader("convs.2.weight", start=10), Reader("head.weight", start=10))
    assert third.readers == (Reader("head.weight", start=14),)
    assert third.followers == tuple(
        Follower(f"last.{name}", 14) for name in ("weight", "bias", "running_mean", "running_var")
    )
    assert Output("last", 14, 18) in third.outputs and Output("convs.2", 0, 4) in third.outputs


def test_flattened_maps_behind_a_concatenation_begin_at_their_pixels():
    groups = of(made(Inception))
    assert groups["one.weight",].readers == (Reader("head.weight", 16, start=0),)
    assert groups["three.weight",].readers == (Reader("head.weight", 16, start=4 * 16),)
    assert groups["pooled.weight",].readers == (Reader("head.weight", 16, start=12 * 16),)
    assert Reader("head.weight", 16, start=14 * 16) in groups["stem.weight",].readers


def test_hidden_channels_of_linear_layers_on_maps_and_no_stream_under_layer_normalisation():
    for kind in CHANNELS_LAST:
        (group,) = channels(made(kind), EXAMPLE)
        assert (group.writers, group.followers) == (("up.weight",), (Follower("up.bias"),))
        assert group.readers == (Reader("down.weight"),)
    assert channels(made(ConvNext), EXAMPLE)[0].resolution == (4, 4)
    assert channels(made(Mlp), EXAMPLE)[0].resolution == (16,)


def test_taking_channels_by_hand():
    network = made(Fire)
    wide = of(network)["wide.0.weight",]
    taken = take(network, wide, torch.tensor([7, 2]))
    assert torch.equal(taken["squeeze.1.weight"], network.squeeze[1].weight[:, [0, 1, 2, 3, 4, 5, 13, 8]])
    assert torch.equal(taken["wide.0.bias"], network.wide[0].bias[[7, 2]])


@pytest.mark.parametrize("kind", [*CONCATENATING, *CHANNELS_LAST])
def test_another_order_of_channels_changes_nothing(kind):
    network, x = made(kind).double(), images().double()
    before = network(x)
    for number, group in enumerate(channels(network, x[:1])):
        order = torch.randperm(group.count, generator=torch.Generator().manual_seed(number))
        network.load_state_dict({**network.state_dict(), **take(network, group, order)})
    torch.testing.assert_close(network(x), before)


@pytest.mark.parametrize("kind", [*CONCATENATING, *CHANNELS_LAST])
@pytest.mark.parametrize("seed", range(3))
def test_the_smaller_network_computes_what_the_masked_one_does_and_one_channel_more_shows(kind, seed):
    network, x = made(kind, seed).double(), images().double()
    generator = torch.Generator().manual_seed(seed)
    groups = channels(network, x[:1])
    gone = [sorted(torch.randperm(group.count, generator=generator)[: group.count // 2].tolist()) for group in groups]
    targets = [(group, group.count - len(without)) for group, without in zip(groups, gone)]
    left = {
        group.writers: torch.tensor([c for c in range(group.count) if c not in without])
        for group, without in zip(groups, gone)
    }
    thin = thinning.thinned(Compressed(network, example=x[:1]), targets, lambda _, group, __: left[group.writers])
    with torch.inference_mode():
        logits, expected = thin.network(x), masked(network, zip(groups, gone))(x)
        distance = (expected[:, None] - expected).abs().max()
        assert (logits - expected).abs().max() < 1e-9 * distance
        for number, group in enumerate(groups):
            shows = []
            for spared in left[group.writers].tolist():
                more = [without if at != number else [*without, spared] for at, without in enumerate(gone)]
                missing = masked(network, zip(groups, more))(x)
                shows.append((logits - missing).abs().max() / distance)
            assert max(shows) > 1e-3, group.writers  # some are never above zero before their activation


@pytest.mark.sampled("method")
@pytest.mark.parametrize("kind", [*CONCATENATING, *CHANNELS_LAST])
@pytest.mark.parametrize("method", METHODS)
def test_every_method_through_a_file(kind, method, workbench):
    network = made(kind)
    compressed = Compressed(network, example=EXAMPLE)
    refused = {
        ("hrank", Mlp): "reads maps of 3 axes",
        **{("slimming", kind): "no batch normalisation" for kind in (Fire, *CHANNELS_LAST)},
    }
    if (method, kind) in refused:
        with pytest.raises(NotApplicable, match=refused[method, kind]):
            variant.parse(method).apply(compressed, workbench)
        return
    # at most half of the parameters can go where only the hidden channels do
    label = f"{method}:ratio=0.3" if kind in CHANNELS_LAST else f"{method}:ratio=0.5"
    label = f"{label},{method.partition(':')[2]}" if ":" in method else label
    label = label.replace(f"{method}:ratio", f"{method.partition(':')[0]}:ratio")
    result = variant.parse(label).apply(compressed, workbench)
    numbers = [sum(p.numel() for p in one.parameters()) for one in (result.network, network)]
    assert numbers[0] < 0.85 * numbers[1]
    read = unpack(pack(finish(result), {"name": "tiny"}), made(kind, 7)).eval()
    with torch.inference_mode():
        torch.testing.assert_close(read(images()), result.network(images()), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", [*CONCATENATING, *CHANNELS_LAST])
@pytest.mark.parametrize("target", ["parameters", "macs"])
def test_sizes_that_are_computed_are_those_of_the_smaller_network(kind, target):
    compressed = Compressed(made(kind), example=EXAMPLE)
    groups = thinning.prunable(compressed, (), "all")
    counts = [max(1, group.count - 1 - number) for number, group in enumerate(groups)]
    thin = thinning.thinned(compressed, list(zip(groups, counts)), thinning.largest_norms)
    after = thinning.prunable(thin, (), "all")
    sizes = size_of(compressed, groups, target)(counts), size_of(thin, after, target)([one.count for one in after])
    assert sizes[0] == sizes[1]
    if target == "parameters":
        assert sizes[0] == sum(parameter.numel() for parameter in thin.network.parameters())


def test_scores_of_concatenated_channels_by_hand():
    network = made(DenseBlock)
    groups = channels(network, EXAMPLE)
    first = groups[1]
    scale = importance.scale(network, groups)[1]
    gammas = [network.norms[1].weight[6:10], network.norms[2].weight[6:10], network.last.weight[6:10]]
    torch.testing.assert_close(scale, torch.stack(gammas).abs().mean(0).double(), check_dtype=False)
    members = [
        network.convs[0].weight.flatten(1), *(gamma[:, None] for gamma in gammas),
        network.convs[1].weight[:, 6:10].transpose(0, 1).flatten(1),
        network.convs[2].weight[:, 6:10].transpose(0, 1).flatten(1), network.head.weight[:, 6:10].T,
    ]  # fmt: skip
    by_hand = torch.stack([member.square().sum(1) for member in members]).mean(0)
    torch.testing.assert_close(importance.magnitude(network, [first], 2)[0], by_hand, check_dtype=False)


def test_maps_concatenated_with_themselves_by_hand():
    network = made(Twice)
    first, second = channels(network, EXAMPLE)
    assert first.readers == (Reader("second.weight"), Reader("second.weight", start=6))
    taken = take(network, first, torch.tensor([4, 1]))
    assert torch.equal(taken["second.weight"], network.second.weight[:, [4, 1, 10, 7]])
    assert torch.equal(taken["norm.running_var"], network.norm.running_var[[4, 1, 10, 7]])
    assert second.readers == (Reader("head.weight"), Reader("head.weight", start=8))


def test_what_channels_contribute_through_two_slices_by_hand(workbench):
    network = made(Twice)
    _, second = channels(network, EXAMPLE)
    sums = next_layer.contributions(network, second, workbench, 16, 1, Counter({"head": 1}))["head.weight"]
    maps = []
    network.head.register_forward_pre_hook(lambda _, inputs: maps.append(inputs[0]))
    network(next(workbench.batches(16))[0])
    products = maps[0][:, None] * network.head.weight  # (16 images, 4 outputs, 16 inputs), of which one output is drawn
    of_channels = (products[..., :8] + products[..., 8:]).double()
    assert bool(((of_channels - sums[:, None]).abs().amax(2).amin(1) < 1e-6).all())


def test_thinet_leaves_weights_of_other_maps_as_they_are(workbench):
    network = made(Depthwise)
    workbench.finetune = lambda network, **_: ()
    wide = variant.parse("thinet:ratio=0.5,skip=left,images=16").apply(Compressed(network, example=EXAMPLE), workbench)
    assert torch.equal(wide.network.head.weight[:, :4], network.head.weight[:, :4])
    assert wide.network.head.weight.shape[1] == 4 + 3


def test_a_file_says_which_channels_concatenated_maps_have():
    network = made(Fire)
    groups = of(network)
    targets = [(groups["narrow.0.weight",], 4), (groups["wide.1.weight",], 5)]
    keep = {("narrow.0.weight",): [0, 2, 3, 5], ("wide.1.weight",): [1, 2, 3, 4, 7]}
    thin = thinning.thinned(
        Compressed(network, example=EXAMPLE), targets, lambda _, group, __: torch.tensor(keep[group.writers])
    )
    assert kept_channels(thin.structure, "narrow.0") == (0, 2, 3, 5)
    assert kept_channels(thin.structure, "wide.0") is None

    class Wrapped(Fire):
        """The concatenation in a module of its own."""

        def __init__(self):
            super().__init__()
            self.join = nn.Identity()

        def forward(self, x):
            x = self.squeeze[0](x)
            x = self.join(torch.cat([self.narrow[0](x), x, self.wide[0](x)], 1))
            return x.mean((2, 3))

    wrapped = nn.Sequential(Wrapped(), nn.Linear(18, 4)).eval()
    narrow, squeeze = (of(wrapped)[(f"0.{name}.0.weight",)] for name in ("narrow", "squeeze"))
    keep = {narrow.writers: torch.tensor([5, 1]), squeeze.writers: torch.tensor([0, 3])}
    thin = thinning.thinned(
        Compressed(wrapped, example=EXAMPLE), [(squeeze, 2), (narrow, 2)], lambda _, group, __: keep[group.writers]
    )
    assert kept_channels(thin.structure, "0.join") == (5, 1, 6, 9, *range(10, 18))
    maps = []
    for one in (wrapped, thin.network):
        one[0].join.register_forward_hook(lambda _, __, output: maps.append(output))
        one(images())
    # the squeezed maps, which nothing but their own layer computes, are the original's channels
    torch.testing.assert_close(maps[1][:, 2:4], maps[0][:, [6, 9]])


@pytest.mark.parametrize(
    "chain",
    ["magnitude:sparsity=0.5+li:ratio=0.5", "li:ratio=0.3+thinet:ratio=0.4", "li:ratio=0.5+k-bit:bits=4",
     "group-magnitude:ratio=0.6,rounds=3", "taylor:ratio=0.4,scope=isomorphic", "fpgm:bytes=3kB",
     "li:ratio=0.9,order=layers,rounds=2",
     "thinet:ratio=0.5,order=layers"],
)  # fmt: skip
@pytest.mark.parametrize("kind", [DenseBlock, Fire])
def test_chains_rounds_and_targets_through_a_file(chain, kind, workbench):
    network = made(kind)
    result = variant.parse(chain).apply(Compressed(network, example=EXAMPLE), workbench)
    packed = finish(result)
    read = unpack(pack(packed, {"name": "tiny"}), made(kind, 7)).eval()
    with torch.inference_mode():
        torch.testing.assert_close(read(images()), packed.network(images()), rtol=1e-5, atol=1e-5)
    for name, mask in result.masks.items():
        weight = result.network.get_parameter(name)
        assert mask.shape == weight.shape and not weight[~mask].any()


def test_a_stream_under_layer_normalisation_alone_is_refused_and_why(workbench):
    class Stream(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.norm, self.head = nn.Conv2d(3, 6, 1), nn.LayerNorm(6), nn.Linear(6, 4)

        def forward(self, x):
            return self.head(self.norm(self.stem(x).mean((2, 3))))

    why = "native_layer_norm in norm is not known .*; layer and group normalisation take means over several channels"
    with pytest.raises(NotApplicable, match=why):
        variant.parse("group-magnitude").apply(Compressed(Stream().eval(), example=EXAMPLE), workbench)


def test_removals_move_what_stands_behind_them():
    network = made(DenseBlock)
    groups = channels(network, EXAMPLE)
    removals = Removals()
    removals.note(groups[0], 2)
    removals.note(groups[2], 3)
    assert [one.start for one in removals.moved(groups[1]).readers] == [2, 2, 2]
    assert removals.moved(groups[3]).readers[0].start == 14 - 4 - 1
    assert deepcopy(groups[3]).readers[0].start == 14
