"""Weights from files."""

from __future__ import annotations

import pytest
import safetensors.torch
import torch
from torch import nn

from bench.errors import InputError
from bench.zoo.networks.checkpoint import fill, load_bytes, load_checkpoint


def network(width: int = 4) -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, width, 3), nn.BatchNorm2d(width), nn.Flatten(), nn.LazyLinear(2))


@pytest.fixture
def trained():
    torch.manual_seed(1)
    made = network()
    made(torch.randn(5, 1, 4, 4))
    return made


@pytest.fixture
def fresh():
    torch.manual_seed(2)
    made = network()
    made(torch.randn(5, 1, 4, 4))
    return made


def same(one: nn.Module, other: nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


WRAPPINGS = {
    "plain": lambda state: state,
    "nested": lambda state: {"epoch": 3, "state_dict": state},
    "under model": lambda state: {"model": state, "optimizer": {"lr": 0.1}},
    "data parallel": lambda state: {f"module.{key}": value for key, value in state.items()},
    "both": lambda state: {"state_dict": {f"module.{key}": value for key, value in state.items()}},
    "without counters": lambda state: {k: v for k, v in state.items() if "num_batches" not in k},
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_pth_files(trained, fresh, tmp_path, wrapping):
    if wrapping == "without counters":
        fresh[1].num_batches_tracked.copy_(trained[1].num_batches_tracked)
    torch.save(WRAPPINGS[wrapping](trained.state_dict()), tmp_path / "weights.pth")
    assert not same(fresh, trained)
    load_checkpoint(fresh, tmp_path / "weights.pth")
    assert same(fresh, trained)


def test_safetensors(trained, fresh, tmp_path):
    safetensors.torch.save_file(trained.state_dict(), tmp_path / "weights.safetensors")
    load_checkpoint(fresh, str(tmp_path / "weights.safetensors"))
    assert same(fresh, trained)


def test_what_does_not_fit_is_told_by_name_and_shape(trained, fresh):
    state = trained.state_dict()
    state["0.weight"] = torch.zeros(5, 1, 3, 3)
    state["extra"] = torch.zeros(())
    del state["3.bias"]
    before = {key: tensor.clone() for key, tensor in fresh.state_dict().items()}
    with pytest.raises(InputError) as caught:
        load_bytes(fresh, safetensors.torch.save(state), "seed-0")
    assert str(caught.value) == (
        "checkpoint 'seed-0' does not fit Sequential: 1 missing (3.bias 2); 1 unexpected (extra scalar); "
        "1 of another shape (0.weight is 5×1×3×3 instead of 4×1×3×3)"
    )
    assert all(torch.equal(tensor, before[key]) for key, tensor in fresh.state_dict().items())


def test_a_handful_of_differences_then_a_count(fresh):
    strange = {f"other.{number}": torch.zeros(1) for number in range(8)}
    with pytest.raises(InputError, match=r"8 unexpected \(other\.0 1, .*other\.4 1 and 3 more\)"):
        load_bytes(fresh, safetensors.torch.save(strange), "seed-0")


def pth(content: object, tmp_path) -> bytes:
    torch.save(content, tmp_path / "file.pth")
    return (tmp_path / "file.pth").read_bytes()


def test_files_that_hold_no_weights(trained, fresh, tmp_path):
    whole, state = pth(trained, tmp_path), pth(trained.state_dict(), tmp_path)
    tensors = safetensors.torch.save(trained.state_dict())
    for data in (b"", b"not weights at all", whole, state[: len(state) // 2], tensors[: len(tensors) // 2]):
        with pytest.raises(InputError, match=r"'f' is truncated, or neither safetensors nor a \.pth file of weights"):
            load_bytes(fresh, data, "f")


@pytest.mark.parametrize("content", [{}, [1, 2], {"epoch": 3}, {"state_dict": {"a": 1}}, {1: torch.zeros(1)}])
def test_files_of_something_else(fresh, tmp_path, content):
    with pytest.raises(InputError, match="'f' holds no weights"):
        load_bytes(fresh, pth(content, tmp_path), "f")


@pytest.mark.filterwarnings("ignore")
def test_nested_tensors_are_no_weights(trained, fresh, tmp_path):
    state = {**trained.state_dict(), "0.weight": torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)])}
    for content in (state, {"model": trained.state_dict(), "seen": state["0.weight"]}):
        with pytest.raises(InputError, match="'f' holds a nested tensor, which is no weight"):
            load_bytes(fresh, pth(content, tmp_path), "f")


def test_a_missing_file(fresh, tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.pth' cannot be read: No such file"):
        load_checkpoint(fresh, tmp_path / "nowhere.pth")
    with pytest.raises(InputError, match="cannot be read: embedded null byte"):
        load_checkpoint(fresh, "no\0where.pth")


class Versioned(nn.Linear):
    """As torchvision's MNASNet: loads nothing that does not say which version it is of."""

    _version = 2

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *rest):
        if local_metadata.get("version") != 2:
            raise ValueError("version should be 2")
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


def test_modules_that_ask_for_their_version_are_filled_and_what_is_not_given_stays():
    one, other = Versioned(2, 3), Versioned(2, 3)
    bias = one.bias.detach().clone()
    fill(one, {"weight": other.weight.detach()})
    assert torch.equal(one.weight, other.weight) and torch.equal(one.bias, bias)
    with pytest.raises(RuntimeError, match="Unexpected"):
        fill(one, {"wieght": other.weight.detach()})


def endless():
    content = {}
    content["state_dict"] = content
    return content


def doubled(levels):
    content = [0.0]
    for _ in range(levels):
        content = [content, content]
    return content


ONE = torch.zeros(1)
HUGE = 10**6, 10**6


@pytest.mark.parametrize(
    ("beside", "words"),
    [
        (lambda: {"0.weight": ONE.expand(HUGE)}, "stands for .* bytes of tensors, one of them 1000000×1000000"),
        (lambda: {"0.weight": torch.sparse_coo_tensor(size=HUGE)}, "one of them 1000000×1000000"),
        (lambda: {"0.weight_g": ONE, "0.weight_v": ONE.expand(HUGE)}, "one of them 1000000×1000000"),
        (lambda: {"optimizer": {"state": [ONE.expand(2**40)]}}, "one of them 1099511627776"),
        (endless, "nested too deep, or without an end"),
        (lambda: {"history": doubled(24)}, "nested too deep, or without an end"),
    ],
)
def test_files_that_stand_for_more_than_they_hold(beside, words, trained, fresh, tmp_path):
    file = tmp_path / "huge.pth"
    torch.save({**trained.state_dict(), **beside()}, file)
    with pytest.raises(InputError, match=words):
        load_checkpoint(fresh, file)


def test_what_is_sparse_or_repeated_within_reason_is_read(trained, fresh, tmp_path):
    state = trained.state_dict()
    shown = {**state, "3.weight": state["3.weight"].to_sparse(), "1.bias": torch.zeros(1).expand(4)}
    torch.save({"net": shown, "average": state, "losses": [0.5] * 10_000}, tmp_path / "net.pth")
    load_checkpoint(fresh, tmp_path / "net.pth")
    assert torch.equal(fresh[3].weight, trained[3].weight)
