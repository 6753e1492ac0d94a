import pytest
import torch

from bench.footprint.structure import channel_order, rebuild


def test_the_network_stays_as_it_is():
    network = torch.nn.Sequential(torch.nn.Linear(3, 3))
    before = network[0].weight.clone()
    after = rebuild(network, [channel_order.step([(["0"], [2, 0, 1])])])
    assert after is network and torch.equal(after[0].weight, before)


@pytest.mark.parametrize(
    "groups", [3, [{}], [{"modules": ["0"], "kept": [0, 0]}], [{"modules": ["0"], "kept": [-1]}],
               [{"modules": ["0"], "kept": [True]}], [{"modules": [0], "kept": [1]}],
               [{"modules": ["0"], "row": [[2, 0]]}], [{"modules": ["0"], "row": [[2, 7]]}],
               [{"modules": ["0"], "row": [[10**12]]}], [{"modules": ["0"], "row": [[10**6]]}] * 20,
               [{"modules": ["0"], "row": [[-1]]}], [{"modules": ["0"], "row": [[True]]}],
               [{"modules": [], "kept": [4]}, {"modules": ["0"], "row": [[2, 0]]}]],
)  # fmt: skip
def test_what_anybody_may_have_written_is_checked(groups):
    with pytest.raises(ValueError, match="channel-order"):
        rebuild(torch.nn.Sequential(), [{"kind": "channel-order", "groups": groups}])


def test_later_steps_count_what_earlier_ones_left():
    steps = [channel_order.step([(["a"], [5, 3, 1])]), {"kind": "other"}, channel_order.step([(["a"], [2, 0])])]
    assert channel_order.kept_channels(steps, "a") == (1, 5)
    assert channel_order.kept_channels(steps, "b") is None


def test_a_module_that_puts_out_channels_of_several_groups():
    first = channel_order.step([(["a"], [1, 2]), ([], [0])], [(["cat"], ((3, 0), (2,), (4, 1)))])
    rebuild(torch.nn.Sequential(), [first])
    assert channel_order.kept_channels([first], "cat") == (1, 2, 3, 4, 5)
    later = channel_order.step([(["a"], [1])], [(["cat"], ((2, 0), (3,)))])
    assert channel_order.kept_channels([first, later], "cat") == (2, 3, 4, 5)
