"""Training in which the forward pass sees a function of the weights, while the real ones behind them learn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager

import torch

from bench.compress.gradient_hooks import after_gradients
from bench.compress.pruning.masking import prunable
from bench.training.hooks import to_the_end


class Reparametrisation(ABC):
    """What the forward pass sees of each prunable weight, and what the real one learns from it."""

    @abstractmethod
    def visible(self, name: str, real: torch.Tensor) -> torch.Tensor:
        """What stands in the network during a forward pass, of the shape of the weight."""

    def gradient(self, name: str, real: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
        """Of the loss by the real weight, from that by the visible one; by default the same."""
        return gradient

    def before_step(self, step: int, steps: int, real: dict[str, torch.Tensor]) -> None:
        """Called before each forward pass, and once after the last with `step` equal to `steps`.

        Args:
            real: the real weights by name.
        """
        return


class RealWeights:
    """The real weights of a network whose parameters hold the visible ones between two steps of a training.

    The network computes with what is visible whenever somebody looks at it, between two epochs and in the end. During
    an optimizer's step, parameters hold the real weights, so that momentum and decay are theirs.

    Args:
        network: its prunable weights become visible ones at once.
        rule: is asked before each forward pass.
    """

    # A module that computes the visible weight (a parametrisation) would hide the real one from the recipe's decay,
    # which is of layers' own parameters. So parameters are overwritten: before a forward pass with the visible weight,
    # and when the gradient by that is complete, and no backward pass needs the value any more, with the real one.

    def __init__(self, network: torch.nn.Module, rule: Reparametrisation, steps: int = 1):
        self.network, self.rule = network, rule
        self.real = {name: weight.detach().clone() for name, weight in prunable(network).items()}
        self._learned: set[str] = set()  # whose parameters hold the real weight
        self._show(0, steps)

    def watching(self) -> AbstractContextManager[None]:
        """Within it, gradients of the weights become those of the real ones."""
        return after_gradients(self.network, self.real, self._learn)

    @to_the_end
    def after_step(self, step: int, steps: int) -> None:
        """Take the real weights from the optimizer and show the visible ones."""
        for name in self._learned:
            self.real[name].copy_(self.network.get_parameter(name).detach())
        self._learned.clear()
        self._show(step + 1, steps)

    def _show(self, step: int, steps: int) -> None:
        self.rule.before_step(step, steps, self.real)
        with torch.no_grad():
            for name, real in self.real.items():
                parameter = self.network.get_parameter(name)
                parameter.copy_(self.rule.visible(name, real.to(parameter.device)))

    def _learn(self, name: str, parameter: torch.Tensor, gradient: torch.Tensor) -> None:
        with torch.no_grad():
            parameter.copy_(self.real[name])
            gradient.copy_(self.rule.gradient(name, parameter.detach(), gradient))
        self._learned.add(name)
