"""Invented contents of a comparison's `similarity.npz`: every measure of the battery, consistent with one distance."""

from __future__ import annotations

import zlib

import numpy as np

FEATURES = ("pooled", "flattened")
MEASURES = ("debiased-cka", "angular-shape", "svcca", "pwcca", "knn-jaccard", "rsa", "cross-probe")
MAPS = ("debiased-cka",)

# What a measure says of two equal insides, how far it moves with the distance (1 - CKA), and its worst. All move in
# proportion, so that a network is as far away in seed-equivalents whichever measure is asked.
SCALES = {
    "debiased-cka": (1.0, -1.0, -0.05),
    "angular-shape": (0.0, 1.8, np.pi / 2),
    "svcca": (1.0, -0.8, 0.0),
    "pwcca": (1.0, -0.7, 0.0),
    "knn-jaccard": (1.0, -1.1, 0.0),
    "rsa": (1.0, -1.05, -0.05),
}


def similarity(
    model: str, seed: int, label: str, distance: float, lost: float, blocks: int, n: int
) -> dict[str, np.ndarray]:
    """The arrays of one comparison with the original, in both conventions.

    Args:
        distance: 1 - CKA of the last block, mean over seeds; 0 makes every block identical.
        lost: share of images that the original's probe loses on the last block.
        blocks, n: how many blocks and probe images.
    """
    arrays: dict[str, np.ndarray] = {
        "layers": np.array([f"stage{i}" for i in range(blocks)]),
        "identical": np.full(blocks, distance == 0.0),
    }
    for feature in FEATURES:
        depth = np.linspace(0.25, 1.0, blocks) * (1.3 if feature == "flattened" else 1.0)
        # A seed scatters all measures of a network alike, and each a little by itself.
        scatter = _random("seed", model, seed, label, feature).normal(0, 0.1, blocks)
        for measure in SCALES:
            found = _measured(measure, (model, seed, label, feature), distance * depth, scatter, n)
            arrays |= {f"{feature}/{measure}/{key}": value for key, value in found.items()}
        probed = _probed(model, seed, label, feature, np.clip(lost * depth, 0.0, 0.85), n)
        arrays |= {f"{feature}/cross-probe/{key}": value for key, value in probed.items()}
        arrays[f"{feature}/debiased-cka/map"] = _map(arrays[f"{feature}/debiased-cka/value"])
    return arrays


def _measured(
    measure: str, name: tuple[object, ...], distances: np.ndarray, scatter: np.ndarray, n: int
) -> dict[str, np.ndarray]:
    best, slope, worst = SCALES[measure]
    own = _random(measure, *name).normal(0, 0.06, len(distances))
    distance = distances * np.exp(scatter + own)
    value = np.clip(best + slope * distance, *sorted((best, worst)))
    # Images that are hard for a block are so for every variant and seed; their influence grows with the distance.
    shared = _random("images", measure, name[0], name[-1]).standard_t(8, (len(distances), n))
    influence = slope * distance[:, None] * (0.5 * shared + 0.4 * _random("own", measure, *name).normal(size=(1, n)))
    influence -= influence.mean(axis=1, keepdims=True)
    half = 2.0 * np.sqrt((influence**2).sum(axis=1) / (n * (n - 1)))
    low, high = value - half, value + half
    limits = sorted((best, worst))
    return {
        "value": value,
        "low": np.maximum(low, limits[0]),
        "high": np.minimum(high, limits[1]),
        "influence": influence.astype(np.float32),
    }


def _probed(model: str, seed: int, label: str, feature: str, lost: np.ndarray, n: int) -> dict[str, np.ndarray]:
    blocks = len(lost)
    original = _random("probe", model, seed, feature).random((blocks, n)) < 0.95
    random = _random("cross-probe", model, seed, label, feature)
    compressed = original.copy()
    for block, share in enumerate(lost):
        changed = random.binomial(n, min(share * 1.2, 1.0)) if share > 0 else 0
        flipped = random.permutation(np.flatnonzero(original[block]))[:changed]
        compressed[block, flipped] = False
        # A few wrong answers become right as well, so that the loss is a difference of two kinds of changes.
        gained = random.permutation(np.flatnonzero(~original[block]))[: round(0.15 * changed)]
        compressed[block, gained] = True
    losses = original.astype(np.float64) - compressed
    value = losses.mean(axis=1)
    half = 2.0 * losses.std(axis=1, ddof=1) / np.sqrt(n)
    return {
        "value": value,
        "low": value - half,
        "high": value + half,
        "influence": (losses - value[:, None]).astype(np.float32),
        "right": np.stack([original, compressed]),
        "kind": np.full(blocks, "shared"),
    }


def _map(diagonal: np.ndarray) -> np.ndarray:
    blocks = np.arange(len(diagonal))
    value = np.sqrt(np.abs(np.outer(diagonal, diagonal))) * np.exp(-0.45 * np.abs(np.subtract.outer(blocks, blocks)))
    np.fill_diagonal(value, diagonal)
    return value


def _random(*parts: object) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(repr([str(part) for part in parts]).encode()))
