"""Names and forms under which training scripts save weights."""

from __future__ import annotations

import io

import pytest
import safetensors.torch
import torch
from torch import nn
from torch.nn.utils import prune
from torchvision import models

from bench.errors import InputError
from bench.zoo.networks.checkpoint import load_bytes
from bench.zoo.networks.reparametrisation import baked


class Nested(nn.Module):
    """Has an attribute that DataParallel's prefix is called like."""

    def __init__(self):
        super().__init__()
        self.module = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU())
        self.head = nn.Linear(3, 2)

    def forward(self, images):
        return self.head(self.module(images).mean((2, 3)))


def plain() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 2))


def saved(content: object) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def prefixed(state: dict, prefix: str) -> dict:
    return {prefix + name: tensor for name, tensor in state.items()}


def loads(content: object, trained: nn.Module, fresh: nn.Module) -> bool:
    load_bytes(fresh, saved(content), "f")
    expected, state = trained.state_dict(), fresh.state_dict()
    return all(torch.equal(state[name], tensor) for name, tensor in expected.items())


PREFIXES = ["_orig_mod.", "module.", "module.module.", "model.", "_orig_mod.module.", "net.model."]
KEYS = ["net", "model_state", "weights", "params", "network", "ema", "state_dict_ema", "whatever"]


@pytest.mark.parametrize("make", [plain, Nested])
@pytest.mark.parametrize("key", KEYS)
def test_weights_are_found_under_any_name_once_and_twice_nested(make, key):
    trained = make()
    state = trained.state_dict()
    assert loads({key: state, "epoch": 3, "optimizer": {"state": {0: {"step": torch.ones(1)}}}}, trained, make())
    assert loads({"checkpoint": {key: state, "acc": torch.tensor(0.9)}}, trained, make())


@pytest.mark.parametrize("make", [plain, Nested])
@pytest.mark.parametrize(
    "prefix", ["_orig_mod.", "module.", "module.module.", "model.", "_orig_mod.module.", "net.model."]
)
def test_prefixes_of_wrappers_are_cut_where_the_network_has_no_such_attribute(make, prefix):
    trained = make()
    assert loads({"state_dict": prefixed(trained.state_dict(), prefix)}, trained, make())


def test_a_network_that_is_wrapped_itself_takes_plain_weights():
    trained = plain()
    fresh = nn.DataParallel(plain())
    load_bytes(fresh, saved(trained.state_dict()), "f")
    assert torch.equal(fresh.module[0].weight, trained[0].weight)


def test_parts_that_were_compiled_alone():
    trained = plain()
    state = {name.replace("0.", "0._orig_mod."): tensor for name, tensor in trained.state_dict().items()}
    assert loads(state, trained, plain())


def test_averages_of_weights():
    trained = plain()
    assert loads(torch.optim.swa_utils.AveragedModel(trained).state_dict(), trained, plain())
    other = plain().state_dict()
    assert loads({"state_dict_ema": other, "state_dict": trained.state_dict()}, trained, plain())
    both = {**prefixed(trained.state_dict(), "model."), **prefixed(other, "ema_model.module.")}
    assert loads({"state_dict": both}, trained, plain())


def test_what_training_kept_beside_the_network_is_left_out_and_other_tensors_are_named():
    trained = plain()
    state = prefixed(trained.state_dict(), "model.")
    assert loads({"state_dict": {**state, "criterion.weight": torch.ones(2)}}, trained, plain())
    counts = {"total_ops": torch.ones(1), "0.total_params": torch.ones(1)}  # what thop leaves in buffers
    assert loads({**state, **counts}, trained, plain())
    with pytest.raises(InputError, match=r"1 unexpected \(head\.weight 2\)"):
        loads({"state_dict": {**state, "head.weight": torch.ones(2)}}, trained, plain())


@pytest.mark.parametrize("pair", [list, tuple])
def test_a_network_saved_beside_its_optimizer_in_a_list(pair):
    trained = plain()
    optimizer = {"state": {0: {"momentum_buffer": torch.ones(3)}}, "param_groups": [{"lr": 0.1}]}
    assert loads(pair([{"epoch": 3}, trained.state_dict(), optimizer]), trained, plain())
    assert loads({"models": pair([trained.state_dict()])}, trained, plain())


@pytest.mark.parametrize(("name", "head"), [("googlenet", "aux1"), ("inception_v3", "AuxLogits")])
def test_auxiliary_heads_that_the_network_was_built_without(name, head):
    fresh = models.get_model(name, weights=None, aux_logits=False, init_weights=False, num_classes=2)
    state = {**fresh.state_dict(), f"{head}.conv.weight": torch.ones(2)}
    assert loads(state, fresh, fresh)
    with pytest.raises(InputError, match=r"1 unexpected \(auxiliary\.weight 2\)"):
        loads({**fresh.state_dict(), "auxiliary.weight": torch.ones(2)}, fresh, fresh)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)
        self.second.weight = self.first.weight


