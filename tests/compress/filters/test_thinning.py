from copy import deepcopy

import pytest
import torch
import torchvision
from torch import nn

from bench.compress.filters import thinning
from bench.compress.filters.channels import channels
from bench.compress.filters.coupled import Removals
from bench.compress.method import NotApplicable
from bench.compress.methods.li import Li, rounded_up
from bench.compress.methods.random_filters import RandomFilters
from bench.compress.methods.thinet import Thinet
from bench.compress.variant import parse
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, unpack
from bench.zoo.networks import build
from tests.compress.filters.concatenating import masked


def lively(network, generator):
    """Normalisations that differ from channel to channel, or removing them would go unseen."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight, module.bias, module.running_mean, module.running_var):
                tensor.data.uniform_(0.5, 1.5, generator=generator)
    return network.double().eval()


def thinned_and_masked(network, images, generator, which, spared=0):
    """A third of all channels removed, and set to zero; `spared` are forgotten in the second."""
    thin, removals = deepcopy(network), Removals()
    for group in channels(network, images[:1]):
        if which == "all" or len(group.writers) == 1:
            count = group.parts * (group.count // group.parts * 2 // 3)
            kept = thinning.largest(torch.rand(group.count, generator=generator), group, count)
            gone = sorted({*range(group.count)} - {*kept.tolist()})
            network = masked(network, [(group, gone[spared:])])
            thinning.thin(thin, removals.moved(group), kept)
            removals.note(group, count)
    return thin, network


@pytest.mark.sampled("which")
@pytest.mark.parametrize("model", ["resnet20", "resnet18", "wrn16-4", "vgg16-bn", "mobilenetv2", "mobilenet-small"])
@pytest.mark.parametrize("which", ["inside", "all"])
def test_the_smaller_network_computes_what_the_masked_one_does(model, which):
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(2, 3, 32, 32, generator=generator).double()
    network = lively(build.build(model, 3, 10, 32, 0), generator)
    thin, zeroed = thinned_and_masked(network, images, generator, which)
    with torch.inference_mode():
        torch.testing.assert_close(thin(images), zeroed(images), rtol=1e-9, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet50", "regnet_y_400mf", "efficientnet_b0", "mobilenet_v3_small", "mnasnet0_5"])
def test_the_same_of_torchvisions_with_streams_thinned_and_one_channel_forgotten_shows(name):
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(2, 3, 64, 64, generator=generator).double()
    network = lively(torchvision.models.get_model(name, weights=None), generator)
    outputs = []
    for spared in (0, 1):
        thin, zeroed = thinned_and_masked(network, images, torch.Generator().manual_seed(2), "all", spared)
        with torch.inference_mode():
            outputs.append((thin(images) - zeroed(images)).abs().max() / zeroed(images).std())
    assert outputs[0] < 1e-7 < 1e-4 < outputs[1]


@pytest.mark.parametrize(("which", "share"), [("inside", 0.51), ("all", 0.25)])
def test_half_of_resnet18s_channels(which, share):
    network = build.build("resnet18", 3, 10, 32, 0)
    full = sum(parameter.numel() for parameter in network.parameters())
    compressed = Compressed(network.eval(), example=torch.zeros(1, 3, 32, 32))
    counts = thinning.counts(compressed, 0.5, (), rounded_up, which)
    thin = thinning.thinned(compressed, counts, thinning.largest_norms)
    assert sum(parameter.numel() for parameter in thin.network.parameters()) / full == pytest.approx(share, abs=0.005)


class Grouped(nn.Module):
    """A block with a grouped convolution, as in ResNeXt."""

    def __init__(self):
        super().__init__()
        self.stem, self.reduce, self.expand = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 16, 1), nn.Conv2d(24, 6, 1)
        self.norm, self.grouped = nn.BatchNorm2d(16), nn.Conv2d(16, 24, 3, padding=1, groups=4)
        self.head = nn.Linear(6, 10)

    def forward(self, images):
        stream = self.stem(images).relu()
        inside = self.grouped(self.norm(self.reduce(stream)).relu()).relu()
        return self.head((stream + self.expand(inside)).relu().mean((2, 3)))


@pytest.mark.parametrize("method", [Li(0.5), RandomFilters(0.5), Thinet(0.5, images=32)], ids=lambda m: m.title)
def test_as_many_filters_go_from_each_group_of_a_convolution(method, workbench):
    torch.manual_seed(0)
    network = Grouped().eval()
    workbench.finetune = lambda network, **_: ()
    images = next(workbench.batches(8))[0]
    result = method(Compressed(network, example=images[:1]), workbench)
    thin = result.network
    read = unpack(pack(finish(result), {"name": "grouped"}), Grouped()).eval()
    torch.testing.assert_close(read(images), thin(images), rtol=1e-5, atol=1e-5)
    assert (thin.reduce.out_channels, thin.grouped.in_channels, thin.grouped.out_channels) == (8, 8, 12)
    assert (thin.grouped.groups, thin.expand.in_channels) == (4, 12)
    kept = [int((network.reduce.weight == row).flatten(1).all(1).nonzero()) for row in thin.reduce.weight]
    assert [channel // 4 for channel in kept] == [0, 0, 1, 1, 2, 2, 3, 3]
    if isinstance(method, Li):
        largest = network.reduce.weight.abs().sum((1, 2, 3)).reshape(4, 4).argsort(descending=True)[:, :2]
        assert kept == [4 * part + place for part in range(4) for place in sorted(largest[part].tolist())]


def test_a_thinner_grouped_convolution_computes_what_the_masked_one_does():
    torch.manual_seed(0)
    network, images = Grouped().eval().double(), torch.randn(2, 3, 8, 8).double()
    thin = deepcopy(network)
    for group in channels(network, images[:1]):
        if group.parts > 1:
            kept = thinning.largest(torch.rand(group.count), group, group.count // 2)
            gone = sorted(set(range(group.count)) - set(kept.tolist()))
            network = masked(network, [(group, gone)])
            thinning.thin(thin, group, kept)
    assert thin.grouped.weight.shape == (12, 2, 3, 3)
    torch.testing.assert_close(thin(images), network(images), rtol=1e-9, atol=1e-9)


def test_a_ratio_for_each_stage_and_layers_that_stay():
    compressed = Compressed(build.build("resnet20", 3, 10, 32, 0), example=torch.zeros(1, 3, 32, 32))
    wanted = thinning.counts(compressed, (0.5, 0.25, 0.0), ("layer1.1.conv1",), rounded_up)
    assert [count for _, count in wanted] == [8, 8, 24, 24, 24, 64, 64, 64]
    with pytest.raises(NotApplicable, match="3 stages of filters, and 2"):
        thinning.counts(compressed, (0.5, 0.25), (), rounded_up)
    with pytest.raises(NotApplicable, match=r"no layer 'layer9'"):
        thinning.counts(compressed, 0.5, ("layer9",), rounded_up)
    with pytest.raises(NotApplicable, match="are to be skipped"):
        thinning.counts(
            compressed,
            0.5,
            tuple(f"layer{stage}.{block}.conv1" for stage in (1, 2, 3) for block in range(3)),
            rounded_up,
        )


def test_a_network_that_counts_its_channels_is_refused(workbench):
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Flatten(),
        nn.Unflatten(1, (8, 8, 8)), nn.Conv2d(8, 4, 1), nn.Flatten(), nn.LazyLinear(4),
    )  # fmt: skip
    network.eval()(workbench.example)
    with pytest.raises(NotApplicable, match="it counts on the number of its channels"):
        Li()(Compressed(network, example=workbench.example), workbench)


def test_a_network_without_free_filters_is_refused(workbench):
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(NotApplicable, match="no filters were found that could be taken out"):
        Li()(Compressed(network, example=workbench.example), workbench)


@pytest.mark.parametrize("method", ["li", "thinet", "random-filters"])
def test_a_weight_that_is_no_parameter_stays(method, workbench):
    network = nn.Sequential(nn.Conv2d(3, 8, 1), nn.ReLU(), nn.Conv2d(8, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    weight = network[0].weight.data
    del network[0].weight
    network[0].register_buffer("weight", weight)
    with pytest.raises(NotApplicable, match="cannot be made smaller"):
        parse(method).apply(Compressed(network.eval(), example=workbench.example), workbench)


def test_layers_that_keep_their_channels_are_named_in_the_log(caplog):
    network = build.build("resnet20", 3, 10, 32, 0)
    compressed = Compressed(network, example=torch.zeros(1, 3, 32, 32))
    with caplog.at_level("INFO", "bench"):
        thinning.say_what_stays(compressed, "all")
    assert caplog.messages == [
        "conv1 and 6 others keep all channels: constant_pad_nd in layer2.0.downsample is not known to treat them alike",
        "layer3.0.conv2 and 2 others keep all channels: constant_pad_nd in layer3.0.downsample is not known to treat "
        "them alike",
    ]
    caplog.clear()
    with caplog.at_level("INFO", "bench"):
        thinning.say_what_stays(compressed.but(network=build.build("resnet18", 3, 10, 32, 0)), "all")
    assert not caplog.messages


@pytest.mark.parametrize(
    "layers",
    [
        (nn.Conv2d(3, 1, 1), nn.BatchNorm2d(1), nn.Conv2d(1, 4, 1), nn.Flatten()),  # one channel
        (nn.Conv2d(3, 6, 1), nn.ReLU(), nn.Flatten(), nn.Linear(384, 4), nn.Softmax(1)),  # the outputs
    ],
)
def test_layers_of_one_channel_or_before_the_outputs_are_none_that_stay(layers, caplog):
    with caplog.at_level("INFO", "bench"):
        thinning.say_what_stays(Compressed(nn.Sequential(*layers).eval(), example=torch.zeros(1, 3, 8, 8)), "all")
    assert not caplog.messages
