from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import nn

from bench.footprint.structure import rebuild, thin_channels
from bench.footprint.structure.affine_batchnorm import Affine
from bench.zoo.layers.residual import SubsampleAndPad


def _network(width: int, groups: int = 1, classes: int = 5) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, width, 3),
        nn.BatchNorm2d(width),
        nn.Conv2d(width, width, 3, groups=width, bias=False),
        Affine(width),
        nn.Conv2d(width, 8, 1, groups=groups),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, classes),
    )


def test_a_thin_network_is_made_from_a_wide_one():
    thin = _network(4)
    step = thin_channels.step(_network(6), thin)
    assert step["sizes"]["2"] == {"in": 4, "out": 4, "groups": 4}
    assert step["sizes"].keys() == {"0", "1", "2", "3", "4"}
    rebuilt = rebuild(_network(6), [step])
    rebuilt.load_state_dict(thin.state_dict())
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(rebuilt.eval()(x), thin.eval()(x))
    assert repr(rebuilt) == repr(thin)


def test_transposed_and_grouped_convolutions():
    wide, thin = nn.ConvTranspose2d(6, 9, 2, groups=3), nn.ConvTranspose2d(4, 6, 2, groups=2)
    rebuilt = rebuild(wide, [thin_channels.step(deepcopy(wide), thin)])
    rebuilt.load_state_dict(thin.state_dict())
    x = torch.randn(1, 4, 5, 5)
    assert torch.equal(rebuilt(x), thin(x))


@pytest.mark.parametrize(
    ("sizes", "problem"),
    [
        ({"0": {"in": 3, "out": 7, "groups": 1}}, "0 cannot go"),
        ({"0": {"in": 3, "out": 0, "groups": 1}}, "0 cannot go"),
        ({"0": {"in": 3, "out": 2.0, "groups": 1}}, "0 cannot go"),
        ({"0": {"in": 3, "out": 2}}, "0 has in, out, groups, not in, out"),
        ({"2": {"in": 4, "out": 4, "groups": 3}}, "4 and 4 channels do not fall into 3 groups"),
        ({"5": {"out": 1}}, "5 has no channels"),
        ({"9": {"out": 1}}, "does not fit the network"),
    ],
)
def test_what_does_not_fit_is_refused(sizes, problem):
    with pytest.raises(ValueError, match=problem):
        rebuild(_network(6), [{"kind": "thin-channels", "sizes": sizes}])


def test_zeros_that_a_shortcut_fills_in():
    wide, thin = nn.Sequential(SubsampleAndPad(2, 16)), nn.Sequential(SubsampleAndPad(2, 5))
    step = thin_channels.step(wide, thin)
    assert step["sizes"] == {"0": {"new": 5}}
    assert rebuild(wide, [step])(torch.ones(1, 3, 4, 4)).shape == (1, 8, 2, 2)
    none = rebuild(nn.Sequential(SubsampleAndPad(2, 5)), [{**step, "sizes": {"0": {"new": 0}}}])
    assert none(torch.ones(1, 3, 4, 4)).shape == (1, 3, 2, 2)
    with pytest.raises(ValueError, match="cannot go from"):
        rebuild(thin, [{**step, "sizes": {"0": {"new": 6}}}])
