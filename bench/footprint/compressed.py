"""A network on its way through compression: its weights, how they will be stored, and how to rebuild it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from bench.footprint.representation import Representation

Step = dict[str, Any]  # {"kind": a module of bench.footprint.structure, **its JSON parameters}


@dataclass(frozen=True)
class Compressed:
    """A simulated compressed network, with all that is needed to write it to a file and to rebuild it from there.

    Attributes:
        network: computes as the compressed network does (in float arithmetic, in eval mode).
        structure: the steps that turn a fresh network of the zoo into one with this network's modules, in order.
        representations: how tensors of the network's `state_dict` are stored, by name; all others are stored as
            float32. Decoding a representation gives the tensor in `network` bit for bit.
        masks: by parameter name, True where a weight survives pruning; later methods keep the others at zero.
        activation_bits: width of the stored feature maps at inference.
        history: one row per epoch of fine-tuning, over all methods of the chain.
        entropy_coding: whether symbols are Huffman-coded where that makes them smaller.
        example: one normalised image, (1, C, H, W) float32, with which the network's graph is traced.
    """

    network: torch.nn.Module
    structure: tuple[Step, ...] = ()
    representations: Mapping[str, Representation] = field(default_factory=dict)
    masks: Mapping[str, torch.Tensor] = field(default_factory=dict)
    activation_bits: int = 32
    history: tuple[dict[str, float], ...] = ()
    entropy_coding: bool = False
    example: torch.Tensor | None = None

    def but(self, **changes: Any) -> Compressed:
        """A copy with some attributes replaced."""
        return replace(self, **changes)
