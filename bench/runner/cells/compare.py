"""Look inside: how like are a compressed network's layers and predictions to the original's and to the controls'?"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping

import numpy as np

from bench.data import ImageSet
from bench.folders import checksum
from bench.remember import once
from bench.roles import COMPRESSED
from bench.runner.cells import Epoch
from bench.runner.cells import _networks as networks
from bench.runner.cells._files import finite, from_npz, to_npz
from bench.runner.job import Job
from bench.runner.store import Files, to_json
from bench.similarity.layers import Grams, LayerMap, pairwise
from bench.task import Predictions, of_cell
from bench.training import evaluate
from bench.zoo.networks.activations import as_features, block_activations
from bench.zoo.networks.blocks import block_outputs


def run(job: Job, images: ImageSet, epoch: Epoch) -> Files:
    """Similarity of all pairs of layers to every reference, and how the predictions differ from the original's."""
    # All references are compared at the outputs of the same blocks. Their names are those of the uncompressed
    # architecture, which packed networks keep even when channels are gone.
    layers = once(("blocks", *_setting(job, images)), lambda: block_outputs(networks.fresh(job.spec, images)))
    compressed = _grams(job, images, COMPRESSED, layers)
    arrays = {"layers": np.array(layers)}
    for reference in sorted(set(job.parents) - {COMPRESSED}):
        references = _grams(job, images, reference, layers)
        for feature, grams in compressed.items():
            arrays.update(_arrays(f"{feature}.{reference}", pairwise(references[feature], grams)))
    predictions = {role: _predictions(files) for role, files in job.parents.items()}
    metrics = of_cell(job.spec).compare(predictions, images.test)
    return {"similarity.npz": to_npz(arrays), "metrics.json": to_json(finite(metrics))}


def _predictions(files: Files) -> Predictions:
    """Predictions on the test images, by the names that the task gave them."""
    arrays = from_npz(files["predictions.npz"])
    return {name.removeprefix("test_"): array for name, array in arrays.items() if name.startswith("test_")}


# The references come back with every variant of a network, this cell's compressed network does not: it alone is not
# kept in memory. (It may be there all the same, where it is a control, to which other variants are compared.) The key
# holds everything that decides the Grams: the packed file, by its checksum, and what it is decoded into, shown and
# computed with. The role is no part of it, so memory can never pass off one network's Grams as another's.
def _grams(job: Job, images: ImageSet, role: str, layers: tuple[str, ...]) -> Mapping[str, Grams]:
    """Grams of all layers of one network on the probe images, by convention of the features; not to be written to."""
    file = checksum(job.parents[role]["network.innards"])
    key = ("grams", file, layers, *_setting(job, images))
    return once(key, lambda: _computed(job, images, role, layers), keep=role != COMPRESSED)


def _setting(job: Job, images: ImageSet) -> tuple[Hashable, ...]:
    """All that a result depends on besides the parents' files: the cell's own spec, the images, the device."""
    return json.dumps(job.spec, sort_keys=True), images.fingerprint, job.device


def _computed(job: Job, images: ImageSet, role: str, layers: tuple[str, ...]) -> Mapping[str, Grams]:
    network = networks.compressed(job.spec, images, job.parents[role]).to(job.device)
    pixels = images.test.images[images.probe]
    batches = evaluate.normalised_batches(pixels, images.mean, images.std, job.device)
    activations = block_activations(network, layers, batches)
    return {feature: Grams([as_features(layer, feature) for layer in activations]) for feature in job.spec["features"]}


def _arrays(prefix: str, similarities: LayerMap) -> dict[str, np.ndarray]:
    """Rows are the reference's layers, columns the compressed network's; the last two are of the diagonal alone."""
    return {
        f"{prefix}.value": similarities.value,
        f"{prefix}.low": similarities.low,
        f"{prefix}.high": similarities.high,
        f"{prefix}.effective_n": similarities.n_eff,
        f"{prefix}.z": np.asarray(similarities.z),
        f"{prefix}.influence": np.asarray(similarities.influence),
    }
