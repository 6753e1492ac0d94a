import pytest
from torch import nn

from bench.compress.method import NotApplicable
from bench.compress.methods.magnitude import Magnitude
from bench.compress.methods.svd import Svd


def test_the_same_network_comes_from_the_file(compressed, workbench, through_a_file):
    result = Svd(0.75)(compressed, workbench)
    network = through_a_file(result)
    assert network.block.conv2.expand.weight.shape == (8, 6, 1, 1)
    assert isinstance(network.fc, nn.Linear)  # its factors would be larger


def test_what_was_pruned_is_refused(compressed, workbench):
    with pytest.raises(NotApplicable, match="pruned one by one"):
        Svd()(Magnitude(0.5)(compressed, workbench), workbench)
