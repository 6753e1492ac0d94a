"""Weights removed one at a time while the rest make up for them (optimal brain surgery, Frantar et al. 2022)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from bench.compress import pruning, quantization, reconstruction
from bench.compress.method import Method, require_unrounded
from bench.compress.methods._reconstructing import Images
from bench.compress.workbench import Workbench
from bench.footprint.compressed import Compressed

if TYPE_CHECKING:
    import torch

    from bench.compress.reconstruction.layer import Layer


@dataclass(frozen=True)
class ObsPrune(Method):
    """Removes from each layer the weights whose absence changes its outputs least, and refits all others to make up.

    Layers are pruned from first to last, each on the outputs of those pruned before, on training images without labels.
    Nothing is trained; its authors estimate batch normalisation again afterwards, as `recalibrate` does. Layers with
    more than 1,024 weights per filter are refused. Transposed convolutions stay as they are.

    Args:
        sparsity: share of each layer's weights that becomes zero, rounded down.
        pattern: instead, 2 of 4 (1 of 4, 4 of 8) neighbours along the input channels stay, at each kernel position.
        damping: share of the Hessian's mean diagonal that is added to its diagonal; more where it has no inverse.
        images: number of training images.
    """

    sparsity: Annotated[float, Field(ge=0, lt=1)] = 0.5
    pattern: Literal["none", "1:4", "2:4", "4:8"] = "none"
    damping: Annotated[float, Field(ge=0, le=1)] = 0.0
    images: Images = 256

    version = 2
    family = "pruning"
    title = "OBS pruning"
    source = "frantar2022obc"
    searched: ClassVar = {"sparsity": (0.3, 0.5, 0.6, 0.7, 0.8, 0.9)}

    def __call__(self, compressed: Compressed, workbench: Workbench) -> Compressed:
        """See Method."""
        require_unrounded(compressed)
        passed = reconstruction.forward_pass
        grids = passed.grids(
            compressed,
            workbench.example,
            quantization.integers.Grid(8, True),
            columns=reconstruction.optimal_brain.COLUMNS,
        )
        first, _, second = self.pattern.partition(":")
        pattern = (int(first), int(second)) if second else None
        prune = partial(reconstruction.surgeon.pruned, sparsity=self.sparsity, pattern=pattern, damping=self.damping)
        masks: dict[str, torch.Tensor] = {}

        def fit(layer: Layer) -> torch.Tensor:
            weight = prune(layer)
            masks[layer.name] = weight != 0
            return weight

        result = passed.quantized(compressed, workbench, grids, self.images, fit)
        return result.but(masks=pruning.masking.joined(masks, compressed.masks))
