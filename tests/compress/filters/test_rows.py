"""Which channels are free in rows of concatenated maps, and along other axes than the first."""

import pytest
import torch
from torch import nn

from bench.compress.filters.channels import channels
from bench.compress.filters.coupled import take

EXAMPLE = torch.zeros(1, 3, 8, 8)


def of(network):
    return {group.writers: group for group in channels(network.eval(), EXAMPLE)}


@pytest.mark.parametrize(
    ("join", "free"),
    [
        (lambda a, b: torch.cat([a, b], 1)[:, :4].repeat(1, 2, 1, 1), []),
        (lambda a, b: torch.cat([a, b], 1).chunk(2, 1)[0].repeat(1, 2, 1, 1), []),
        (lambda a, b: torch.cat([a, b[:, :2], b[:, 2:]], 1), ["a.weight"]),
        (lambda a, b: torch.cat([a, b.flip(1)], 1), ["a.weight"]),
        (lambda a, b: torch.cat([a, b], 1).softmax(1), []),
        (lambda a, b: torch.cat([a, b], 1) + torch.cat([b, a], 1), ["a.weight", "b.weight"]),
        (lambda a, b: torch.cat([a, a], 1) + b.mean(), []),
        (lambda a, b: torch.cat([a, -a], 1), ["a.weight"]),
        (lambda a, b: torch.cat([a, b], 1) * torch.cat([a.sigmoid(), b.tanh()], 1), ["a.weight", "b.weight"]),
        (lambda a, b: torch.cat([a, torch.ones(1, 2, 8, 8).expand(len(a), -1, -1, -1), b[:, 2:]], 1), []),
        (lambda a, b: torch.cat([a, b], 2).mean(2, keepdim=True).repeat(1, 2, 1, 1), []),
        (lambda a, b: torch.cat([torch.cat([a, b], 2)] * 2, 1), ["a.weight", "b.weight"]),
    ],
)  # fmt: skip
def test_only_what_keeps_its_place_in_a_row_is_free(join, free):
    class Joins(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.head = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 1), nn.Conv2d(8, 4, 1)

        def forward(self, x):
            return self.head(join(self.a(x), self.b(x))).mean((2, 3))

    torch.manual_seed(0)
    network, x = Joins().eval().double(), torch.randn(4, 3, 8, 8, dtype=torch.double)
    groups = channels(network, x[:1])
    assert [name for group in groups for name in group.writers] == free
    before = network(x)
    for group in groups:
        network.load_state_dict({**network.state_dict(), **take(network, group, torch.tensor([2, 0, 3, 1]))})
    torch.testing.assert_close(network(x), before)


def test_an_addition_of_rows_that_begin_anew_elsewhere_fixes_them():
    class Added(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.a, self.b, self.head = (
                nn.Conv2d(3, 8, 1), nn.Conv2d(8, 4, 1), nn.Conv2d(8, 4, 1), nn.Linear(8, 4)
            )  # fmt: skip

        def forward(self, x):
            stem = self.stem(x)
            return self.head((stem + torch.cat([self.a(stem), self.b(stem)], 1)).mean((2, 3)))

    assert of(Added()) == {}


def test_groups_of_a_convolution_that_reads_a_row_fix_it():
    class Grouped(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 1)
            self.grouped, self.head = nn.Conv2d(8, 12, 1, groups=2), nn.Conv2d(12, 4, 1)

        def forward(self, x):
            return self.head(self.grouped(torch.cat([self.a(x), self.b(x)], 1))).mean((2, 3))

    (group,) = channels(Grouped().eval(), EXAMPLE)
    assert (group.writers, group.parts) == (("grouped.weight",), 2)


def test_a_parameter_along_another_axis_than_that_of_channels_fixes_them():
    class Shifted(nn.Module):
        def __init__(self, shape):
            super().__init__()
            self.first, self.second, self.shape = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 4, 1), shape
            self.shift = nn.Parameter(torch.rand(8))

        def forward(self, x):
            return self.second((self.first(x) + self.shift.view(self.shape)).relu()).mean((2, 3))

    assert of(Shifted((8,))) == {}  # as wide as there are channels
    assert of(Shifted((8, 1))) == {}
    assert list(of(Shifted((8, 1, 1)))) == [("first.weight",)]


def test_maps_with_channels_last_that_are_pooled_or_convolved_as_others_are_fixed():
    class Confused(nn.Module):
        def __init__(self, then):
            super().__init__()
            self.up, self.down, self.then = nn.Linear(8, 8), nn.Linear(8, 4), then

        def forward(self, x):
            hidden = self.up(nn.functional.pad(x, (0, 0, 0, 0, 0, 5)))  # (n, 8, 8, 8), the columns as channels
            return self.down(self.then(hidden)).mean((1, 2))

    own = nn.BatchNorm2d(8, affine=False, track_running_stats=False)
    for then in (nn.Conv2d(8, 8, 1), nn.AvgPool2d(3, 1, 1), nn.BatchNorm2d(8), own, nn.PReLU(8), nn.LayerNorm(8)):
        assert ("up.weight",) not in of(Confused(then)), then
    for then in (nn.GELU(), nn.PReLU(1)):
        assert list(of(Confused(then))) == [("up.weight",)]


def test_maps_that_are_added_to_others_turned_by_an_axis_are_fixed():
    class Turned(nn.Module):
        def __init__(self, turn):
            super().__init__()
            self.a, self.b, self.head = nn.Conv2d(3, 8, 1), nn.Conv2d(3, 8, 1), nn.Conv2d(8, 4, 1)
            self.turn = turn

        def forward(self, x):
            return self.head(self.a(x) + self.turn(self.b(x))).mean((2, 3))  # as many channels as columns

    assert of(Turned(lambda x: x.transpose(1, 3))) == {}
    assert of(Turned(lambda x: x.transpose(1, 3).contiguous())) == {}
    assert list(of(Turned(lambda x: x.transpose(2, 3)))) == [("a.weight", "b.weight")]


def test_memory_that_is_read_from_another_channel_on_is_fixed():
    class Shifted(nn.Module):
        def __init__(self, shift):
            super().__init__()
            self.up, self.down, self.shift = nn.Linear(8, 6), nn.Linear(6, 4), shift

        def forward(self, x):
            hidden = self.up(x).flatten(1)
            rows = hidden[:, self.shift : self.shift + 6 * 20].reshape(len(x), 20, 6)
            return self.down(rows).mean(1)

    assert of(Shifted(4)) == {}
    assert list(of(Shifted(12))) == [("up.weight",)]
