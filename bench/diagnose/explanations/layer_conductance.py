"""Conductance of all blocks in one pass."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from bench.diagnose.networks import Version, outputs
from bench.diagnose.taps import Taps
from bench.zoo.networks.channels import channels_first

AT_ONCE = 256  # images in one forward and backward pass


def conductances(
    version: Version, layers: Sequence[str], images: torch.Tensor, targets: np.ndarray, steps: int
) -> dict[str, np.ndarray]:
    """Conductance of each channel of each layer: how much of the logit's change flows through it.

    Σₖ ∂F/∂y(xₖ)·(y(xₖ₊₁) - y(xₖ)) on the straight path from the mean colour to the image, summed over positions
    (Dhamdhere et al. 2019, equation 4). Captum's LayerConductance gives the same with `riemann_trapezoid`, one layer at
    a time.

    Args:
        images: (n, C, H, W) normalised.
        targets: (n,) int64.
        steps: of the path.

    Returns:
        (n, channels) float32 by layer, logits.

    Raises:
        LookupError: a layer does not exist or is not called.
    """
    shown, classes = images.to(version.device), torch.from_numpy(targets).to(version.device)
    with version.opened() as network:
        outputs(network, layers, shown[:1])  # refuses layers that are not there, before anything is computed
        return conductances_of(network, layers, shown, classes, steps)


def conductances_of(
    network: nn.Module, layers: Sequence[str], images: torch.Tensor, targets: torch.Tensor, steps: int
) -> dict[str, np.ndarray]:
    """See `conductances`; of a network that is held still, images and targets on its device."""
    size = max(1, AT_ONCE // (steps + 1))
    batches = zip(images.split(size), targets.split(size))
    parts = [_of_batch(network, layers, shown, classes, steps) for shown, classes in batches]
    return {layer: np.concatenate([part[layer] for part in parts]) for layer in layers}


def _of_batch(
    network: nn.Module, layers: Sequence[str], images: torch.Tensor, targets: torch.Tensor, steps: int
) -> dict[str, np.ndarray]:
    # All points of all paths pass as one batch, and one backward pass gives the gradients at every layer: in eval mode
    # images do not mix, so the gradient of the summed logits is each image's own. The mean colour is 0 in a normalised
    # image, so the straight path to an image is its multiples.
    points = steps + 1
    path = torch.linspace(0, 1, points, device=images.device)
    shown = (path[:, None, None, None, None] * images).flatten(0, 1).requires_grad_()
    with torch.enable_grad(), Taps(network, {layer: layer for layer in layers}) as taps:
        logits = network(shown)
        values = [taps.seen[layer] for layer in layers]
        chosen = logits.gather(1, targets.repeat(points)[:, None]).sum()
        slopes = torch.autograd.grad(chosen, values, allow_unused=True, materialize_grads=True)
    flows = zip(layers, *([channels_first(network, *pair) for pair in zip(layers, of)] for of in (values, slopes)))
    return {layer: _summed(value.detach(), slope, points) for layer, value, slope in flows}


def _summed(value: torch.Tensor, slope: torch.Tensor, points: int) -> np.ndarray:
    y, gradient = (tensor.unflatten(0, (points, -1)) for tensor in (value, slope))
    flow = ((y[1:] - y[:-1]) * gradient[:-1]).sum(0)
    return flow.flatten(2).sum(2).float().cpu().numpy() if flow.ndim > 2 else flow.float().cpu().numpy()
