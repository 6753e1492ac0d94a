import pytest
from torch import nn

from bench.cli import _sizes
from bench.compress.method import NotApplicable
from bench.compress.methods.pca import Pca
from bench.compress.variant import parse
from bench.compress.without_data import Subject
from bench.footprint.compressed import Compressed


@pytest.mark.parametrize("settings", [{}, {"hessian": True}, {"rounds": 3}])
def test_the_same_network_comes_from_the_file(settings, compressed, workbench, through_a_file):
    result = Pca(rank=0.4, **settings)(compressed, workbench)
    network = through_a_file(result)
    assert network.block.conv1.reduce.out_channels == 3
    assert workbench.finetuned == settings.get("rounds", 1)
    assert len(result.history) == workbench.finetuned


def test_nearly_full_rank_changes_little(compressed, workbench):
    workbench.finetune = lambda network, **_: ()
    images = next(workbench.batches(16))[0]
    distances = [
        float((Pca(rank)(compressed, workbench).network(images) - compressed.network(images)).norm().detach())
        for rank in (0.2, 0.4, 0.75)
    ]
    assert distances == sorted(distances, reverse=True)


def test_resnet18_at_half_rank_has_the_parameters_of_the_formula():
    report = _sizes.footprint(Subject("torchvision:resnet18", parse("pca:images=1")))
    assert report["macs"] == pytest.approx(1.146e9, rel=1e-3)
    folded = 64 + 4 * 128 + 256 * 4 + 512 * 4  # biases of factors and folded normalisation share a place
    assert report["parameters"] < 7_499_624 < report["parameters"] + 2 * 4800 + folded


def test_what_cannot_get_smaller_is_refused(workbench):
    grouped = nn.Sequential(nn.Conv2d(3, 6, 3, groups=3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(NotApplicable, match="no layer of it is larger"):
        Pca()(Compressed(grouped, example=workbench.example), workbench)
