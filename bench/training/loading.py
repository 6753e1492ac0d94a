"""Images decoded by worker processes while a network computes."""

# What a worker does to an image depends on its number and epoch alone, and batches come back in the order in which they
# were asked for. The number of workers changes the time that a batch takes, and never a byte of it.

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from bench.data import streamed
from bench.data.streamed import StreamedImages
from bench.errors import InputError

PER_GPU = 16  # workers at most that decode for one GPU
PREFETCHED = 2  # batches that each worker has ready

Numbers = list[tuple[int, int]]  # of a batch's images: the epoch, and the number in the data set
Pixels = torch.Tensor | list[torch.Tensor]  # of a batch: (b, C, H, W), or (C, H, W) each of images of any size


def in_order(images: StreamedImages, batch_size: int, device: torch.device) -> Iterator[Pixels]:
    """All images at their validation transform, on the device."""
    numbering = Numbering([images.numbers[start : start + batch_size] for start in range(0, len(images), batch_size)])
    few = len(numbering) < 2  # for which no worker is worth starting
    batches = loader(Seen(images), numbering, 0 if few else images.workers, device, persistent=False)
    return (moved(batch, device) for batch in batches)


class Numbering:
    """Which images the next batches are of.

    Attributes:
        batches: numbers of the images of each, (b,) int64.
        epoch: that they belong to.
    """

    def __init__(self, batches: Sequence[np.ndarray] = (), epoch: int = 0):
        self.batches, self.epoch = batches, epoch

    def __iter__(self) -> Iterator[Numbers]:
        epoch = self.epoch
        return ([(epoch, number) for number in numbers.tolist()] for numbers in self.batches)

    def __len__(self) -> int:
        return len(self.batches)


class Seen:
    """Images by their number, at the validation transform; whole ones as they are."""

    def __init__(self, images: StreamedImages):
        self.reader, self.transform, self.whole = images.reader, images.transform, images.whole

    def __len__(self) -> int:
        return len(self.reader)

    def __getitems__(self, wanted: Numbers) -> Pixels | InputError:
        # An error from another process would come back as another, with the worker's lines: a mistake of the user's
        # goes through the queue in place of its batch.
        try:
            images = [self.image(epoch, number) for epoch, number in wanted]
            if self.whole:
                return images
            shapes = {tuple(image.shape) for image in images}
            if len(shapes) > 1:
                raise InputError(f"images of {sorted(shapes)[:2]} make no batch: give center_crop or a random crop")
            return torch.stack(images)
        except InputError as error:
            return error

    def image(self, epoch: int, number: int) -> torch.Tensor:
        """(C, H, W) uint8."""
        image = self.reader(number)
        return image if self.whole else streamed.apply(self.transform, image)


def loader(
    dataset: Seen, numbering: Numbering, workers: int | None, device: torch.device, *, persistent: bool = True
) -> DataLoader:
    """Batches of a data set, from this process or from workers.

    Args:
        workers: processes that decode. By default a GPU has its share of the cores, and a CPU none: its cores are busy
            with networks, so that decoding in the same process is as fast.
        persistent: whether the workers wait for the next epoch.
    """
    if workers is None:
        cores = len(os.sched_getaffinity(0))
        workers = min(PER_GPU, cores // max(1, torch.cuda.device_count())) if device.type == "cuda" else 0
    of_workers: dict[str, Any] = {}
    if workers:
        # A forked process would inherit locks of this one's threads; a spawned one takes seconds to import torch. The
        # server has imported it once and forks from itself alone.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["bench.training.streaming"])
        of_workers = {
            "multiprocessing_context": context,
            "persistent_workers": persistent,
            "prefetch_factor": PREFETCHED,
        }
    return DataLoader(
        dataset,  # type: ignore[arg-type]
        batch_sampler=numbering,
        collate_fn=_as_it_is,
        num_workers=workers,
        pin_memory=device.type == "cuda",
        generator=torch.Generator(),  # not the global one, from which dropout draws
        **of_workers,
    )


def moved(batch: Pixels | InputError, device: torch.device) -> Pixels:
    """A batch on the device.

    Raises:
        InputError: a file of it could not be used.
    """
    if isinstance(batch, InputError):
        raise batch
    if isinstance(batch, list):
        return [image.to(device, non_blocking=True) for image in batch]
    return batch.to(device, non_blocking=True)


def _as_it_is(batch: Any) -> Any:
    return batch
