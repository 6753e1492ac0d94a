"""Attributions by Captum: which pixels speak for a class, and how much.

All methods explain a logit, never a probability, and keep signs. The baseline of those that need one is the mean
colour, which is 0 in a normalised image.
"""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import captum.attr as captum
import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from bench.diagnose.networks import MAP, Version, seeded
from bench.diagnose.taps import Taps
from bench.zoo.networks.blocks import ACTIVATIONS
from bench.zoo.networks.channels import channels_first
from bench.zoo.networks.plain import copied

AT_ONCE = 256  # images in one forward and backward pass
NOISE = 0.15  # of SmoothGrad, in the images' standard deviations
COMPLETE = 0.05  # share of the output that a relevance propagation may lose
RECENT = 16  # tensors that a call may have rectified
REASON = 200  # characters of an error that are quoted


class CannotExplain(Exception):
    """A method cannot go through this network; the sentence says why."""


@dataclass(frozen=True)
class How:
    """Settings of the methods.

    Attributes:
        steps: of integrated gradients, on the path from the mean colour to the image.
        samples: number of noisy images that SmoothGrad averages over.
        seed: of that noise.
        layer: whose maps Grad-CAM weighs; empty if no layer has more than one position.
    """

    steps: int = 16
    samples: int = 8
    seed: int = 0
    layer: str = ""


def explain(version: Version, method: str, images: torch.Tensor, targets: np.ndarray, how: How) -> np.ndarray:
    """Signed attribution of each image's target class; for a network of the same file computed once per process.

    Args:
        method: a key of `METHODS`.
        images: (n, C, H, W) normalised.
        targets: (n,) int64.

    Returns:
        (n, C, H, W) float32; (n, 1, h, w) for Grad-CAM, at its layer's resolution.

    Raises:
        CannotExplain: the method cannot go through this network, or Captum fails on it.
    """
    shown = (images.detach().cpu().numpy().tobytes(), tuple(targets.tolist()))
    # A refusal is remembered like a map: it takes as long to find out, and the reference comes back with every variant.
    answer = version.once(
        lambda: _explained(version, method, images, torch.from_numpy(targets), how), "explain", method, how, shown
    )
    if isinstance(answer, CannotExplain):
        raise CannotExplain(*answer.args)  # a traceback that grew with every variant would keep its networks alive
    return answer


def _explained(
    version: Version, method: str, images: torch.Tensor, targets: torch.Tensor, how: How
) -> np.ndarray | CannotExplain:
    with version.opened() as network, seeded(how.seed), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Captum's, about hooks and gradients that it sets itself
        try:
            values = METHODS[method](network, images.to(version.device), targets.to(version.device), how)
        except CannotExplain as reason:
            return CannotExplain(*reason.args)
        except Exception as error:  # Captum passes on whatever a network raises
            return CannotExplain(f"{type(error).__name__}: {str(error).partition(chr(10))[0][:REASON]}")
    return values.detach().float().cpu().numpy()


def integrated_gradients(network: nn.Module, images: torch.Tensor, targets: torch.Tensor, how: How) -> torch.Tensor:
    """Path integral of the gradient from the mean colour to the image (Sundararajan et al. 2017, equation 1)."""
    # It is complete: attributions sum to the difference of the logit between image and baseline, up to the error of the
    # quadrature, which is Gauss-Legendre in Captum's default.
    return captum.IntegratedGradients(network).attribute(
        images, 0.0, target=targets, n_steps=how.steps, internal_batch_size=AT_ONCE
    )


