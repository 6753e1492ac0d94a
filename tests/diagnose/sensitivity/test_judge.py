"""Tasks whose networks give losses in training mode alone, as detectors do."""

import numpy as np
import pytest
import torch
from torch import nn

from bench.data.image_set import Split
from bench.diagnose.sensitivity.judge import Judge
from bench.task.classification import Classification


class Losses(Classification):
    """Answers are classes; losses are the network's own."""

    def forward(self, network, images, targets):
        return network(images, targets)

    def loss(self, outputs, targets, *, label_smoothing=0.0):
        return sum(outputs.values())


class GivesLosses(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5))
        self.fc = nn.Linear(4, 3)

    def forward(self, images, targets=None):
        logits = self.fc(self.block(images).mean((2, 3)))
        if not self.training:
            return logits
        return {"drawn": torch.rand(()), "class": nn.functional.cross_entropy(logits, targets)}


def test_losses_of_training_mode_are_taken_with_running_statistics_and_without_dropout():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = GivesLosses().eval()
        images, labels = torch.randn(8, 1, 6, 6), torch.arange(8) % 3
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    state = torch.get_rng_state()
    split = Split(np.zeros((8, 1, 6, 6), np.uint8), labels.numpy())
    judged = Judge(network, [(images, labels)], split, Losses(), "block")(network)
    with torch.no_grad():
        expected = nn.functional.cross_entropy(network(images), labels)
    assert 0 <= judged.loss - float(expected) < 1  # what it draws
    assert Judge(network, [(images, labels)], split, Losses(), "block")(network) == judged
    assert torch.equal(torch.get_rng_state(), state)
    assert not network.training
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    plain = Judge(network, [(images, labels)], split, Classification(), "block")(network)
    assert plain.loss == pytest.approx(float(expected))
    assert plain.accuracy == judged.accuracy
