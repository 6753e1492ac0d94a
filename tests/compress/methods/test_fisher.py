import pytest
import torch
from torch import nn

from bench.compress.filters import thinning
from bench.compress.method import NotApplicable
from bench.compress.methods.fisher import Fisher
from bench.footprint.compressed import Compressed


def test_labels_are_drawn_from_the_cells_seed(tiny, compressed, workbench):
    groups = thinning.prunable(compressed, (), "all")
    first, again = (Fisher(images=8).score(tiny, groups, workbench) for _ in range(2))
    assert all(map(torch.equal, first, again))
    workbench.seed = 1
    assert not torch.equal(first[0], Fisher(images=8).score(tiny, groups, workbench)[0])


def test_an_output_that_is_no_row_of_logits_is_refused(workbench):
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Conv2d(4, 2, 1)).eval()
    with pytest.raises(NotApplicable, match="not one row per image"):
        Fisher()(Compressed(network, example=workbench.example), workbench)
