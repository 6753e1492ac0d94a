import pytest
import torch
from torch import nn

from bench.compress.filters.channels import channels
from bench.compress.filters.coupled import Follower, Reader, take
from bench.zoo.networks import build

EXAMPLE = torch.zeros(1, 3, 32, 32)


def of(network, size=8):
    return {group.writers: group for group in channels(network.eval(), torch.zeros(1, 3, size, size))}


def test_inside_of_a_block_and_the_stream_that_its_output_is_added_to(tiny):
    stream, inner = channels(tiny, torch.zeros(1, 3, 8, 8))
    assert stream.writers == ("conv.weight", "block.conv2.weight")
    assert stream.readers == (Reader("block.conv1.weight"), Reader("fc.weight"))
    assert len(stream.followers) == 8
    assert inner.writers == ("block.conv1.weight",)
    names = ("weight", "bias", "running_mean", "running_var")
    assert inner.followers == tuple(Follower(f"block.bn1.{name}") for name in names)
    assert (inner.count, inner.resolution) == (8, (8, 8))


@pytest.mark.parametrize(
    ("model", "count"),
    [("resnet20", 9), ("resnet18", 12), ("wrn16-4", 10), ("vgg16-bn", 13), ("mobilenetv2", 25), ("mobilenet-small", 5)],
)
def test_groups_of_the_zoo(model, count):
    assert len(channels(build.build(model, 3, 10, 32, 0), EXAMPLE)) == count


def test_a_depthwise_convolution_keeps_its_channels():
    network = nn.Sequential(nn.Conv2d(3, 6, 1), nn.Conv2d(6, 6, 3, groups=6), nn.ReLU6(), nn.Conv2d(6, 4, 1))
    (group,) = channels(network.eval(), torch.zeros(1, 3, 8, 8))
    assert group.writers == ("0.weight",)
    assert group.followers == tuple(map(Follower, ("0.bias", "1.weight", "1.bias")))
    assert group.readers == (Reader("3.weight"),)


def grouped():
    return nn.Sequential(
        nn.Conv2d(3, 8, 1), nn.ReLU(), nn.Conv2d(8, 12, 3, groups=4), nn.ReLU(), nn.Conv2d(12, 4, 1), nn.Identity()
    ).eval()


def test_groups_of_a_convolution_divide_what_it_reads_and_what_it_writes():
    read, written = channels(grouped(), torch.zeros(1, 3, 8, 8))
    assert (read.count, read.parts, read.readers) == (8, 4, (Reader("2.weight", groups=4),))
    assert (written.count, written.parts, written.readers) == (12, 4, (Reader("4.weight"),))


def test_reordering_within_the_groups_of_a_convolution_changes_nothing():
    network, images = grouped(), torch.randn(2, 3, 8, 8)
    before = network(images)
    for group, order in zip(
        channels(network, images[:1]), ([1, 0, 2, 3, 5, 4, 7, 6], [2, 0, 1, 3, 4, 5, 8, 7, 6, 9, 11, 10])
    ):
        network.load_state_dict({**network.state_dict(), **take(network, group, torch.tensor(order))})
    torch.testing.assert_close(network(images), before)


def test_groups_that_divide_channels_in_two_ways_fix_them():
    two_ways = nn.Sequential(
        nn.Conv2d(3, 8, 1), nn.Conv2d(8, 8, 1, groups=2), nn.Conv2d(8, 8, 1, groups=4), nn.Conv2d(8, 4, 1)
    )
    found = channels(two_ways.eval(), torch.zeros(1, 3, 8, 8))
    assert [group.writers for group in found] == [("0.weight",), ("2.weight",)]


def test_a_part_of_one_channel_leaves_no_choice():
    multiplied = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 8, 1, groups=4), nn.Conv2d(8, 4, 1))
    (written,) = channels(multiplied.eval(), torch.zeros(1, 3, 8, 8))
    assert (written.writers, written.parts) == (("1.weight",), 4)


