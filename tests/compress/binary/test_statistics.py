import torch
from torch import nn

from bench.compress.binary.statistics import take_again


def test_statistics_become_those_of_the_images_and_nothing_else_changes(tiny, workbench):
    weights = {name: parameter.clone() for name, parameter in tiny.named_parameters()}
    with torch.no_grad():
        tiny.conv.weight.mul_(3.0)
        weights["conv.weight"].mul_(3.0)
    take_again(tiny, workbench, images=64)
    seen = tiny.conv(next(workbench.batches(64))[0])
    torch.testing.assert_close(tiny.bn.running_mean, seen.mean((0, 2, 3)).detach())
    torch.testing.assert_close(tiny.bn.running_var, seen.var((0, 2, 3)).detach(), rtol=1e-4, atol=1e-5)
    assert all(torch.equal(parameter, weights[name]) for name, parameter in tiny.named_parameters())
    assert not any(module.training for module in tiny.modules())
    assert tiny.bn.momentum == 0.1


def test_a_network_without_normalisation_stays(workbench):
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 4)).eval()
    before = network[1].weight.clone()
    take_again(network, workbench)
    assert torch.equal(network[1].weight, before)
