"""The steps and epochs of a training, and what is kept of each."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import torch
from torch import nn

from bench.training._passes import Passes, Replayed
from bench.training._team import Alone, Team
from bench.training.batches import Batches
from bench.training.checkpoints import Saver, State, copied
from bench.training.hooks import Hook, nothing, plain_values
from bench.training.loading import Pixels
from bench.training.schedule import Schedule

AfterEpoch = Callable[[int, nn.Module], None]
Tell = Callable[[Mapping[str, float], int, float], None]  # row of the history, epochs, images per second


class Diverged(ArithmeticError):
    """The loss or a weight is no longer finite: one sentence says when, and at which learning rate."""


@dataclass(frozen=True)
class Step:
    """One step of training; the call returns its loss, on the device."""

    passes: Passes | Replayed
    optimizer: torch.optim.Optimizer
    schedule: Schedule
    hooks: tuple[Hook, Hook]  # before, after
    team: Alone | Team

    def __call__(self, step: int, images: Pixels, targets: Any) -> torch.Tensor:
        before, after = self.hooks
        before(step, self.schedule.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = self.schedule.learning_rate(step)
        self.team.begin(step)
        loss = self.team.averaged(self.passes(images, targets))
        self.optimizer.step()
        after(step, self.schedule.steps)
        return loss


@dataclass
class Keeper:
    """Keeps the state of a training on disk, and the best network in memory.

    Attributes:
        by: the column of the history that the best network has the highest value in; empty if none is kept.
        each: called with the number of every epoch and the network, before the state that follows it is kept.
    """

    network: nn.Module
    by: str
    saver: Saver | None
    each: AfterEpoch = nothing
    values: dict[str, object] | None = field(init=False)

    def __post_init__(self) -> None:
        self.values = plain_values(self.network)

    def after_step(self, state: State) -> None:
        """Inside an epoch: keep a state now and then."""
        if self.saver is not None and self.saver.is_due:
            self._save(state)

    def after_epoch(self, state: State) -> None:
        """Keep the network if it is the best so far (of equals the first), then the state."""
        if self.by and state.history[-1][self.by] > state.score:
            state.score, state.best = state.history[-1][self.by], copied(self.network)
        self.each(int(state.history[-1]["epoch"]), self.network)
        self._save(state)

    def _save(self, state: State) -> None:
        if self.saver is None:
            return
        if plain_values(self.network) == self.values:
            self.saver.save(state)
        else:  # the network remembers more than tensors, so that no copy of them would go on as it does
            self.saver.forget()
            self.saver = None


def run_epochs(
    step: Step,
    batches: Batches,
    state: State,
    keeper: Keeper,
    measure: Callable[[], dict[str, float]],
    tell: Tell,
) -> None:
    """Take all steps that a state has not taken, and fill in its history.

    Args:
        measure: called after each epoch; returns further columns of the history.
        tell: called after each epoch.

    Raises:
        Diverged: the mean loss of an epoch is not finite.
    """
    schedule = batches.schedule
    for epoch in range(state.step // schedule.steps_per_epoch + 1, schedule.epochs + 1):
        steps = schedule.steps_of(epoch)
        if state.step == steps.stop:  # a last epoch that is incomplete was the last
            return
        before, began = state.step - steps.start, time.monotonic()
        for images, targets in islice(batches.epoch(epoch, before), len(steps) - before):
            state.total += step(state.step, images, targets)
            state.step += 1
            if state.step < steps.stop:
                keeper.after_step(state)
        total = state.total.item()  # waits for a GPU
        images_per_second = (len(steps) - before) * schedule.batch_size / max(time.monotonic() - began, 1e-9)
        loss, learning_rate = total / len(steps), schedule.learning_rate(steps[-1])
        if not math.isfinite(loss):
            raise Diverged(f"training diverged: loss {loss} in epoch {epoch}, at learning rate {learning_rate:.3g}")
        state.history.append({"epoch": epoch, "loss": loss, "learning_rate": learning_rate, **measure()})
        state.total = torch.zeros_like(state.total)
        keeper.after_epoch(state)
        tell(state.history[-1], schedule.epochs, images_per_second)
