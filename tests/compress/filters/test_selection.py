import pytest
import torch
from torch import nn

from bench.compress.filters import selection, thinning
from bench.compress.filters.coupled import CoupledChannels
from bench.compress.filters.selection import ChannelRanking, kept_counts
from bench.compress.filters.widths import payload
from bench.compress.method import NotApplicable
from bench.footprint.compressed import Compressed
from bench.footprint.trace import trace
from bench.zoo.networks import build


def group(count, name, parts=1):
    return CoupledChannels(count, (4, 4), (name,), (), (), parts)


NETWORK = Compressed(
    nn.ModuleDict({"a": nn.Conv2d(1, 4, 3), "b": nn.Conv2d(4, 2, 3), "c": nn.Conv2d(2, 4, 1, groups=2)}),
)
A, B, C = group(4, "a.weight"), group(2, "b.weight"), group(4, "c.weight", parts=2)


def counts(groups, scores, most, **options):
    tensors = [torch.tensor(score, dtype=torch.float64) for score in scores]
    return kept_counts(NETWORK, groups, tensors, ranking=ChannelRanking(**{"least": 0, **options}), size=sum, most=most)


def test_all_channels_are_ranked_together():
    assert counts([A, B], [[1, 9, 2, 8], [3, 7]], 4, normalise="none") == [2, 2]
    assert counts([A, B], [[1, 9, 2, 8], [3, 7]], 3, normalise="none") == [2, 1]


def test_scores_are_divided_by_the_groups_mean_or_largest():
    scores = [[10, 90, 20, 80], [0.3, 0.7]]
    assert counts([A, B], scores, 5, normalise="none") == [4, 1]
    assert counts([A, B], scores, 5, normalise="mean") == [3, 2]  # 0.2 of the mean against 0.6
    assert counts([A, B], [[10, 90, 20, 80], [0.1, 2]], 5, normalise="max") == [4, 1]  # 0.11 against 0.05


def test_the_same_share_of_every_group():
    assert counts([A, B], [[9, 9, 9, 9], [0, 0]], 3, scope="layer") == [2, 1]
    assert counts([A, B], [[9, 9, 9, 9], [0, 0]], 5, scope="layer") == [3, 2]


def test_a_part_never_goes_alone():
    assert counts([C], [[5, 1, 2, 3]], 3) == [2]
    with pytest.raises(NotApplicable, match="still 2 large, and 1 are asked for"):
        counts([C], [[5, 1, 2, 3]], 1)


def test_of_equals_the_first_group_goes_first_and_the_first_channel_stays():
    assert counts([A, B], [[1] * 4, [1] * 2], 5, normalise="none") == [3, 2]
    assert thinning.largest(torch.ones(4), A, 3).tolist() == [0, 1, 2]


def test_a_tenth_stays():
    wide = group(40, "a.weight")
    assert counts([wide, B], [[0.0] * 40, [1, 1]], 6, least=0.1, normalise="none") == [4, 2]
    assert counts([wide, B], [[0.0] * 40, [1, 1]], 5, least=0.1, normalise="none") == [4, 1]
    with pytest.raises(NotApplicable, match="expected a lower ratio or a lower least"):
        counts([wide, B], [[0.0] * 40, [1, 1]], 4, least=0.1)


def test_what_remains_is_a_multiple():
    wide = group(20, "a.weight")
    assert counts([wide], [list(range(20))], 15, round_to=8) == [8]
    assert counts([wide], [list(range(20))], 20, round_to=8) == [20]


def test_groups_of_the_same_kinds_are_ranked_together():
    scores = [[1, 2, 3, 4], [9, 9, 9, 9], [0.1, 0.2, 0.3, 0.4]]
    kinds = [A, group(4, "b.weight"), group(4, "c.weight")]
    kept = counts(kinds, scores, 6, scope="isomorphic", normalise="none")
    assert kept == [1, 3, 2]  # half of the 3 × 3 convolutions' channels, by score, and half of the other's
    assert counts(kinds, scores, 6, normalise="none") == [1, 4, 1]


@pytest.mark.parametrize("target", ["channels", "parameters", "macs", "bytes"])
@pytest.mark.parametrize("model", ["resnet18", "mobilenetv2"])
def test_sizes_are_those_of_the_thinned_network(target, model):
    network = build.build(model, 3, 10, 32, 0).eval()
    compressed = Compressed(network, example=torch.zeros(1, 3, 32, 32))
    groups = thinning.prunable(compressed, (), "all")
    kept = [max(1, group.count * 2 // 3) for group in groups]
    size = selection.size_of(compressed, groups, target)
    thin = thinning.thinned(compressed, list(zip(groups, kept, strict=True)), thinning.largest_norms)
    truth = {
        "channels": lambda one: sum(group.count for group in thinning.prunable(one, (), "all")),
        "parameters": lambda one: sum(parameter.numel() for parameter in one.network.parameters()),
        "macs": lambda one: trace(one.network, one.example).macs,
        "bytes": payload,
    }[target]
    assert size(kept) == truth(thin)
    assert size([group.count for group in groups]) == truth(compressed)
