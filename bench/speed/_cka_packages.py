"""What others compute CKA of two networks' layers with: each package's own call, once for all pairs of layers.

A package that is not installed, or whose own requirements are missing, is left out with the reason; a loop in plain
numpy is always there. All take activations, so that none pays for a forward pass.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

Layers = Sequence[np.ndarray]


@dataclass(frozen=True)
class Package:
    """CKA of every layer of one network with every layer of another, as one package computes it.

    Attributes:
        title: the package, and what it computes.
        module: what must be imported for it.
        call: the package's own function, given the module and both networks' layers.
        by_pair: whether it loops over pairs and shares no work between them, so that one pair tells the time of all.
    """

    title: str
    module: str
    call: Callable[[Any, Layers, Layers], object]
    by_pair: bool

    def all_pairs(self, xs: Layers, ys: Layers) -> object:
        """CKA of every pair, in whatever form the package returns it."""
        return self.call(importlib.import_module(self.module), xs, ys)

    @property
    def is_package(self) -> bool:
        return self.module != "numpy"

    @cached_property
    def absent(self) -> str:
        """Why it cannot be compared with; empty if it can."""
        if importlib.util.find_spec(self.module.partition(".")[0]) is None:
            return "not installed"
        try:
            with quietly():
                importlib.import_module(self.module)
        except Exception as error:  # an import runs the package's code, which may raise anything
            return f"installed, but does not import ({error})"
        return ""


def of_numpy(_: Any, xs: Layers, ys: Layers) -> object:
    """The loop in most papers' code: biased CKA from whichever products are smaller, pair by pair."""
    return [[_textbook(x - x.mean(0), y - y.mean(0)) for y in ys] for x in xs]


def of_torch_cka(torch_cka: Any, xs: Layers, ys: Layers) -> object:
    """Debiased CKA by torch-cka's public `compare`."""
    first, second = _Replay(xs), _Replay(ys)
    names = [f"layers.{index}" for index in range(len(xs))], [f"layers.{index}" for index in range(len(ys))]
    cka = torch_cka.CKA(first, second, model1_layers=names[0], model2_layers=names[1], device="cpu")
    cka.compare(_all_images(len(xs[0])))
    return cka.export()["CKA"]


def of_cka_pytorch(cka_pytorch: Any, xs: Layers, ys: Layers) -> object:
    """Debiased CKA by cka-pytorch's public `calculate_cka_matrix`."""
    names = [f"layers.{index}" for index in range(len(xs))], [f"layers.{index}" for index in range(len(ys))]
    calculator = cka_pytorch.CKACalculator(_Replay(xs), _Replay(ys), *names, device=torch.device("cpu"), verbose=False)
    return calculator.calculate_cka_matrix(_all_images(len(xs[0])), num_epochs=1)


def of_ckatorch(ckatorch: Any, xs: Layers, ys: Layers) -> object:
    """Biased CKA by ckatorch's fastest function."""
    first, second = ([torch.from_numpy(layer) for layer in layers] for layers in (xs, ys))
    return [[ckatorch.cka_base(x, y) for y in second] for x in first]


def of_repsim(repsim: Any, xs: Layers, ys: Layers) -> object:
    """Debiased CKA by repsim's compiled `cka`."""
    return repsim.cka([*xs, *ys], kernel_type="linear", estimator="song")[: len(xs), len(xs) :]


PACKAGES = (
    Package("numpy loop, biased", "numpy", of_numpy, by_pair=True),
    Package("torch-cka, debiased", "torch_cka", of_torch_cka, by_pair=True),
    Package("cka-pytorch, debiased", "cka_pytorch", of_cka_pytorch, by_pair=False),
    Package("ckatorch, biased", "ckatorch.core", of_ckatorch, by_pair=True),
    Package("repsim, debiased", "repsim", of_repsim, by_pair=False),
)


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Keep the packages' progress bars and warnings off the screen."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


class _Replay(nn.Module):
    """A network whose layers put out given arrays, for packages that hook into networks."""

    # Packages with forward hooks want a network and a loader. An identity per layer, called with the rows that the
    # loader names, makes them see exactly the activations that all others get, at the cost of an index.

    def __init__(self, outputs: Layers):
        super().__init__()
        self.outputs = [torch.from_numpy(output) for output in outputs]
        self.layers = nn.ModuleList(nn.Identity() for _ in outputs)
        self.anything = nn.Parameter(torch.zeros(1))  # packages look for a device

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        for layer, output in zip(self.layers, self.outputs):
            layer(output[images])
        return images


def _all_images(n: int) -> DataLoader:
    return DataLoader(TensorDataset(torch.arange(n), torch.arange(n)), batch_size=n)


# ‖YᵀX‖² = ⟨XXᵀ, YYᵀ⟩: the same numerator from d × d products or from n × n Grams. Code that is tuned takes whichever is
# smaller, and so does the loop that ours is compared with.
def _textbook(x: np.ndarray, y: np.ndarray) -> float:
    if min(x.shape[1], y.shape[1]) < len(x):
        return float(np.linalg.norm(y.T @ x) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)))
    first, second = x @ x.T, y @ y.T
    return float(np.vdot(first, second) / (np.linalg.norm(first) * np.linalg.norm(second)))
