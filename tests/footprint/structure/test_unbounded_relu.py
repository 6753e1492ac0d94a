import pytest
import torch
from torch import nn

from bench.footprint.structure import rebuild


def network():
    return nn.Sequential(nn.ReLU6(inplace=True), nn.ReLU6(), nn.Identity())


def test_the_named_ones_lose_their_bound():
    step = {"kind": "unbounded-relu", "names": ["0"]}
    values = torch.tensor([-1.0, 5.0, 9.0])
    assert rebuild(network()[:1], [step])(values.clone()).tolist() == [0, 5, 9]
    changed = rebuild(network(), [step])
    assert changed(values).tolist() == [0, 5, 6]
    assert changed[0].inplace


@pytest.mark.parametrize("names", [["2"], ["0", "0"], ["5"]])
def test_others_are_refused(names):
    with pytest.raises(ValueError, match="does not fit the network"):
        rebuild(network(), [{"kind": "unbounded-relu", "names": names}])
