"""What a training needs around it, and what it leaves as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from bench.training.layout import computes_channels_last
from bench.training.recipe import Recipe

if TYPE_CHECKING:
    from bench.data import Split


@contextmanager
def repeatable(seed: int, device: torch.device) -> Iterator[None]:
    """Seed the global generators and allow only deterministic algorithms; restore both at the end."""
    gpus = list(range(torch.cuda.device_count())) if device.type == "cuda" else []
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    with torch.random.fork_rng(devices=gpus):
        torch.default_generator.manual_seed(seed)
        if gpus:
            torch.cuda.manual_seed_all(seed)
        cudnn.deterministic, cudnn.benchmark = True, False
        try:
            yield
        finally:
            cudnn.deterministic, cudnn.benchmark = before


def layout_of(network: nn.Module, split: Split, device: torch.device) -> torch.memory_format:
    """Channels last if the network computes in it, since that is faster on CPUs too."""
    example = torch.zeros(1, *split.images.shape[1:], device=device)
    return torch.channels_last if computes_channels_last(network, example) else torch.contiguous_format


def to_training_mode(network: nn.Module, recipe: Recipe) -> None:
    """Training mode, but of batch norms that a recipe leaves as they are."""
    network.train()
    if recipe.batch_norm == "frozen":
        for norm in (module for module in network.modules() if isinstance(module, _BatchNorm)):
            norm.eval()


@contextmanager
def training_mode(network: nn.Module, layout: torch.memory_format, recipe: Recipe) -> Iterator[None]:
    """Training mode in a layout; afterwards eval mode in the usual one."""
    to_training_mode(network.to(memory_format=layout), recipe)
    try:
        yield
    finally:
        network.to(memory_format=torch.contiguous_format).eval()
