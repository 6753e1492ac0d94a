"""Learning curves, speed and first filters of a cell, as TensorBoard reads them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from bench.training.loop import Watch

PADDING = 1  # pixels between filters


def write(history: Sequence[Mapping[str, float | None]], folder: Path) -> None:
    """Write an event file with one curve per column of a history; no file for an empty history.

    Args:
        history: one row per epoch, see `bench.training.loop.train`. The step is the row's number and not its epoch,
            which starts at 1 again when one training follows another.
        folder: made if it does not exist. An event file's name holds the time and the host, so it is no result.
    """
    if not history:
        return
    with SummaryWriter(str(folder)) as events:
        for step, row in enumerate(history, start=1):
            _add_row(events, row, step)


def watch(folder: Path, channels: int) -> Watch | None:
    """What writes an event file while a cell trains: curves, images per second and the first filters of each epoch.

    Args:
        channels: of the images.

    Returns:
        None if the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        events = SummaryWriter(str(folder))
    except OSError as error:  # on another machine, say; curves are written after the run then
        logging.getLogger(__name__).warning("%s cannot be written: %s", folder, error.strerror)
        return None
    steps = 0

    def add(row: Mapping[str, float], images_per_second: float, network: nn.Module) -> None:
        nonlocal steps
        steps = max(steps + 1, int(row["epoch"]))  # a training that goes on begins with a later epoch
        _add_row(events, row, steps)
        events.add_scalar("images_per_second", images_per_second, steps)
        filters = first_filters(network, channels)
        if filters is not None:
            events.add_image("first_filters", filters, steps)
        events.flush()

    return add


def _add_row(events: SummaryWriter, row: Mapping[str, float | None], step: int) -> None:
    for name, value in row.items():
        if name != "epoch" and value is not None:
            events.add_scalar(name, value, step)


def first_filters(network: nn.Module, channels: int) -> torch.Tensor | None:
    """Filters of the first convolution that sees all channels, side by side; None if there is none.

    Each is stretched to its own range. Filters of images that are neither gray nor in colour are averaged over
    channels.

    Returns:
        (1 or 3, height, width) from 0 to 1.
    """
    # The stored weight alone: what a method computes from it may draw random numbers, which would change the training.
    weights = (
        module._parameters.get("weight")
        for module in network.modules()
        if isinstance(module, nn.Conv2d) and module.groups == 1 and module.in_channels == channels
    )
    weight = next(weights, None)
    if weight is None:
        return None
    filters = weight.detach().float().cpu()
    if channels not in (1, 3):
        filters = filters.mean(1, keepdim=True)
    lowest, highest = (find(filters, (1, 2, 3), keepdim=True) for find in (torch.amin, torch.amax))
    filters = (filters - lowest) / (highest - lowest).clamp(min=1e-12)
    columns = max(1, round(len(filters) ** 0.5))
    rows = -(-len(filters) // columns)
    height, width = (size + PADDING for size in filters.shape[2:])
    sheet = torch.ones(filters.shape[1], rows * height - PADDING, columns * width - PADDING)
    for number, one in enumerate(filters):
        top, left = number // columns * height, number % columns * width
        sheet[:, top : top + one.shape[1], left : left + one.shape[2]] = one
    return sheet
