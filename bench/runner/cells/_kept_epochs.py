"""The networks of a cell after every epoch, where its recipe asks for them: files that outlast an interruption."""

from __future__ import annotations

from pathlib import Path

import safetensors.torch
import torch
from torch import nn

from bench.runner.store import Files
from bench.training.checkpoints import Checkpoints

NAME = "epoch-{:04}.safetensors"


class KeptEpochs:
    """Keeps the tensors of each epoch; of a cell that trains several times, its epochs are counted on.

    Args:
        checkpoints: of the cell, in whose folder they wait; in memory if it has none.
    """

    def __init__(self, checkpoints: Checkpoints):
        self.folder: Path | None = checkpoints.folder
        self.checkpoints, self.held = checkpoints, dict[tuple[int, int], bytes]()

    def __call__(self, epoch: int, network: nn.Module) -> None:
        """Keep an epoch of the cell's present training."""
        content = safetensors.torch.save(tensors_of(network))
        place = self.checkpoints.trainings, epoch
        if self.folder is None:
            self.held[place] = content
            return
        file = self.folder / _waiting(*place)
        half = file.with_suffix(".half")
        half.write_bytes(content)
        half.replace(file)

    def files(self) -> Files:
        """All epochs by the names of the cell's files."""
        if self.folder is not None:
            waiting = sorted(self.folder.glob(_waiting("*", "*")))
            contents = [file.read_bytes() for file in waiting]
        else:
            contents = [self.held[place] for place in sorted(self.held)]
        return {NAME.format(number): content for number, content in enumerate(contents, 1)}


def tensors_of(network: nn.Module) -> dict[str, torch.Tensor]:
    """Its tensors by name, each in memory of its own: safetensors refuses tied ones."""
    state = network.state_dict()
    return {
        name: tensor.cpu().contiguous().clone() for name, tensor in state.items() if isinstance(tensor, torch.Tensor)
    }


def _waiting(training: int | str, epoch: int | str) -> str:
    if isinstance(training, str) or isinstance(epoch, str):
        return f"kept-{training}-{epoch}.safetensors"
    return f"kept-{training:04}-{epoch:06}.safetensors"