def test_flattened_maps_are_neighbouring_inputs():
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.MaxPool2d(4), nn.Flatten(), nn.Linear(16, 5), nn.Identity()
    )
    (group,) = channels(network.eval(), torch.zeros(1, 3, 8, 8))
    assert group.readers == (Reader("3.weight", 4),)
    taken = take(network, group, torch.tensor([2, 0]))
    assert torch.equal(taken["3.weight"], network[3].weight[:, [8, 9, 10, 11, 0, 1, 2, 3]])
    assert torch.equal(taken["0.weight"], network[0].weight[[2, 0]])


class Shuffles(nn.Module):
    def __init__(self, change):
        super().__init__()
        self.first, self.second, self.change = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 4, 1), change

    def forward(self, x):
        return self.second(self.change(self.first(x))).mean((2, 3))


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.flip(1),
        lambda x: x.softmax(1),
        lambda x: torch.cat([x[:, 4:], x[:, :4]], 1),
        lambda x: x.view(-1, 2, 4, *x.shape[2:]).transpose(1, 2).reshape(x.shape).relu(),
        lambda x: x * x.mean(1, keepdim=True),
        nn.GroupNorm(2, 8),
        nn.LayerNorm([8, 8, 8]),
        lambda x: x * torch.arange(8.0).view(1, -1, 1, 1),
        lambda x: x * x.mean(1)[:, None],
        lambda x: x * x.mean((1, 2))[:, None, None],
    ],
)
def test_what_tells_channels_apart_fixes_them(change):
    assert of(Shuffles(change)) == {}


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.view(-1, 2, 4, *x.shape[2:]).transpose(1, 2).reshape(x.shape),
        lambda x: x.flip(1),
        lambda x: torch.cat([x[:, 4:], x[:, :4]], 1),
        lambda x: x.chunk(2, 1)[1].repeat(1, 2, 1, 1),
    ],
)
def test_behind_what_tells_channels_apart_the_next_layer_begins_anew(change):
    """As in ShuffleNet, whose units divide and shuffle what they read."""
    network = nn.Sequential(Shuffles(change), nn.Identity()).eval()
    network[0].second = nn.Sequential(nn.Conv2d(8, 6, 1), nn.ReLU(), nn.Conv2d(6, 4, 1))
    (group,) = channels(network, torch.zeros(1, 3, 8, 8))
    assert group.writers == ("0.second.0.weight",)
    images = torch.randn(2, 3, 8, 8)
    before = network(images)
    network.load_state_dict({**network.state_dict(), **take(network, group, torch.randperm(6))})
    torch.testing.assert_close(network(images), before)


@pytest.mark.parametrize("change", [nn.PReLU(8), nn.PReLU(1), nn.SiLU(), lambda x: x * x.mean((2, 3), keepdim=True)])
def test_what_treats_channels_alike_leaves_them_free(change):
    assert list(of(Shuffles(change))) == [("first.weight",)]


def test_parameters_that_the_graph_does_not_show_fix_the_channels():
    from torchvision.ops.misc import FrozenBatchNorm2d

    assert of(Shuffles(FrozenBatchNorm2d(8))) == {}


@pytest.mark.parametrize("axes", [1, (1, 2), (1, 3), -3])
def test_a_mean_over_channels_is_none_of_them(axes):
    """Though there are as many columns as channels."""

    class Mean(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.head = nn.Conv2d(3, 8, 1), nn.LazyLinear(5)

        def forward(self, images):
            return self.head(self.conv(images).relu().mean(axes).flatten(1))

    network = Mean().eval()
    network(torch.zeros(1, 3, 8, 8))
    assert channels(network, torch.zeros(1, 3, 8, 8)) == ()


def test_a_layer_that_is_used_twice_joins_what_it_reads():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.shared = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 1), nn.Conv2d(4, 2, 1)

        def forward(self, x):
            return self.shared(self.a(x)).mean((2, 3)) + self.shared(self.b(x)).mean((2, 3))

    assert list(of(Twice())) == [("a.weight", "b.weight")]
