"""Look inside: how like are a compressed network's layers and predictions to the original's and to the controls'?"""

from __future__ import annotations

import numpy as np

from bench.data import ImageSet
from bench.diagnose import predictions
from bench.runner.cells import Epoch
from bench.runner.cells import _networks as networks
from bench.runner.cells._files import finite, from_npz, to_npz
from bench.runner.job import Job
from bench.runner.store import Files, to_json
from bench.similarity.layers import Grams
from bench.zoo._activations import block_activations
from bench.zoo._blocks import block_outputs


def run(job: Job, images: ImageSet, epoch: Epoch) -> Files:
    """Layer by layer similarity to every reference, and how the predictions differ from the original's."""
    layers = block_outputs(networks.fresh(job.spec, images))
    arrays = {"layers": np.array(layers)}
    own = _grams(job, images, "compressed", layers)
    for reference in sorted(set(job.parents) - {"compressed"}):
        others = _grams(job, images, reference, layers)
        for feature in job.spec["features"]:
            arrays.update(_similarity(f"{feature}.{reference}", others[feature], own[feature]))
    logits = {role: from_npz(files["predictions.npz"])["test_logits"] for role, files in job.parents.items()}
    metrics = predictions.compare(logits, images.test.labels)
    return {"similarity.npz": to_npz(arrays), "metrics.json": to_json(finite(metrics))}


def _grams(job: Job, images: ImageSet, role: str, layers: tuple[str, ...]) -> dict[str, Grams]:
    """Grams of all layers of one network, by convention of the features."""
    network = networks.compressed(job.spec, images, job.parents[role]).to(job.device)
    pixels = images.test.images[images.probe]
    activations = block_activations(network, layers, pixels, images.mean, images.std, job.device)
    return {
        feature: Grams.of([as_features(layer, feature) for layer in activations]) for feature in job.spec["features"]
    }


def as_features(activations: np.ndarray, convention: str) -> np.ndarray:
    """A layer's activations as rows of features, (n, d) float32.

    Args:
        activations: (n, C, H, W), or (n, d) which stays as it is.
        convention: "pooled" takes the mean over positions (n, C), "flattened" keeps all (n, C*H*W).
    """
    if activations.ndim > 2 and convention == "pooled":
        return activations.mean(axis=tuple(range(2, activations.ndim)))
    return activations.reshape(len(activations), -1)
