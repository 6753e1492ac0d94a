"""What all methods share that prune channels by a score."""

import pytest
import torch
from torch import nn

from bench.compress import variant
from bench.compress.filters import thinning
from bench.compress.filters.selection import size_of
from bench.compress.method import NotApplicable
from bench.compress.methods.group_magnitude import GroupMagnitude
from bench.compress.methods.magnitude import Magnitude
from bench.footprint.compressed import Compressed
from bench.footprint.fold import finish
from bench.footprint.packed import pack, sizes

METHODS = ["group-magnitude", "taylor", "fisher", "fpgm", "hrank:images=64", "slimming", "group-norm", "growing-reg"]


def parameters(compressed):
    return sum(parameter.numel() for parameter in compressed.network.parameters())


@pytest.mark.parametrize("label", [*METHODS, "taylor:form=weight", "taylor:form=group"])
def test_half_of_the_parameters_go_and_the_file_gives_the_same_network(label, compressed, workbench, through_a_file):
    result = variant.parse(label).apply(compressed, workbench)
    through_a_file(result)
    assert parameters(result) <= parameters(compressed) / 2
    # one channel of the largest group more would have been too many
    largest = max(
        parameters(compressed) - size_of(compressed, [group], "parameters")([group.count - 1])
        for group in thinning.prunable(compressed, (), "all")
    )
    assert parameters(result) > parameters(compressed) / 2 - largest
    trainings = 2 if label in ("slimming", "group-norm", "growing-reg") else 1
    assert workbench.epochs_used == [workbench.epochs] * trainings
    budget = variant.parse(label).budget(workbench.epochs, 0)
    assert budget.finetuned == sum(workbench.epochs_used)


@pytest.mark.parametrize("target", ["channels", "parameters", "macs", "bytes"])
def test_the_target_is_met_within_one_channel(target, compressed, workbench):
    groups = thinning.prunable(compressed, (), "all")
    size = size_of(compressed, groups, target)
    full = size([group.count for group in groups])
    result = GroupMagnitude(ratio=0.4, target=target)(compressed, workbench)
    kept = [group.count for group in thinning.prunable(result, (), "all")]
    assert size(kept) <= 0.6 * full
    more = [size([*kept[:at], kept[at] + 1, *kept[at + 1 :]]) for at in range(len(kept))]
    assert max(more) > 0.6 * full


def test_nothing_goes_at_a_ratio_of_zero(compressed, workbench):
    workbench.finetune = lambda network, **_: ()
    result = GroupMagnitude(ratio=0)(compressed, workbench)
    before = compressed.network.state_dict()
    assert all(torch.equal(before[name], tensor) for name, tensor in result.network.state_dict().items())


def test_rounds_reach_the_same_target_in_shares_of_the_epochs(compressed, workbench, through_a_file):
    result = GroupMagnitude(ratio=0.5, rounds=4)(compressed, workbench)
    through_a_file(result)
    assert workbench.epochs_used == [workbench.epochs / 4] * 4
    assert 0.4 < parameters(result) / parameters(compressed) <= 0.5
    assert len(result.history) == 4


def test_at_least_so_much_of_each_group_stays_over_all_rounds(compressed, workbench):
    result = GroupMagnitude(ratio=0.4, rounds=4, least=0.75, target="channels", channels="inside")
    with pytest.raises(NotApplicable, match="lower ratio or a lower least"):
        result(compressed, workbench)
    kept = GroupMagnitude(ratio=0.25, rounds=4, least=0.75, target="channels")(compressed, workbench)
    assert [group.count for group in thinning.prunable(kept, (), "all")] == [6, 6]


def test_inside_leaves_the_stream(compressed, workbench):
    result = GroupMagnitude(ratio=0.3, channels="inside")(compressed, workbench)
    assert result.network.conv.out_channels == 8 > result.network.block.conv1.out_channels
    assert GroupMagnitude(ratio=0.3, skip=("conv",))(compressed, workbench).network.conv.out_channels == 8


