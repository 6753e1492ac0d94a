import pytest
import torch
from torch import nn

from bench.compress.method import NotApplicable
from bench.compress.methods.slimming import Slimming
from bench.footprint.compressed import Compressed


def test_the_smallest_scales_of_the_network_go(compressed, workbench):
    workbench.finetune = lambda network, **_: ()
    network = compressed.network
    with torch.no_grad():
        network.block.bn1.weight.copy_(torch.tensor([0.1, -0.9, 0.2, 0.8, 0.7, -0.05, 0.6, 0.5]))
        network.bn.weight.fill_(1.0)
        network.block.bn2.weight.fill_(0.3)  # 0.65 with the other that is added
    result = Slimming(ratio=4 / 16, target="channels")(compressed, workbench)
    assert torch.equal(result.network.block.bn1.weight, network.block.bn1.weight[[1, 3, 4, 6]])
    assert result.network.bn.num_features == 8


@pytest.mark.parametrize(("chosen", "epochs"), [(None, 2.0), (7, 7)])
def test_training_with_the_penalty_comes_first(chosen, epochs, compressed, workbench):
    Slimming(sparse_epochs=chosen)(compressed, workbench)
    assert workbench.epochs_used == [epochs, 2.0]
    assert Slimming(sparse_epochs=chosen).budget(2.0, 0).finetuned == epochs + 2.0


def test_the_penalty_makes_scales_smaller(compressed, workbench):
    weak, strong = (Slimming(ratio=0, strength=strength)(compressed, workbench).network for strength in (0.0, 0.3))
    sums = [sum(norm.weight.abs().sum().item() for norm in (one.bn, one.block.bn1)) for one in (weak, strong)]
    assert sums[1] < sums[0] - 0.1


def test_channels_without_a_scale_stay(compressed, workbench):
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1))
    given = Compressed(network.eval(), example=workbench.example)
    workbench.finetune = lambda network, **_: ()
    thin = Slimming(ratio=0.5, target="channels")(given, workbench).network
    assert (thin[0].out_channels, thin[2].out_channels) == (4, 2)
    with pytest.raises(NotApplicable, match="no batch normalisation with a scale"):
        Slimming()(Compressed(network[:3], example=workbench.example), workbench)
