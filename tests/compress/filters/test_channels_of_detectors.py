"""Channels that detectors couple: the pyramid's go to the proposals and, through pooled regions, to both heads."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.ops import roi_align

from bench.compress.filters.channels import channels
from bench.compress.filters.coupled import take
from bench.zoo.networks.build import build

FPN = "backbone.fpn"


def mask_rcnn(classes):
    """A network in float64 whose normalisation has something to say."""
    torch.manual_seed(1)
    network = build("maskrcnn-resnet18", 3, classes, 64, seed=0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, 0, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
    return network.double()


def groups_of(network):
    return channels(network, torch.zeros(1, 3, 64, 64, dtype=torch.float64))


@pytest.fixture(scope="module")
def network():
    return mask_rcnn(5)


def readers(groups, writer):
    (group,) = (group for group in groups if f"{writer}.weight" in group.writers)
    return set(group.writers), {(reader.weight.removesuffix(".weight"), reader.factor) for reader in group.readers}


@pytest.mark.parametrize("classes", [5, 91])
def test_groups_are_those_of_the_authors_of_pqf(classes):
    # with 91 classes random weights give no score above the threshold, and the mask head sees no region
    groups = groups_of(mask_rcnn(classes))
    inner = {f"{FPN}.inner_blocks.{n}.0.weight" for n in range(4)}
    layer = {f"{FPN}.layer_blocks.{n}.0.weight" for n in range(4)}
    assert readers(groups, f"{FPN}.inner_blocks.0.0") == (inner, {(f"{FPN}.layer_blocks.{n}.0", 1) for n in range(4)})
    heads = {("rpn.head.conv.0.0", 1), ("roi_heads.box_head.fc6", 49), ("roi_heads.mask_head.0.0", 1)}
    assert readers(groups, f"{FPN}.layer_blocks.0.0") == (layer, heads)
    assert readers(groups, "rpn.head.conv.0.0")[1] == {("rpn.head.cls_logits", 1), ("rpn.head.bbox_pred", 1)}
    predictors = {("roi_heads.box_predictor.cls_score", 1), ("roi_heads.box_predictor.bbox_pred", 1)}
    assert readers(groups, "roi_heads.box_head.fc7")[1] == predictors
    assert readers(groups, "roi_heads.box_head.fc6")[1] == {("roi_heads.box_head.fc7", 1)}
    assert readers(groups, "roi_heads.mask_head.2.0")[1] == {("roi_heads.mask_head.3.0", 1)}
    # what the deconvolution reads, and what the predictors give, is left as it is
    written = {name for group in groups for name in group.writers}
    left = ("mask_head.3.0", "mask_predictor", "box_predictor", "cls_logits", "bbox_pred")
    assert not [name for name in written if any(part in name for part in left)]


def permuted(network, *, wrongly=False):
    random, changed = np.random.default_rng(0), deepcopy(network)
    state = changed.state_dict()
    for group in groups_of(network):
        for name, tensor in take(changed, group, torch.from_numpy(random.permutation(group.count))).items():
            if not (wrongly and name == "roi_heads.box_head.fc6.weight"):
                state[name].copy_(tensor)
    return changed


def test_permuting_every_group_changes_detections_by_rounding_alone(network):
    images = [torch.rand(3, 70, 90, dtype=torch.float64, generator=torch.Generator().manual_seed(0))]
    with torch.no_grad():
        (before,), (after,), (wrong,) = (
            one(images) for one in (network, permuted(network), permuted(network, wrongly=True))
        )
    assert len(before["scores"]) == 100
    assert torch.equal(before["labels"], after["labels"])
    for name in ("boxes", "scores", "masks"):
        torch.testing.assert_close(after[name], before[name], rtol=0, atol=1e-10)
    assert wrong["scores"].shape != before["scores"].shape or (wrong["scores"] - before["scores"]).abs().max() > 1e-4


class Regions(nn.Module):
    """Regions of maps, put together by `gather`."""

    def __init__(self, gather):
        super().__init__()
        self.first, self.second, self.gather = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 1), gather

    def forward(self, x):
        maps = self.first(x)
        corners = torch.zeros(3, 5) + x.mean() * 0
        pooled = roi_align(maps, corners + torch.tensor([0.0, 0, 0, 4, 4]), 2)
        places = (corners[:, 0] == 0).nonzero()[:, 0]
        return self.second(self.gather(pooled, places)).mean((1, 2, 3))


def into_zeros(pooled, places):
    gathered = torch.zeros(3, 8, 2, 2)
    gathered[places] = pooled
    return gathered


def numbers_beside(pooled, places):
    """Single numbers are put to places too, as proposals' scores are."""
    scores = torch.zeros(3)
    scores[places] = places.float()
    scores[places] = 1.0
    return into_zeros(pooled, places)


def into_constants(pooled, places):
    """An entry per channel that could not be moved with it."""
    gathered = torch.zeros(3, 8, 2, 2)
    gathered[:, 2] = 1
    gathered[places] = pooled
    return gathered


def into_channels(pooled, places):
    gathered = torch.zeros(3, 8, 2, 2)
    gathered[:, places] = pooled[:, :3]
    return gathered


@pytest.mark.parametrize(
    ("gather", "count"), [(into_zeros, 1), (numbers_beside, 1), (into_constants, 0), (into_channels, 0)]
)
def test_regions_are_followed_where_nothing_else_lies_among_them(gather, count):
    assert len(channels(Regions(gather), torch.zeros(1, 3, 8, 8))) == count