@pytest.mark.parametrize("kept", ["first", "second"])
def test_tied_weights_that_a_file_holds_once(kept):
    trained, fresh = Tied(), Tied()
    left = {"first": "second", "second": "first"}[kept]
    state = {name: tensor for name, tensor in trained.state_dict().items() if name != f"{left}.weight"}
    load_bytes(fresh, safetensors.torch.save(state), "f")
    assert torch.equal(fresh.first.weight, trained.first.weight) and fresh.second.weight is fresh.first.weight


def test_tied_weights_that_differ_in_the_file():
    state = {name: tensor.clone() for name, tensor in Tied().state_dict().items()}
    state["second.weight"] += 1
    with pytest.raises(InputError, match=r"first\.weight and second\.weight differ, one tensor in the network"):
        load_bytes(Tied(), saved(state), "f")


class Counting(nn.Linear):
    """Keeps more than tensors."""

    seen = 0

    def get_extra_state(self):
        return {"seen": self.seen}

    def set_extra_state(self, state):
        self.seen = state["seen"]


def test_what_modules_keep_besides_tensors_is_restored_and_may_be_missing():
    trained, fresh = Counting(2, 2), Counting(2, 2)
    trained.seen = 5
    load_bytes(fresh, saved({"net": trained.state_dict()}), "f")
    assert fresh.seen == 5 and torch.equal(fresh.weight, trained.weight)
    load_bytes(fresh, saved({"weight": trained.weight.data, "bias": trained.bias.data}), "f")


def test_layouts_and_quantised_tensors_stand_for_their_numbers():
    trained = plain()
    state = {name: tensor.clone() for name, tensor in trained.state_dict().items()}
    with torch.no_grad():
        trained[3].weight[0] = 0
    state["3.weight"] = trained[3].weight.detach().to_sparse()
    assert loads(state, trained, plain())
    state["3.weight"] = torch.quantize_per_tensor(trained[3].weight.detach(), 0.01, 0, torch.qint8)
    trained[3].weight.data = state["3.weight"].dequantize()
    assert loads(state, trained, plain())


STRANGE = {
    "int8": (lambda weight: (weight * 100).to(torch.int8), "3.weight is int8 instead of float32"),
    "complex64": (lambda weight: weight.to(torch.complex64), "3.weight is complex64 instead of float32"),
    "bool": (lambda weight: weight > 0, "3.weight is bool instead of float32"),
    "meta": (lambda weight: weight.to("meta"), r"1 without values \(3.weight\)"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", STRANGE)
def test_codes_and_other_numbers_are_no_weights(kind):
    change, reason = STRANGE[kind]
    state = plain().state_dict()
    state["3.weight"] = change(state["3.weight"])
    with pytest.raises(InputError, match=reason):
        load_bytes(plain(), saved(state), "f")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floats_are_converted(dtype):
    trained = plain().to(dtype)
    assert loads(trained.state_dict(), trained.float(), plain())


LAYERS = [lambda: nn.Conv2d(2, 3, 3), lambda: nn.Linear(4, 3), lambda: nn.ConvTranspose2d(2, 3, 3)]
REPARAMETRISED = {
    "mask": lambda layer: prune.l1_unstructured(layer, "weight", 0.5),
    "two masks": lambda layer: prune.random_structured(prune.l1_unstructured(layer, "weight", 0.5), "weight", 1, dim=0),
    "weight norm": nn.utils.weight_norm,
    "weight norm of all": lambda layer: nn.utils.weight_norm(layer, dim=None),
    "weight norm, new": nn.utils.parametrizations.weight_norm,
    "spectral norm": nn.utils.spectral_norm,
    "spectral norm, new": nn.utils.parametrizations.spectral_norm,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("kind", REPARAMETRISED)
def test_reparametrised_weights_are_baked_in_from_networks_and_from_files(kind, layer):
    trained = nn.Sequential(REPARAMETRISED[kind](layer()), nn.ReLU())
    images = torch.randn(1, 4) if isinstance(trained[0], nn.Linear) else torch.randn(1, 2, 5, 5)
    trained(images)
    state, expected = trained.state_dict(), trained.eval()(images)
    fresh = nn.Sequential(layer(), nn.ReLU())
    load_bytes(fresh, saved(prefixed(state, "module.")), "f")
    torch.testing.assert_close(fresh(images), expected)
    plainly = baked(trained)
    names = ["0.bias", "0.weight"]
    assert sorted(plainly.state_dict()) == names == sorted(dict(plainly.named_parameters()))
    torch.testing.assert_close(plainly(images), expected)
    plainly.load_state_dict(plainly.state_dict())


def test_a_lazy_network():
    with pytest.raises(InputError, match="Linear has lazy layers without shapes, pass an image through it first"):
        load_bytes(nn.LazyLinear(2), saved(nn.Linear(2, 2).state_dict()), "f")
