"""The workbench of a real cell: the profile's training images, and its fine-tuning recipe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from bench.compress.budget import Budget
from bench.compress.files import Files
from bench.compress.method import NotApplicable
from bench.data import ImageSet, streamed
from bench.errors import InputError
from bench.runner.cells import Epoch
from bench.task import Task
from bench.training import evaluate, loop
from bench.training.checkpoints import Checkpoints
from bench.training.hooks import any_to_the_end
from bench.training.recipe import Recipe
from bench.training.schedule import Schedule
from bench.zoo.networks.plain import copied, plain


class RealWorkbench:
    """See `bench.compress.workbench.Workbench`.

    Args:
        images: only *train* is ever touched, and *validation* by a recipe that keeps the best network.
        recipe: for fine-tuning; None if the method must not fine-tune.
        training: the model's own recipe; None if the method must not train a network from nothing.
        epoch: called after every epoch.
        teacher: the network that compression starts from, on the device.
        untrained: whether its weights are initial ones.
        fresh: makes the network with initial weights.
        trained_here: whether training began with these.
        task: what the network is trained to do.
        files: of the user's, by HASH/NAME (see `Method.outside`).
        checkpoints, watch, each_epoch: of its trainings, see `bench.training.loop.train`.

    Attributes:
        budget: epochs x training images that went through `finetune` and `train` so far.
    """

    def __init__(
        self,
        images: ImageSet,
        recipe: Recipe | None,
        seed: int,
        device: str,
        epoch: Epoch,
        *,
        training: Recipe | None,
        teacher: torch.nn.Module,
        fresh: Callable[[], torch.nn.Module],
        trained_here: bool,
        task: Task,
        untrained: bool = False,
        files: Mapping[str, bytes] = MappingProxyType({}),
        checkpoints: Checkpoints | None = None,
        watch: loop.Watch | None = None,
        each_epoch: Callable[[int, torch.nn.Module], None] | None = None,
    ):
        self.files = files
        self.images, self.recipe, self.seed, self.device, self.epoch = images, recipe, seed, device, epoch
        self.task, self.checkpoints, self.watch, self.each_epoch = task, checkpoints, watch, each_epoch
        self.training, self.teacher, self._fresh, self.trained_here = training, teacher, fresh, trained_here
        self.budget, self.untrained, self._initial = Budget(), untrained, torch.zeros(0)

    @property
    def example(self) -> torch.Tensor:
        """One normalised image, (1, C, H, W) float32."""
        return next(self.batches(1))[0]

    @property
    def epochs(self) -> float:
        """Of the fine-tuning recipe."""
        return self._recipe().epochs

    def divided(self, epochs: float, parts: int) -> list[float]:
        """See Workbench."""
        schedule = Schedule(len(self.images.train.images), replace(self._recipe(), epochs=epochs))
        ends = [round(schedule.steps * part / parts) for part in range(parts + 1)]
        return [(end - begin) / schedule.steps_per_epoch for begin, end in pairwise(ends)]

    def initial(self) -> torch.nn.Module | None:
        """See Workbench."""
        return self.fresh() if self.trained_here else None

    def original(self) -> torch.nn.Module | None:
        """See Workbench."""
        return None if self.untrained else plain(copied(self.teacher))

    def fresh(self) -> torch.nn.Module:
        """See Workbench."""
        network = plain(self._fresh())
        self._initial = _values(network)
        return network

    def file(self, setting: Files) -> tuple[str, bytes]:
        """See Workbench."""
        # The plan has put the hash of a file's content in place of its path.
        key = next((key for key in self.files if key.startswith(f"{setting}/")), None)
        if key is None:
            raise InputError(f"there is no file {setting!r}")
        return key.partition("/")[2], self.files[key]

    def was_trained(self, budget: Budget) -> None:
        """See Workbench."""
        images = len(self.images.train.images)
        self.budget += Budget(budget.finetuned * images, budget.trained * images)

    def train(
        self,
        network: torch.nn.Module,
        *,
        distill: bool = False,
        after_step: Callable[[int, int], None] | None = None,
    ) -> tuple[dict[str, float], ...]:
        """See Workbench."""
        if self.training is None:
            raise TypeError("a method that trains a network from nothing must declare it: `trains = True`")
        self.budget += Budget(trained=self._length(self.training))
        return self._train(network, self.training, after_step=after_step, teacher=self.teacher if distill else None)

    def batches(self, images: int, batch_size: int = 128) -> Iterator[tuple[torch.Tensor, Any]]:
        """See Workbench; the images are drawn once by the cell's seed."""
        # The first n images of one permutation: whoever asks for fewer gets a part of the same calibration set. Within
        # a batch they are in the order of the memory-mapped file, which is read faster that way.
        train = self.images.train
        order = np.random.default_rng(self.seed).permutation(len(train.images))[:images]
        targets = self.task.targets(train, self.device)
        # Methods take tensors. Whole images are therefore shown to them as squares, and their objects with them.
        if whole := streamed.is_whole(train.images):
            batch_size = max(1, min(batch_size, evaluate.PIXELS // self.images.size**2))
        for start in range(0, len(order), batch_size):
            chosen = np.sort(order[start : start + batch_size])
            batch = torch.from_numpy(train.images[chosen]).to(self.device)
            rows = torch.from_numpy(chosen).to(self.device)
            yield (
                evaluate.normalise(batch, self.images.mean, self.images.std),
                targets.squared(rows, self.images.size) if whole else targets[rows],
            )

    def loss(self, network: torch.nn.Module, images: torch.Tensor, targets: Any) -> torch.Tensor:
        """See Workbench."""
        return self.task.loss(self.task.forward(network, images, targets), targets)

    def finetune(
        self,
        network: torch.nn.Module,
        *,
        epochs: float | None = None,
        learning_rate: float | None = None,
        parameters: Iterable[torch.nn.Parameter] | None = None,
        before_step: Callable[[int, int], None] | None = None,
        after_step: Callable[[int, int], None] | None = None,
        distill: bool = False,
    ) -> tuple[dict[str, float], ...]:
        """See Workbench."""
        overrides: dict[str, Any] = {"epochs": epochs, "learning_rate": learning_rate}
        recipe = replace(self._recipe(), **{name: value for name, value in overrides.items() if value is not None})
        length = self._length(recipe)
        self.budget += Budget(trained=length) if self._is_untrained(network) else Budget(finetuned=length)
        return self._train(
            network,
            recipe,
            parameters=parameters,
            before_step=before_step,
            after_step=after_step,
            teacher=self.teacher if distill else None,
        )

    def _train(self, network: torch.nn.Module, recipe: Recipe, **options: Any) -> tuple[dict[str, float], ...]:
        if any_to_the_end(options.get("before_step"), options.get("after_step")):
            recipe = replace(recipe, keep="last")
        try:
            return loop.train(
                network,
                self.images.train,
                recipe=recipe,
                mean=self.images.mean,
                std=self.images.std,
                seed=self.seed,
                device=self.device,
                task=self.task,
                progress=self.epoch,
                validation=self.images.validation if recipe.keep == "best" else None,
                checkpoints=self.checkpoints,
                watch=self.watch,
                each_epoch=self.each_epoch,
                **options,
            )
        except loop.CannotSpread as error:
            raise NotApplicable(str(error)) from error

    def _length(self, recipe: Recipe) -> float:
        """Epochs x training images of a training, whose steps are whole."""
        # An epoch counts as the whole set, although its incomplete last batch waits for the next: lengths of recipes
        # with other batches stay comparable.
        schedule = Schedule(len(self.images.train.images), recipe)
        return schedule.steps * schedule.images / schedule.steps_per_epoch

    def _is_untrained(self, network: torch.nn.Module) -> bool:
        """Whether a network begins with initial weights that the method was given or started from, be it pruned.

        A lottery ticket is trained by `finetune` too, and one that only looked at initial weights is not. Weights are
        compared by value, since a method may have renamed, thinned or wrapped the layers that they belong to.
        """
        if self.untrained or not len(self._initial):
            return self.untrained
        # Most of the weights, because of many float32 numbers some are equal by chance.
        weights = _values(network)
        initial, trained = (int(torch.isin(weights, known).sum()) for known in (self._initial, _values(self.teacher)))
        return initial > max(trained, len(weights) / 2)

    def _recipe(self) -> Recipe:
        if self.recipe is None:
            raise TypeError("a method that fine-tunes must declare it: `finetunes = True`")
        return self.recipe


def _values(network: torch.nn.Module) -> torch.Tensor:
    """The values that weights of convolutions and linear layers have, each once, without the zeros of pruned ones."""
    # biases and normalisation begin alike in every network
    weights = [
        parameter.detach().flatten()
        for parameter in network.parameters()
        if parameter.ndim > 1 and parameter.is_floating_point()
    ]
    values = torch.cat(weights) if weights else torch.zeros(0)
    return values[values != 0].unique()
