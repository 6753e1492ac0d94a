"""Fine-tuning of a codebook: weights are computed from its words, and assignments stay fixed."""

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
    """A codebook, and which of its words make up a weight.

    Attributes:
        codebook: (k, d) of the type that is stored.
        codes: (Cout, m) int64, an index of a word each.
        fixed_zero: whether word 0 is zero and stays zero, for weights that were pruned.
    """

    codebook: np.ndarray
    codes: np.ndarray
    fixed_zero: bool = False


def share(network: torch.nn.Module, words: Mapping[str, Words]) -> None:
    """Compute weights from codebooks, in place, so that training moves the codebooks alone.

    Raises:
        NotApplicable: two layers share a weight.
    """
    for name, shared in words.items():
        module, attribute = _owner(network, name)
        weight = getattr(module, attribute)
        users = [user for user, tensor in network.named_parameters(remove_duplicate=False) if tensor is weight]
        if len(users) > 1:
            raise NotApplicable(f"{' and '.join(users)} are one tensor, which cannot be trained as words")
        gather = _Gather(shared, tuple(weight.shape)).to(weight.device)
        # unsafe: PyTorch would otherwise demand that the parameter, a codebook, has the shape of the weight
        parametrize.register_parametrization(module, attribute, gather, unsafe=True)
        codebook = module.parametrizations[attribute].original
        if codebook.requires_grad:  # a layer that its owner froze isn't trained
            codebook.register_hook(gather.mean_gradient)


def fixed(network: torch.nn.Module, words: Mapping[str, Words]) -> dict[str, Representation]:
    """Make shared weights plain again, in place, rounded as they will be stored.

    Returns:
        Representations by parameter name.

    Raises:
        NotApplicable: training took a word beyond the range of the stored type.
    """
    return {name: _fix(network, name, shared) for name, shared in words.items()}


class _Gather(torch.nn.Module):
    """A parametrisation: the weight that a codebook and fixed codes give."""

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
        """The codebook to begin with; PyTorch asks for it when the parametrisation is registered."""
        return self.initial.clone()

    def mean_gradient(self, gradient: torch.Tensor) -> torch.Tensor:
        """The gradient of a codebook, as a mean over each word's uses instead of their sum."""
        # Backpropagation through the gather adds up the gradients of all weights that are the same word. Adam, which
        # the papers use, divides by the gradient's size and doesn't care; SGD would take steps as many times too long
        # as a word has uses, hundreds or thousands in a large layer. Word 0 of pruned weights must stay zero, so it
        # doesn't move.
        mean = gradient / self.uses.clamp(min=1)[:, None].to(gradient)
        if self.fixed_zero:
            mean[0] = 0
        return mean


def _fix(network: torch.nn.Module, name: str, words: Words) -> Codebook:
    module, attribute = _owner(network, name)
    trained = module.parametrizations[attribute].original.detach().cpu().numpy()
    parametrize.remove_parametrizations(module, attribute, leave_parametrized=True)
    with np.errstate(over="ignore"):
        codebook = trained.astype(words.codebook.dtype)
    if not np.isfinite(codebook).all():
        raise NotApplicable(f"{name} holds {np.abs(trained).max():.4g}, which is beyond {codebook.dtype}'s range")
    stored = Codebook(words.codes, codebook, tuple(getattr(module, attribute).shape))
    with torch.no_grad():
        getattr(module, attribute).copy_(torch.from_numpy(stored.decode()))
    return stored


def _owner(network: torch.nn.Module, name: str) -> tuple[Any, str]:
    """The module that owns a parameter, and the parameter's name in it."""
    module, _, attribute = name.rpartition(".")
    return network.get_submodule(module), attribute