def test_weights_pruned_before_stay_zero(compressed, workbench, through_a_file):
    pruned = Magnitude(0.5)(compressed, workbench)
    result = variant.parse("group-norm:ratio=0.3").apply(pruned, workbench)
    for name, mask in result.masks.items():
        assert not result.network.get_parameter(name)[~mask].any()
    through_a_file(result)


def test_equal_scores_choose_the_same(compressed, workbench):
    with torch.no_grad():
        for parameter in compressed.network.parameters():
            parameter.fill_(0.5)
    result = GroupMagnitude(ratio=0.5, target="channels", scope="layer")(compressed, workbench)
    kept = [group["kept"] for group in result.structure[-1]["groups"]]
    assert kept == [[0, 1, 2, 3], [0, 1, 2, 3]]


def widths(result):
    return [layer.out_channels for layer in result.network if isinstance(layer, nn.Conv2d)]


def chain(*outputs, inputs=3):
    layers = []
    for count in outputs:
        layers += [nn.Conv2d(inputs, count, 3, padding=1), nn.ReLU()]
        inputs = count
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(inputs * 64, 4)).eval()


@pytest.mark.parametrize("scope", ["global", "layer", "isomorphic"])
@pytest.mark.parametrize(("ratio", "left"), [(0.8, 4), (0.9, 2), (0.7, 6), (0.4, 12), (0.1, 18)])
def test_a_share_of_the_channels_is_not_one_more_by_rounding(ratio, left, scope, workbench):
    compressed = Compressed(chain(10, 10), example=workbench.example)
    settings = {"ratio": ratio, "target": "channels", "scope": scope}
    assert sum(widths(GroupMagnitude(**settings, least=0)(compressed, workbench))) == left
    if scope == "layer":
        assert sum(widths(GroupMagnitude(**settings)(compressed, workbench))) == left


@pytest.mark.parametrize("rounds", [1, 2, 3, 4, 12])
@pytest.mark.parametrize(("outputs", "left"), [((2, 2, 2, 2, 2, 2, 12), 12), ((2, 10), 6)])
def test_groups_of_one_channel_count_in_later_rounds(outputs, left, rounds, workbench):
    compressed = Compressed(chain(*outputs), example=workbench.example)
    result = GroupMagnitude(ratio=0.5, target="channels", rounds=rounds, least=0)(compressed, workbench)
    assert sum(widths(result)) == left


def test_what_no_round_can_reach_is_refused_before_training(compressed, workbench):
    for rounds in (1, 3):
        with pytest.raises(NotApplicable, match="it is still"):
            GroupMagnitude(ratio=0.9, least=0.5, rounds=rounds)(compressed, workbench)
    with pytest.raises(NotApplicable, match="it is still"):
        variant.parse("slimming:ratio=0.9,least=0.5").apply(compressed, workbench)
    assert workbench.finetuned == 0


def test_bytes_are_those_of_the_channels_that_stay(workbench):
    compressed = Compressed(chain(32, 32), example=workbench.example)
    pruned = Magnitude(0.6)(compressed, workbench)
    # the best channels keep most of the weights that are not zero
    result = GroupMagnitude(ratio=0.5, target="bytes", least=0.05)(pruned, workbench)
    before, after = (sizes(pack(finish(one), {})).payload_bytes for one in (pruned, result))
    assert 0.42 * before < after <= 0.5 * before


@pytest.mark.parametrize("label", ["slimming", "growing-reg", "group-norm:target=channels", "taylor:rounds=3"])
def test_a_payload_is_met_whatever_training_makes_of_the_scores(label, compressed, workbench):
    finetune = workbench.finetune

    def other(network, **options):
        history = finetune(network, **options)
        with torch.no_grad():  # other channels are the best then
            network.block.bn1.weight.copy_(torch.linspace(0.01, 3, 8))
        return history

    workbench.finetune = lambda network, **options: (
        other(network, **options) if network.block.bn1.weight.numel() == 8 else finetune(network, **options)
    )
    asked = 4000
    name, _, settings = label.partition(":")
    result = variant.parse(f"{name}:bytes={asked}{settings and ','}{settings}").apply(compressed, workbench)
    assert 0.75 * asked < sizes(pack(finish(result), {})).payload_bytes <= asked
