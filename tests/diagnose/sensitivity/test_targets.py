from copy import deepcopy

import pytest
import torch
from torch import nn

from bench.compress.method import NotApplicable
from bench.diagnose.sensitivity.targets import changed, targets
from bench.footprint.compressed import Compressed


def tensors(compressed):
    return {name: tensor.clone() for name, tensor in compressed.network.state_dict().items()}


def gone(before, after, name):
    return (before[name] != 0) & (after[name] == 0)


def test_the_smallest_weights_of_one_tensor_become_zero_and_no_other_changes():
    network = nn.Sequential(nn.Linear(4, 2, bias=False), nn.Linear(2, 2, bias=False))
    network[0].weight.data = torch.tensor([[0.1, -4.0, 2.0, -0.3], [3.0, 0.2, -1.0, 5.0]])
    original = Compressed(network, example=torch.zeros(1, 4))
    first = targets(original, "elements")[0]
    pruned = changed(original, {first: 0.55})  # floor(0.55 * 8) = 4 go
    expected = [[0, -4, 2, 0], [3, 0, 0, 5]]
    assert pruned.network[0].weight.tolist() == expected
    assert torch.equal(pruned.network[1].weight, network[1].weight)


def test_rounding_one_tensor_leaves_the_others_in_float32(original):
    before = tensors(original)
    for target in targets(original, "bits"):
        after = changed(original, {target: 2.0})
        others = {name for name, tensor in tensors(after).items() if not torch.equal(tensor, before[name])}
        assert others == {target.weights[0]} == {*after.representations}
        filters = after.network.get_parameter(target.weights[0]).flatten(1)
        assert all(len(row.unique()) <= 3 for row in filters)  # -1, 0 and 1, with a step for each filter


def test_channels_of_a_stream_go_from_all_layers_that_write_it(original, images):
    stream = next(target for target in targets(original, "channels") if len(target.weights) > 1)
    assert stream.weights == ("first.conv.weight", "first.shortcut.weight")
    thin = changed(original, {stream: 0.5})
    assert thin.network.first.conv.out_channels == thin.network.first.shortcut.out_channels == 3
    assert thin.network.second.conv.in_channels == 3

    # the full network without the same channels: those with the smallest mean L1 norms over both writers
    def zeroed(names):
        full = deepcopy(original.network)
        norms = sum(full.get_parameter(name).abs().flatten(1).sum(1) for name in stream.weights)
        smallest = norms.argsort()[:3]
        for name in names:
            full.get_parameter(name).data[smallest] = 0
        return full

    shown = images[1][0][0]
    follow = ("first.bn.weight", "first.bn.bias")
    with torch.inference_mode():
        logits = thin.network(shown)
        torch.testing.assert_close(logits, zeroed((*stream.weights, *follow))(shown), atol=1e-4, rtol=1e-4)
        one_writer = zeroed((stream.weights[0], *follow))(shown)
    assert (logits - one_writer).abs().max() > 0.1  # what remains of a stream whose channels one layer alone loses


def test_targets_are_in_the_order_of_the_forward_pass():
    class Backwards(nn.Module):
        def __init__(self):
            super().__init__()
            self.last = nn.Linear(5, 2)
            self.first = nn.Linear(3, 5)

        def forward(self, x):
            return self.last(self.first(x).relu())

    original = Compressed(Backwards(), example=torch.zeros(1, 3))
    assert [target.name for target in targets(original, "elements")] == ["first", "last"]


def test_every_change_starts_from_the_original_which_stays_bit_for_bit(original):
    before = tensors(original)
    for kind, harsh, mild in (("elements", 0.9, 0.5), ("channels", 0.9, 0.5), ("bits", 2.0, 8.0)):
        for target in targets(original, kind):
            fresh = tensors(changed(original, {target: mild}))
            changed(original, {target: harsh})
            again = tensors(changed(original, {target: mild}))
            assert all(torch.equal(again[name], tensor) for name, tensor in fresh.items())
    after = tensors(original)
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert changed(original, {targets(original, "elements")[0]: 0.0}) is original


def test_together_each_target_changes_as_it_does_alone(original):
    for kind, level in (("elements", 0.5), ("bits", 3.0)):
        chosen = targets(original, kind)
        before, joint = tensors(original), tensors(changed(original, dict.fromkeys(chosen, level)))
        for target in chosen:
            alone = tensors(changed(original, {target: level}))
            assert torch.equal(alone[target.weights[0]], joint[target.weights[0]])
            assert not torch.equal(joint[target.weights[0]], before[target.weights[0]])


class Concatenated(nn.Module):
    """Two layers whose maps are put side by side, and a third that reads both."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 8, 1)
        self.both, self.fc = nn.Conv2d(12, 6, 1), nn.Linear(6, 2)

    def forward(self, x):
        return self.fc(self.both(torch.cat([self.left(x), self.right(x)], 1).relu()).mean((2, 3)))


def test_groups_that_are_concatenated_go_together_as_one_after_another(images):
    original = Compressed(Concatenated().eval(), example=images[0][0][:1])
    chosen = {target.name: target for target in targets(original, "channels")}
    assert {name: target.parameters for name, target in chosen.items()} == {
        "left": 4 * 3 + 4 + 6 * 4, "right": 8 * 3 + 8 + 6 * 8, "both": 6 * 12 + 6 + 2 * 6,
    }  # fmt: skip
    joint = changed(original, {chosen["left"]: 0.5, chosen["right"]: 0.75}).network
    full = deepcopy(original.network)
    for layer, gone in ((full.left, 2), (full.right, 6)):
        smallest = layer.weight.abs().flatten(1).sum(1).argsort()[:gone]
        layer.weight.data[smallest] = layer.bias.data[smallest] = 0
    shown = images[1][0][0]
    with torch.inference_mode():
        torch.testing.assert_close(joint(shown), full(shown), atol=1e-5, rtol=1e-4)
    assert (joint.left.out_channels, joint.right.out_channels, joint.both.in_channels) == (2, 2, 4)


def test_what_cannot_be_changed_is_a_sentence():
    alone = Compressed(nn.Sequential(nn.Flatten(), nn.Linear(12, 2)), example=torch.zeros(1, 3, 2, 2))
    for kind in ("channels", "stream-bits"):
        with pytest.raises(NotApplicable, match=r"no filters were found|no layers are added"):
            targets(alone, kind)
