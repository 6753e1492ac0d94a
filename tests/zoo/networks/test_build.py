"""Networks by name, fresh from a seed."""

from __future__ import annotations

import sys
import textwrap

import pytest
import torch
from torch import nn

from bench.errors import InputError
from bench.zoo.networks.build import build

MODULE = """
from torch import nn

LIMIT = 3


def linear(channels, classes, size):
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * size * size, classes))


def pooled(classes):
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LazyLinear(classes))


def anything(**given):
    return linear(**given)


def with_default(classes, width=4):
    return nn.Sequential(nn.Conv2d(1, width, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


def wide(channels, width):
    return nn.Identity()


def table(classes):
    return {"classes": classes}


def too_many(classes):
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, classes + 1))
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A folder with networks of the user's own, as the current one."""
    (tmp_path / "own_networks.py").write_text(textwrap.dedent(MODULE))
    (tmp_path / "own_package").mkdir()
    (tmp_path / "own_package" / "__init__.py").touch()
    (tmp_path / "own_package" / "networks.py").write_text(textwrap.dedent(MODULE))
    monkeypatch.chdir(tmp_path)
    yield
    for name in ("own_networks", "own_package.networks", "own_package"):
        sys.modules.pop(name, None)


def state(network: nn.Module) -> list[bytes]:
    return [tensor.numpy().tobytes() for tensor in network.state_dict().values()]


@pytest.mark.parametrize("name", ["resnet8", "mobilenet-small", "torchvision:squeezenet1_1"])
def test_the_seed_alone_decides(name):
    size = 64 if ":" in name else 8
    assert state(build(name, 3, 10, size, seed=1)) == state(build(name, 3, 10, size, seed=1))
    assert state(build(name, 3, 10, size, seed=1)) != state(build(name, 3, 10, size, seed=2))


def test_the_global_random_state_neither_decides_nor_changes():
    torch.manual_seed(5)
    first = build("resnet8", 1, 10, 8, seed=0)
    drawn = torch.rand(3)
    torch.manual_seed(5)
    assert torch.equal(torch.rand(3), drawn)
    assert state(build("resnet8", 1, 10, 8, seed=0)) == state(first)


def test_networks_are_in_eval_mode():
    assert not any(module.training for module in build("resnet8", 1, 10, 8, seed=0).modules())


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(InputError, match="unknown model 'resnet21': did you mean 'resnet20'"):
        build("resnet21", 3, 10, 32, seed=0)


def test_torchvision_by_name():
    network = build("torchvision:resnet18", 3, 7, 64, seed=0)
    assert type(network).__name__ == "ResNet"
    assert network.fc.out_features == 7


def test_torchvision_without_auxiliary_classifiers():
    network = build("torchvision:googlenet", 3, 10, 64, seed=0)
    assert isinstance(network.train()(torch.zeros(2, 3, 64, 64)), torch.Tensor)


def test_a_detector_of_torchvision():
    network = build("torchvision:fasterrcnn_mobilenet_v3_large_320_fpn", 3, 5, 64, seed=0)
    assert network.roi_heads.box_predictor.cls_score.out_features == 5


@pytest.mark.parametrize(
    ("name", "channels", "size", "sentence"),
    [
        ("torchvision:resnte18", 3, 64, "did you mean 'resnet18'"),
        ("torchvision:fcn_resnet50", 3, 64, "torchvision has no 'fcn_resnet50'"),
        ("torchvision:resnet18", 1, 64, "takes images of 3 channels, given 1"),
        ("torchvision:alexnet", 3, 32, "does not take an image of 3×32×32"),
    ],
)
def test_what_torchvision_cannot_do_is_refused(name, channels, size, sentence):
    with pytest.raises(InputError, match=sentence):
        build(name, channels, 10, size, seed=0)


@pytest.mark.parametrize(
    "name",
    [
        "own_networks:linear",
        "own_networks:pooled",
        "own_networks:anything",
        "own_networks:with_default",
        "own_package.networks:linear",
    ],
)
def test_networks_of_ones_own(own, name):
    network = build(name, 1, 6, 8, seed=0)
    assert network(torch.zeros(2, 1, 8, 8)).shape == (2, 6)
    assert state(network) == state(build(name, 1, 6, 8, seed=0))


def test_the_search_path_stays_as_it_was(own):
    before = list(sys.path)
    build("own_networks:linear", 1, 6, 8, seed=0)
    assert sys.path == before


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nowhere_to_be_found:build", "no module 'nowhere_to_be_found'"),
        ("own_package.nowhere:build", "no module 'own_package.nowhere'"),
        ("own_networks:linaer", "no function 'linaer', did you mean 'linear'"),
        ("own_networks:LIMIT", "no function 'LIMIT'"),
        ("own_networks:wide", "needs 'width'"),
        ("own_networks:table", "must return a torch.nn.Module, it returned a dict"),
        ("own_networks:too_many", r"must give logits of shape \(1, 10\).*gave \(1, 11\)"),
        ("own networks:linear", "named package.module:function"),
        ("own_networks:", "named package.module:function"),
    ],
)
def test_what_cannot_be_used_of_ones_own_is_one_sentence(own, name, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        build(name, 1, 10, 8, seed=0)
    assert len(caught.value.problems) == 1
    assert "\n" not in caught.value.problems[0]


BROUGHT = """
import torch
from torch import nn

def plain(channels, classes, size):
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * size * size, classes))

def parallel(channels, classes, size):
    return nn.DataParallel(plain(channels, classes, size))

def compiled(channels, classes, size):
    return torch.compile(plain(channels, classes, size))

def half(channels, classes, size):
    return plain(channels, classes, size).half()

def double(channels, classes, size):
    return plain(channels, classes, size).double()

def lazy(channels, classes, size):
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(classes))

def scripted(channels, classes, size):
    return torch.jit.script(plain(channels, classes, size))

def empty(channels, classes, size):
    return plain(channels, classes, size).to("meta")
"""


@pytest.mark.filterwarnings("ignore")
def test_networks_come_out_of_their_wrappers_in_float32(tmp_path, monkeypatch):
    (tmp_path / "brought_networks.py").write_text(BROUGHT)
    monkeypatch.chdir(tmp_path)
    for name in ("plain", "parallel", "compiled", "half", "double", "lazy"):
        state = build(f"brought_networks:{name}", 1, 3, 4, seed=0).state_dict()
        assert {key: tensor.dtype for key, tensor in state.items()} == {
            "1.weight": torch.float32,
            "1.bias": torch.float32,
        }
    for name, reason in (("scripted", "is TorchScript"), ("empty", "is on the meta device")):
        with pytest.raises(InputError, match=f"model 'brought_networks:{name}': .*{reason}"):
            build(f"brought_networks:{name}", 1, 3, 4, seed=0)
