"""Statistics of batch normalisation estimated again on training images, after a change of weights."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bench.compress import normalization
from bench.compress.method import Method, NotApplicable
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed


@dataclass(frozen=True)
class Recalibrate(Method):
    """Running means and variances become those of the changed network; no weight changes and nothing is trained.

    For a chain, as `magnitude:sparsity=0.8+recalibrate`, after any change in one shot: published figures of such
    methods often have this step. Statistics are means over batches of 128 images without augmentation, dropout off; a
    rest of fewer images is left out.

    Args:
        images: training images to estimate from; all if there are fewer.
    """

    images: Annotated[int, Field(ge=2)] = 1024

    version = 2  # statistics that are taken again are stored as they are
    family = "control"
    title = "BN recalibration"
    source = "li2020eagleeye"

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        network = deepcopy(compressed.network).eval()
        norms = normalization.running_statistics.normalisations(network)
        if not norms:
            raise NotApplicable(_nothing(compressed))
        batches = normalization.running_statistics.whole_batches(workbench, self.images)
        normalization.running_statistics.take_again(network, batches)
        # statistics that were stored otherwise, as float16, are other numbers now
        taken = tuple(
            f"{name}.running_".removeprefix(".") for name, module in network.named_modules() if module in norms
        )
        kept = {name: one for name, one in compressed.representations.items() if not name.startswith(taken)}
        return compressed.but(network=network, representations=kept)


def _nothing(compressed: Compressed) -> str:
    kinds = {step["kind"] for step in compressed.structure}
    if kinds & {"fold-batchnorm", "affine-batchnorm"}:
        return "a method before it in the chain has folded batch normalisation: no running statistics are left"
    return "it has no batch normalisation with running statistics"
