"""A network that calls one activation twice, through the command line."""

import io
import json

import numpy as np
import pytest

NETWORK = """
from torch import nn
from torch.nn import functional as F

class Network(nn.Module):
    block_names = ["relu#1", "relu#2", "norm"]

    def __init__(self, channels, classes):
        super().__init__()
        self.first, self.second = nn.Conv2d(channels, 8, 3, padding=1), nn.Conv2d(8, 12, 3, padding=1)
        self.third, self.norm = nn.Conv2d(12, 16, 3, padding=1), nn.BatchNorm2d(16)
        self.relu, self.fc = nn.ReLU(inplace=True), nn.Linear(16, classes)

    def forward(self, x):
        x = self.relu(self.second(F.max_pool2d(self.relu(self.first(x)), 2)))
        return self.fc(F.relu(self.norm(self.third(x)), inplace=True).mean((2, 3)))

def network(channels, classes):
    return Network(channels, classes)
"""
PROFILE = """
title = "Calls"
seeds = [0]
features = ["pooled"]

[data]
source = "digits"
probe = 32

[training]
epochs = 1

[[models]]
name = "calling:network"

[[methods]]
name = "li"

[[methods]]
name = "nncf-int8-ptq"

[[diagnostics]]
name = "activation-statistics"

[[diagnostics]]
name = "conductance"
images = 4
"""


def test_each_call_is_a_block_of_its_own(bench):
    (bench.folder / "calling.py").write_text(NETWORK)
    bench.profile.write_text(PROFILE)
    ran = bench.run()
    assert ran.code == 0, ran.errors
    results = bench.results()
    compared = [np.load(io.BytesIO(data)) for name, data in results.items() if name.endswith("similarity.npz")]
    looked = [np.load(io.BytesIO(data)) for name, data in results.items() if name.endswith("arrays.npz")]
    assert len(compared) > 2 and len(looked) > 4
    assert all(arrays["layers"].tolist() == ["relu#1", "relu#2", "norm"] for arrays in [*compared, *looked])
    # calls of different width: neither stacked nor the last of them twice
    widths = {tuple(arrays["width.original"]) for arrays in looked if "width.original" in arrays}
    assert widths == {(8.0, 12.0, 16.0)}


@pytest.mark.slow
def test_a_name_that_says_no_single_call_fails_in_a_sentence(bench):
    (bench.folder / "calling.py").write_text(NETWORK.replace('"relu#1", "relu#2"', '"relu"'))
    bench.profile.write_text(PROFILE)
    assert bench.run().code != 0
    errors = [json.loads(data) for name, data in bench.results().items() if name.endswith("error.json")]
    assert errors and all("calls relu 2 times, with as many outputs" in json.dumps(error) for error in errors)
