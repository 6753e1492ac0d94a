"""Weights that are words of a codebook, trained through it: which word stands where stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn.utils import parametrize

from bench.compress.method import NotApplicable
from bench.footprint.representation import Codebook, Representation


@dataclass(frozen=True)
class Words:
    """A codebook and its use in one weight.

    Attributes:
        codebook: (k, d) of the type that is stored.
        codes: (Cout, m) int64.
        fixed_zero: whether word 0 is zero and stays so, for weights that were pruned.
    """

    codebook: np.ndarray
    codes: np.ndarray
    fixed_zero: bool = False


def share(network: torch.nn.Module, words: Mapping[str, Words]) -> None:
    """Compute weights from codebooks, in place, so that training reaches those alone.

    Raises:
        NotApplicable: two layers have one weight.
    """
    for name, shared in words.items():
        module, own_name = _place(network, name)
        weight = getattr(module, own_name)
        users = [user for user, each in network.named_parameters(remove_duplicate=False) if each is weight]
        if len(users) > 1:
            raise NotApplicable(f"{' and '.join(users)} are one tensor, which cannot be trained as words")
        gather = _Gather(shared, tuple(weight.shape)).to(weight.device)
        parametrize.register_parametrization(module, own_name, gather, unsafe=True)
        codebook = module.parametrizations[own_name].original
        codebook.register_hook(gather.mean_gradient)


def fixed(network: torch.nn.Module, words: Mapping[str, Words]) -> dict[str, Representation]:
    """Turn shared weights into plain ones again, in place, as their codebooks are stored; returns how.

    Raises:
        NotApplicable: training took a word beyond the numbers that are stored.
    """
    return {name: _fix(network, name, shared) for name, shared in words.items()}


class _Gather(torch.nn.Module):
    """A weight as words of a codebook."""

    codes: torch.Tensor
    uses: torch.Tensor
    initial: torch.Tensor

    def __init__(self, words: Words, shape: tuple[int, ...]):
        super().__init__()
        self.shape, self.fixed_zero = shape, words.fixed_zero
        self.register_buffer("codes", torch.from_numpy(words.codes))
        uses = np.bincount(words.codes.reshape(-1), minlength=len(words.codebook))
        self.register_buffer("uses", torch.from_numpy(uses))
        self.register_buffer("initial", torch.from_numpy(words.codebook.astype(np.float32)))

    def forward(self, codebook: torch.Tensor) -> torch.Tensor:
        """(k, d) to the weight."""
        return codebook[self.codes].reshape(self.shape)

    def right_inverse(self, weight: torch.Tensor) -> torch.Tensor:
        """The codebook to begin with."""
        return self.initial.clone()

    def mean_gradient(self, gradient: torch.Tensor) -> torch.Tensor:
        """The gradient's mean over a word's uses.

        Through the gather comes the sum. Under Adam, which the papers use, that is the same; SGD would take steps as
        many times too long as the word has uses.
        """
        mean = gradient / self.uses.clamp(min=1)[:, None].to(gradient)
        if self.fixed_zero:
            mean[0] = 0
        return mean


def _fix(network: torch.nn.Module, name: str, words: Words) -> Codebook:
    module, own_name = _place(network, name)
    trained = module.parametrizations[own_name].original.detach().cpu().numpy()
    parametrize.remove_parametrizations(module, own_name, leave_parametrized=True)
    with np.errstate(over="ignore"):
        codebook = trained.astype(words.codebook.dtype)
    if not np.isfinite(codebook).all():
        raise NotApplicable(f"{name} holds {np.abs(trained).max():.4g}, which is beyond {codebook.dtype}'s range")
    stored = Codebook(words.codes, codebook, tuple(getattr(module, own_name).shape))
    with torch.no_grad():
        getattr(module, own_name).copy_(torch.from_numpy(stored.decode()))
    return stored


def _place(network: torch.nn.Module, name: str) -> tuple[Any, str]:
    owner, _, own_name = name.rpartition(".")
    return network.get_submodule(owner), own_name
