"""What a cell's networks put out at their blocks, some blocks at a time, so that memory holds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import torch

from bench.data import ImageSet, Split
from bench.data.image_set import Images
from bench.data.split import probe as drawn
from bench.footprint.packed import header_of
from bench.footprint.structure.channel_order import KIND, kept_channels
from bench.runner.cells import _networks as networks
from bench.runner.job import Job
from bench.similarity.probe import Shown
from bench.training.evaluate import normalised_batches
from bench.zoo.networks.activations import Outputs, block_outputs_of, within

HELD = 2**30  # bytes of features of one network at once; one block's may exceed it


class NetworkBlocks:
    """One network of a cell and what its blocks put out.

    Args:
        role: of the network among the cell's parents.
    """

    def __init__(self, job: Job, images: ImageSet, role: str):
        self.job, self.images = job, images
        self.files = job.parents[role]

    @cached_property
    def network(self) -> torch.nn.Module:
        """As its packed file holds it, decoded when it is first needed."""
        return networks.compressed(self.job.spec, self.images, self.files).to(self.job.device)

    def probe(self, layers: Sequence[str]) -> list[Outputs]:
        """What the layers put out for the probe images."""
        return self._outputs(layers, self.images.probe_images)

    def training(self, layers: Sequence[str], widths: Sequence[int]) -> Iterator[tuple[str, list[Outputs]]]:
        """For each layer, what it puts out for the training images that probes learn on, and for validation images."""
        splits = [training_images(self.job, split) for split in (self.images.train, self.images.validation)]
        count = sum(len(split.labels) for split in splits)
        for run in within([4 * width * count for width in widths], HELD):
            some = [layers[number] for number in run]
            sets = [self._outputs(some, split.images) for split in splits]
            for number, layer in enumerate(some):
                yield layer, [outputs[number] for outputs in sets]

    def kept_channels(self, layer: str) -> np.ndarray | None:
        """Which channels of the original each of the layer's is; None if its file doesn't say, or all are in place."""
        kept = kept_channels(self._structure, layer)
        return None if kept is None else np.array(kept, dtype=np.int64)

    @property
    def shares_coordinates(self) -> bool:
        """Whether its channels are the original's: a narrower network that names none of them was trained anew."""
        kinds = {step["kind"] for step in self._structure}
        return "thin-channels" not in kinds or KIND in kinds

    @cached_property
    def _structure(self) -> tuple[dict, ...]:
        return tuple(header_of(self.files["network.innards"]).structure)

    def _outputs(self, layers: Sequence[str], pixels: Images) -> list[Outputs]:
        batches = normalised_batches(pixels, self.images.mean, self.images.std, self.job.device)
        return block_outputs_of(self.network, layers, batches, self.job.spec["features"])


class TrainingOutputs:
    """What a network's layers put out for the training images of probes, run for several layers at a time.

    Args:
        blocks: the network.
        layers, widths: all that may be asked for, in the order in which they will be.
    """

    def __init__(self, blocks: NetworkBlocks, layers: Sequence[str], widths: Sequence[int]):
        self._sets = blocks.training(layers, widths)
        self._layer, self._current = "", list[Outputs]()

    def of(self, layer: str) -> list[Outputs]:
        """For training and validation images, what a layer puts out; layers may be left out, and asked for again."""
        while self._layer != layer:
            self._layer, self._current = next(self._sets)
        return self._current


def training_images(job: Job, split: Split) -> Split:
    """At most as many images as probes may learn on, every class by its share, the same draw for all networks."""
    most = job.spec["training_images"]
    if len(split.labels) <= most:
        return split
    chosen = drawn(split.labels, most, job.spec["training_seed"])
    return split.subset(chosen)


def shown(outputs: Outputs, feature: str, labels: np.ndarray) -> Shown:
    """A layer's features of images with known classes."""
    return Shown(outputs.features[feature], labels)
