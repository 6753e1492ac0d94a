"""Which modules are normalisations."""

from __future__ import annotations

import torch
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase

from bench.footprint.structure.affine_batchnorm import Affine


def is_batchnorm(module: torch.nn.Module) -> bool:
    """Whether it normalises by running statistics: PyTorch's, or torchvision's frozen one of detection networks."""
    return isinstance(module, _BatchNorm) or type(module).__name__ == "FrozenBatchNorm2d"


def is_normalisation(module: torch.nn.Module) -> bool:
    """Whether its parameters are scales and shifts of channels."""
    kinds = (_NormBase, torch.nn.GroupNorm, torch.nn.LayerNorm, torch.nn.RMSNorm, Affine)
    return isinstance(module, kinds) or is_batchnorm(module)
