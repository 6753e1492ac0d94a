import torch

from bench.compress.methods.growing_reg import GrowingReg


def test_small_channels_become_smaller_before_they_go(compressed, workbench):
    settings = [{"base": 0.0}, {"base": 0.9}]
    plain, decayed = (GrowingReg(ratio=0, **chosen)(compressed, workbench).network for chosen in settings)
    norms = [one.block.conv1.weight.detach().square().sum((1, 2, 3)) for one in (plain, decayed)]
    smallest = int(norms[0].argmin())
    assert norms[1][smallest] < norms[0][smallest]
    assert not torch.equal(norms[0], norms[1])
    assert workbench.epochs_used == [2.0] * 4