def grad_cam(network: nn.Module, images: torch.Tensor, targets: torch.Tensor, how: How) -> torch.Tensor:
    """A layer's maps weighted by their mean gradients (Selvaraju et al. 2017, equation 2), before the ReLU."""
    # The paper's final ReLU is left out: a map that speaks against the class would become blank, and the agreement of a
    # blank map is undefined.
    if not how.layer:
        raise CannotExplain("no block has maps of more than one position")
    with torch.enable_grad(), Taps(network, {how.layer: how.layer}) as taps:
        logits = network(images.detach().requires_grad_())
        maps = taps.seen[how.layer]
        (slopes,) = torch.autograd.grad(logits.gather(1, targets[:, None]).sum(), maps)
    maps, slopes = (channels_first(network, how.layer, values) for values in (maps, slopes))
    if maps.ndim != MAP:
        raise CannotExplain(f"{how.layer} puts out {tuple(maps.shape[1:])} numbers an image, which are no map")
    return (slopes.mean(tuple(range(2, maps.ndim)), keepdim=True) * maps.detach()).sum(1, keepdim=True)


def saliency(network: nn.Module, images: torch.Tensor, targets: torch.Tensor, how: How) -> torch.Tensor:
    """The gradient, signs kept (Simonyan et al. 2014)."""
    return captum.Saliency(network).attribute(images, targets, abs=False)


