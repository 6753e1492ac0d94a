"""A recorded pass gives what the passes give, and where it cannot, training goes on without it.

Without a GPU, a recording is emulated: it computes anew, and writes loss and gradients where they were first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional

from bench.data import Split
from bench.training import _machinery
from bench.training._passes import WORTH_IT, Passes, Replayed, can_be_recorded, make_passes, record_on_gpu
from bench.training.loop import train
from bench.training.optimizer import make_optimizer
from bench.training.recipe import Recipe
from bench.zoo.networks.build import build
from bench.zoo.networks.catalogue import classifiers

RECIPE = Recipe(epochs=3, batch_size=50, flip=False, crop_padding=1)
NORMAL = {"mean": (0.3,), "std": (0.4,)}


class Emulated:
    """Records like a GPU; counts its replays.

    Args:
        spoil: done to each gradient after a replay.
    """

    def __init__(self, spoil: Callable[[torch.Tensor], object] = lambda gradient: None):
        self.spoil, self.replays = spoil, 0
        self.parameters: list[nn.Parameter] = []

    def __call__(self, compute):
        for _ in range(3):
            compute()
        loss = compute().clone()
        written = [parameter.grad for parameter in self.parameters]

        def replay() -> None:
            self.replays += 1
            known = [parameter.grad for parameter in self.parameters]  # which only Python changes
            loss.copy_(compute())
            for parameter, gradient, before in zip(self.parameters, written, known, strict=True):
                self.spoil(gradient.copy_(parameter.grad))
                parameter.grad = before

        return replay, loss


def small(dropout: float = 0.5) -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = [nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)]
        return nn.Sequential(*layers, nn.Dropout(dropout), nn.Flatten(), nn.Linear(64, 10))


def objective(network: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(network(images), labels)


def passes_of(network: nn.Module) -> Passes:
    return Passes(network, objective, make_optimizer(network, RECIPE), torch.device("cpu"))


def batch(size: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.linspace(-1, 1, size * 64).reshape(size, 1, 8, 8), torch.arange(size) % 10


def trained(split: Split, monkeypatch, record: Emulated | None, **options) -> list[bytes]:
    network = small()

    def with_record(passes: Passes, steps: int, teacher: nn.Module | None) -> Passes | Replayed:
        if record is None:
            return passes
        record.parameters = passes.parameters
        return Replayed(passes, record)

    with monkeypatch.context() as patch:
        patch.setattr(_machinery, "make_passes", with_record)
        train(network, split, recipe=RECIPE, seed=0, device="cpu", **NORMAL, **options)
    return [tensor.numpy().tobytes() for tensor in network.state_dict().values()]


def test_a_replayed_training_ends_with_the_same_bytes(few, monkeypatch):
    record = Emulated()
    assert trained(few, monkeypatch, record) == trained(few, monkeypatch, None)
    assert record.replays == 3 * 4 + 1  # epochs of four batches, and the trial


def test_weights_may_be_written_to_between_steps(few, monkeypatch):
    def halve_first(network: nn.Module) -> Callable[[int, int], None]:
        return lambda step, steps: network[0].weight.data.mul_(0.5)

    def run(record: Emulated | None) -> list[bytes]:
        network = small()
        monkeypatch.setattr(
            _machinery, "make_passes", lambda passes, *_: Replayed(passes, record) if record else passes
        )
        if record:
            record.parameters = [p for group in make_optimizer(network, RECIPE).param_groups for p in group["params"]]
        train(network, few, recipe=RECIPE, seed=0, device="cpu", after_step=halve_first(network), **NORMAL)
        return [tensor.numpy().tobytes() for tensor in network.state_dict().values()]

    record = Emulated()
    assert run(record) == run(None)
    assert record.replays == 13


@pytest.mark.parametrize(
    "spoil", [torch.Tensor.zero_, lambda gradient: gradient.mul_(1.2), lambda g: g.fill_(torch.nan)]
)
def test_a_recording_with_other_gradients_is_not_used(few, monkeypatch, spoil):
    record = Emulated(spoil)
    assert trained(few, monkeypatch, record) == trained(few, monkeypatch, None)
    assert record.replays == 1


def test_what_cannot_be_recorded_is_computed(few, monkeypatch):
    class Refused(Emulated):
        def __call__(self, compute):
            compute()
            raise RuntimeError("operation not permitted when stream is capturing")

    assert trained(few, monkeypatch, Refused()) == trained(few, monkeypatch, None)


def test_batches_of_another_shape_are_computed():
    passes, record = passes_of(small(dropout=0)), Emulated()
    record.parameters = passes.parameters
    replayed = Replayed(passes, record)
    replayed(*batch(8))
    assert record.replays == 2
    assert torch.equal(replayed(*batch(5)), passes(*batch(5)))
    assert record.replays == 2
    replayed(*batch(8))
    assert record.replays == 3
    found = [parameter.grad.clone() for parameter in passes.parameters]
    passes(*batch(8))
    assert all(torch.equal(a, parameter.grad) for a, parameter in zip(found, passes.parameters, strict=True))


def test_weights_that_moved_in_memory_are_computed_with():
    network = small(dropout=0)
    passes, record = passes_of(network), Emulated()
    record.parameters = passes.parameters
    replayed = Replayed(passes, record)
    replayed(*batch())
    place = network[0].weight.data
    network[0].weight.data = 2 * place
    replayed(*batch())
    assert record.replays == 2
    network[0].weight.data = place
    replayed(*batch())
    assert record.replays == 3


def test_gradients_do_not_add_up():
    passes = passes_of(small(dropout=0))
    passes(*batch())
    first = [parameter.grad.clone() for parameter in passes.parameters]
    passes(*batch())
    assert all(torch.equal(a, parameter.grad) for a, parameter in zip(first, passes.parameters, strict=True))


@pytest.mark.parametrize("model", classifiers())
def test_the_zoo_can_be_recorded(model):
    assert can_be_recorded(build(model, 3, 10, 32, seed=0))


def test_what_may_decide_in_python_is_not_recorded():
    class Own(nn.Module):
        pass

    hooked = small()
    hooked[0].register_forward_pre_hook(lambda module, args: None)
    assert can_be_recorded(small())
    assert not can_be_recorded(nn.Sequential(Own()))
    assert not can_be_recorded(hooked)


def test_long_trainings_on_a_gpu_are_recorded():
    passes = passes_of(small())
    assert make_passes(passes, 10_000, None) is passes
    passes.device = torch.device("cuda")
    assert make_passes(passes, WORTH_IT - 1, None) is passes
    assert isinstance(make_passes(passes, WORTH_IT, small()), Replayed)

    class Own(nn.Module):
        pass

    assert make_passes(passes, WORTH_IT, Own()) is passes


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_replays_what_it_computes(few, monkeypatch):
    def run(recorded: bool) -> list[torch.Tensor]:
        network = small()
        with monkeypatch.context() as patch:
            if not recorded:
                patch.setattr(_machinery, "make_passes", lambda passes, *_: passes)
            train(network, few, recipe=replace(RECIPE, epochs=20), seed=0, device="cuda", **NORMAL)
        return [tensor.double().cpu() for tensor in network.state_dict().values()]

    for replayed, computed in zip(run(True), run(False), strict=True):
        torch.testing.assert_close(replayed, computed, rtol=1e-2, atol=1e-2)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_refuses_to_record_what_waits_for_it():
    device = torch.device("cuda")
    ones = torch.ones(3, device=device)
    with pytest.raises(RuntimeError):
        record_on_gpu(device, lambda: ones * ones.sum().item())
    replay, answer = record_on_gpu(device, lambda: 2 * ones)
    ones.fill_(3)
    replay()
    assert answer.tolist() == [6, 6, 6]


def test_a_hook_on_a_gradient_may_decide_anything():
    network = small()
    handle = network[0].weight.register_post_accumulate_grad_hook(lambda parameter: None)
    assert not can_be_recorded(network)
    handle.remove()
    assert can_be_recorded(network)
