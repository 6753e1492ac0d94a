"""The filters that look at the image itself."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from bench.diagnose.taps import Passed


def first_filters(network: nn.Module, image: torch.Tensor) -> np.ndarray:
    """The first convolution's filters, each multiplied by the factor that a batch norm right behind it applies.

    Compressed networks have their batch norms folded; with the factor, folded and unfolded filters have one scale.

    Args:
        image: (1, C, H, W) normalised.

    Returns:
        (filters, C, k, k) float32.

    Raises:
        LookupError: no convolution sees all channels of the image.
    """
    modules = {
        name: module for name, module in network.named_modules() if isinstance(module, nn.Conv2d | nn.BatchNorm2d)
    }
    # The batch norm behind a convolution is found by identity: the tensor that it is given is the very one that the
    # convolution put out. This needs no tracing and holds whatever the modules are called.
    with torch.no_grad(), Passed(network, modules) as passed:
        network(image)
    for name, (put_out, *_) in passed.outputs.items():
        module = modules[name]
        if isinstance(module, nn.Conv2d) and module.groups == 1 and module.in_channels == image.shape[1]:
            filters = module.weight.detach()
            behind = [other for other, taken in passed.inputs.items() if any(put_out.is_same(each) for each in taken)]
            return (filters * _factor(modules[behind[0]]) if behind else filters).float().cpu().numpy()
    raise LookupError("no convolution sees all channels of the image")


def _factor(norm: nn.Module) -> torch.Tensor | float:
    """γ / √(σ² + ε) for each filter; 1 if the module normalises by no running statistics."""
    if not isinstance(norm, nn.BatchNorm2d) or norm.running_var is None:
        return 1.0
    gain = norm.weight if norm.weight is not None else torch.ones_like(norm.running_var)
    return (gain / (norm.running_var + norm.eps).sqrt()).detach()[:, None, None, None]