def smoothgrad(network: nn.Module, images: torch.Tensor, targets: torch.Tensor, how: How) -> torch.Tensor:
    """The mean gradient under noise (Smilkov et al. 2017), the same noise for every network."""
    # The gradient of a network of ReLUs jumps from one linear region to the next. Its mean over a neighbourhood says
    # what holds around the image. The noise comes from the global generator, which `explain` seeds: with other noise,
    # two networks would differ by the draw.
    return captum.NoiseTunnel(captum.Saliency(network)).attribute(
        images,
        nt_type="smoothgrad",
        nt_samples=how.samples,
        nt_samples_batch_size=max(1, AT_ONCE // len(images)),
        stdevs=NOISE,
        target=targets,
        abs=False,
    )


def occlusion(network: nn.Module, images: torch.Tensor, targets: torch.Tensor, how: How) -> torch.Tensor:
    """Loss of the logit when a square of an eighth of the side becomes the mean colour (Zeiler and Fergus 2014)."""
    side = max(2, images.shape[-1] // 8)
    step = max(1, 3 * side // 4)  # squares overlap by a quarter
    return captum.Occlusion(network).attribute(
        images,
        (images.shape[1], side, side),
        strides=(images.shape[1], step, step),
        baselines=0.0,
        target=targets,
        perturbations_per_eval=max(1, AT_ONCE // len(images)),
    )


def guided_backprop(network: nn.Module, images: torch.Tensor, targets: torch.Tensor, how: How) -> torch.Tensor:
    """The gradient with negative parts dropped at every ReLU (Springenberg et al. 2015)."""
    # Captum hooks modules of type ReLU and nothing else. A functional ReLU or another activation is passed as in a
    # plain backward pass; a network without any such module would get its plain gradient under this method's name.
    if not any(isinstance(module, nn.ReLU) for module in network.modules()):
        raise CannotExplain("it has no ReLU module, and the map would be a plain gradient")
    functions = _functional_relus(network, images[:1])
    if functions:
        raise CannotExplain(f"{functions} of its ReLUs are functions, through which the gradient would pass unguided")
    return captum.GuidedBackprop(network).attribute(images, targets)


class _Relus(TorchFunctionMode):
    """Counts the calls of functions that rectify, outside of activation modules.

    Attributes:
        inside: how many activation modules are running.
    """

    # A ReLU has a dozen names, and can be written without any: where(x > 0, x, 0), x * (x > 0), x[x < 0] = 0. So a
    # call rectifies, too, if it returns relu(x) of a tensor x of a few calls before, and was not given just that.

    def __init__(self) -> None:
        super().__init__()
        self.count = self.inside = 0
        self._rectified: deque[torch.Tensor] = deque(maxlen=RECENT)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if self.inside or name.startswith("__get"):
            return func(*args, **kwargs)
        tensors = [value for value in (*args, *kwargs.values()) if isinstance(value, torch.Tensor)]
        for tensor in tensors:
            self._keep(tensor)
        new = [kept for kept in self._rectified if not any(_equal(tensor, kept) for tensor in tensors)]
        by_name = _rectifies(name.strip("_"), args, kwargs)
        result = func(*args, **kwargs)
        written = args[0] if name == "__setitem__" else result
        self.count += by_name or any(_equal(written, kept) for kept in new)
        return result

    def _keep(self, tensor: torch.Tensor) -> None:
        """Remember what a rectifier would make of a tensor, unless it would change nothing."""
        if tensor.is_floating_point() and tensor.ndim > 1 and bool((tensor < 0).any()):
            rectified = tensor.detach().relu()
            if not any(_equal(rectified, kept) for kept in self._rectified):
                self._rectified.append(rectified)


def _equal(one: Any, other: torch.Tensor) -> bool:
    return isinstance(one, torch.Tensor) and one.shape == other.shape and torch.equal(one, other)


def _rectifies(name: str, args: Any, kwargs: Any) -> bool:
    """Whether a function cuts off what is below zero."""
    if name in ("relu", "relu6"):
        return True
    if name in ("clamp", "clip", "clamp_min", "threshold", "hardtanh"):
        lowest = next((kwargs[key] for key in ("min", "min_val", "threshold") if key in kwargs), None)
        return _is_zero(lowest if lowest is not None else args[1] if len(args) > 1 else None)
    compared = [value for value in (*args, *kwargs.values()) if isinstance(value, torch.Tensor)]
    return name in ("maximum", "max") and len(compared) > 1 and any(map(_is_zero, compared))


def _is_zero(value: Any) -> bool:
    if isinstance(value, torch.Tensor):
        return bool((value == 0).all())
    return isinstance(value, int | float) and not isinstance(value, bool) and value == 0


def _functional_relus(network: nn.Module, image: torch.Tensor) -> int:
    """How many ReLUs of a forward pass belong to no module."""
    functions = _Relus()

    def enter(*_: object) -> None:
        functions.inside += 1

    def leave(*_: object) -> None:
        functions.inside -= 1

    modules = [module for module in network.modules() if isinstance(module, ACTIVATIONS)]
    handles = [module.register_forward_pre_hook(enter) for module in modules]
    handles += [module.register_forward_hook(leave) for module in modules]
    try:
        with torch.no_grad(), functions:
            network(image)
    finally:
        for handle in handles:
            handle.remove()
    return functions.count


def lrp(network: nn.Module, images: torch.Tensor, targets: torch.Tensor, how: How) -> torch.Tensor:
    """Layer-wise relevance propagation (Bach et al. 2015); refused if relevance is not conserved."""
    # Each layer hands the relevance of its outputs to its inputs in proportion to their contributions, so that every
    # layer's relevance sums to the logit. Captum does this by hooks on modules: an addition or a functional call
    # between modules (a residual shortcut) has no rule, and relevance is then doubled or lost there. The sum over the
    # image shows it; biases and the stabiliser take a little too, hence the tolerance.
    network = copied(network)  # Captum leaves its hooks and rules on a network that it cannot go through
    relevance, lost = captum.LRP(network).attribute(images, target=targets, return_convergence_delta=True)
    with torch.no_grad():
        output = network(images).gather(1, targets[:, None])[:, 0]
    share = (lost.abs().sum() / output.abs().sum().clamp_min(1e-12)).item()
    if not share <= COMPLETE:
        lost_share = f"{share:.0%}" if share < 1 else "more than all"
        raise CannotExplain(f"relevance is not conserved: {lost_share} of the output is lost on the way")
    return relevance


METHODS: dict[str, Callable[[nn.Module, torch.Tensor, torch.Tensor, How], torch.Tensor]] = {
    "integrated-gradients": integrated_gradients,
    "grad-cam": grad_cam,
    "saliency": saliency,
    "smoothgrad": smoothgrad,
    "occlusion": occlusion,
    "guided-backprop": guided_backprop,
    "lrp": lrp,
}
