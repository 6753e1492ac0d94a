"""What batches are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from bench.training.schedule import Schedule

if TYPE_CHECKING:
    from bench.data import Split


@dataclass(frozen=True)
class Feed:
    """Images, and how a training sees them.

    Attributes:
        split: training images, `StreamedImages` or an array.
        targets: from `Task.targets`, rows taken by a tensor of indices.
        mean, std: of each channel, on the 0..1 scale.
        seed: of order and augmentation.
        layout: of the batches in memory.
        rank: whose share of each batch this is, of the recipe's `devices`.
    """

    split: Split
    targets: Any
    schedule: Schedule
    mean: Sequence[float]
    std: Sequence[float]
    seed: int
    device: torch.device
    layout: torch.memory_format = torch.channels_last
    rank: int = 0
