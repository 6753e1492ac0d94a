import numpy as np
import pytest
import torch

from bench.compress.method import NotApplicable
from bench.compress.methods.deep_compression import DeepCompression
from bench.compress.methods.magnitude import Magnitude
from bench.compress.pruning.masking import prunable
from bench.footprint.compressed import Compressed
from bench.footprint.representation import Codebook


def test_zeros_stay_and_every_weight_is_one_of_the_shared_values(compressed, workbench, through_a_file):
    earlier = Magnitude(0.5)(compressed, workbench)
    result = DeepCompression(0.8, convolution_bits=4, linear_bits=2)(earlier, workbench)
    network = through_a_file(result)
    assert workbench.finetuned == 2
    assert result.entropy_coding
    for name, weight in prunable(network).items():
        stored = result.representations[name]
        assert isinstance(stored, Codebook)
        assert stored.sparse
        assert not weight[~result.masks[name]].any()
        assert len(np.unique(weight.detach().numpy())) <= (16 if weight.ndim > 2 else 4)


def test_layers_with_one_weight_are_refused(workbench):
    layers = [torch.nn.Conv2d(3, 8, 3, padding=1), torch.nn.ReLU(), *(torch.nn.Conv2d(8, 8, 3) for _ in range(2))]
    network = torch.nn.Sequential(*layers, torch.nn.Flatten(), torch.nn.Linear(128, 10)).eval()
    network[3].weight = network[2].weight
    with pytest.raises(NotApplicable, match=r"2\.weight and 3\.weight are one tensor"):
        DeepCompression()(Compressed(network, example=torch.zeros(1, 3, 8, 8)), workbench)
