import torch
from torch import nn

from bench.compress.normalization.running_statistics import take_again


def images(workbench, count=64):
    return [batch for batch, _ in workbench.batches(count)]


def test_statistics_become_those_of_the_images_and_nothing_else_changes(tiny, workbench):
    weights = {name: parameter.clone() for name, parameter in tiny.named_parameters()}
    with torch.no_grad():
        tiny.conv.weight.mul_(3.0)
        weights["conv.weight"].mul_(3.0)
    take_again(tiny, images(workbench))
    seen = tiny.conv(images(workbench)[0])
    torch.testing.assert_close(tiny.bn.running_mean, seen.mean((0, 2, 3)).detach())
    torch.testing.assert_close(tiny.bn.running_var, seen.var((0, 2, 3)).detach(), rtol=1e-4, atol=1e-5)
    assert all(torch.equal(parameter, weights[name]) for name, parameter in tiny.named_parameters())
    assert not any(module.training for module in tiny.modules())
    assert tiny.bn.momentum == 0.1


def test_every_batch_counts_alike():
    norm = nn.BatchNorm1d(1).eval()
    take_again(norm, [torch.tensor([[0.0], [2.0]]), torch.tensor([[4.0], [8.0]])])
    assert (norm.running_mean.item(), norm.running_var.item()) == (3.5, 5.0)  # of 1 and 6; of 2 and 8


def test_dropout_stays_off():
    network = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(1)).eval()
    take_again(network, [torch.ones(100, 1)])
    assert network[1].running_mean.item() == 1


def test_a_network_without_normalisation_stays(workbench):
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 4)).eval()
    before = network[1].weight.clone()
    take_again(network, images(workbench))
    assert torch.equal(network[1].weight, before)
