import pytest
import torch
from torch import nn

from bench.compress.layer_order import ends_and_inner, require_inner, require_unpruned
from bench.compress.method import NotApplicable
from bench.footprint.compressed import Compressed

IMAGE = torch.zeros(1, 3, 8, 8)


class Order(nn.Module):
    """Registered in another order than they run in; one never runs."""

    def __init__(self, *calls):
        super().__init__()
        self.calls = calls
        self.c, self.b, self.unused, self.a = (nn.Conv2d(3, 3, 1) for _ in range(4))

    def forward(self, x):
        for name in self.calls:
            x = getattr(self, name)(x)
        return x


@pytest.mark.parametrize(
    ("calls", "ends", "inner"),
    [
        ("abc", ["a", "c"], ["b"]),
        ("aba", ["a"], ["b"]),  # the layer that runs first runs last too
        ("abbc", ["a", "c"], ["b"]),
        ("ab", ["a", "b"], []),
        ("a", ["a"], []),
    ],
)
def test_the_first_and_the_last_are_told_by_running(calls, ends, inner):
    first, between = ends_and_inner(Compressed(Order(*calls), example=IMAGE))
    assert first == {name: f"{name}.weight" for name in ends}
    assert between == {name: f"{name}.weight" for name in inner}


def test_a_network_that_is_one_layer():
    assert ends_and_inner(Compressed(nn.Conv2d(3, 3, 1), example=IMAGE)) == ({"": "weight"}, {})


def test_no_layer_between_is_refused():
    with pytest.raises(NotApplicable, match="none between"):
        require_inner({})
    require_inner({"a": "a.weight"})


def test_pruned_weights_are_refused_and_masks_that_prune_nothing_are_not():
    masks = {"a.weight": torch.ones(2, dtype=torch.bool), "b.weight": torch.tensor([True, False])}
    compressed = Compressed(nn.Identity(), masks=masks)
    require_unpruned(compressed, ["a.weight", "c.weight"], "one bit")
    with pytest.raises(NotApplicable, match=r"b\.weight is pruned, and one bit has no value for zero"):
        require_unpruned(compressed, ["a.weight", "b.weight"], "one bit")


def test_an_example_is_needed():
    with pytest.raises(ValueError, match="example"):
        ends_and_inner(Compressed(Order("a")))


def test_a_shared_weight_of_the_last_layer_is_an_ends():
    network = Order("a", "b", "c", "unused")
    network.unused.weight = network.b.weight
    first, between = ends_and_inner(Compressed(network, example=IMAGE))
    assert first == {"a": "a.weight", "unused": "b.weight"}
    assert between == {"c": "c.weight"}
