"""A measure of one's own: `python -m bench similarity a.npz b.npz --measures examples.measure:SpectrumCosine`."""

from dataclasses import dataclass

import numpy as np

from bench.similarity.measure import Measure


@dataclass(frozen=True)
class SpectrumCosine(Measure):
    """Cosine between the singular values of the two sides, each centred."""

    title = "Cosine of spectra"
    range = (0.0, 1.0)
    larger_is_similar = True
    symmetric = True
    invariances = ("permutation", "orthogonal", "isotropic scaling", "translation")

    def compute(self, x, y):
        first, second = (np.linalg.svd(side - side.mean(0), compute_uv=False) for side in (x, y))
        common = min(len(first), len(second))  # the narrower side has no more
        return first[:common] @ second[:common] / (np.linalg.norm(first) * np.linalg.norm(second))
