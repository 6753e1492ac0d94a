"""How much flows through each weight, from an image of ones to the outputs (SynFlow)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from bench.compress.method import NotApplicable
from bench.compress.pruning.masking import Masks, apply, prunable
from bench.compress.pruning.scores import Scored, derivatives, finite
from bench.footprint.normalisation import is_normalisation

# Functions that pass on their first argument, by name: bounded or curved where a map is positive, or normalising.
BOUNDED = {"clamp", "clip", "hardsigmoid", "hardtanh", "relu6", "sigmoid", "tanh"}
CURVED = {"celu", "elu", "gelu", "hardswish", "mish", "selu", "silu"}
NORMALISING = {"batch_norm", "group_norm", "instance_norm", "layer_norm", "rms_norm"}
PRODUCTS = {"mul", "multiply"}


class SynapticFlow:
    """SynFlow: |w·dR/dw| for the sum R of all outputs for an image of ones, where every parameter is its magnitude.

    Source: Tanaka et al. (2020), Pruning Neural Networks Without Any Data by Iteratively Conserving Synaptic Flow,
    whose networks have no activation but ReLU and initial statistics of batch normalisation, and no gates. See `Linear`
    for what the others mean here.

    Without biases the scores add up to R in every layer that all paths cross, and in layers that share the paths
    together. They grow with the product of all layers' sums of weights, hence float64.

    Args:
        shape: of an image with its batch axis, (1, C, H, W).
    """

    def __init__(self, network: torch.nn.Module, shape: Sequence[int]):
        self.probe = deepcopy(network).eval().double()
        with torch.no_grad():
            for parameter in self.probe.parameters():
                parameter.requires_grad_(False).abs_()
        module: Any
        for module in filter(is_normalisation, self.probe.modules()):
            module.inplace = False  # else its inputs, which the hook passes on, are its outputs already
            module.register_forward_hook(lambda module, inputs, output: inputs[0])
        self.weights = prunable(self.probe)
        for weight in self.weights.values():
            weight.requires_grad_()
        self.ones = torch.ones(*shape, dtype=torch.float64, device=next(iter(self.weights.values())).device)

    def scores(self, masks: Masks) -> Scored:
        """Of the network under `masks`, which never bring back what earlier ones removed; 0 for what they remove.

        Raises:
            NotApplicable: outputs are no tensor, or scores are beyond float64.
        """
        apply(self.probe, masks)
        weights = {name: weight.detach() for name, weight in self.weights.items()}
        with Linear():
            outputs = self.probe(self.ones)
        if not isinstance(outputs, torch.Tensor):
            raise NotApplicable("its outputs are no tensor that could be added up")
        by_weight = derivatives(outputs.sum(), self.weights)
        # in place, since each of these tensors is as large as the network in float64
        return finite({name: by_weight[name].contiguous().mul_(weight).abs_() for name, weight in weights.items()})


class Linear(TorchFunctionMode):
    """Within it, networks are linear in positive maps, and products of two maps divide what flows between both.

    Activations with an upper bound, such as ReLU6 and the sigmoid of a gate, would saturate: behind them no weight
    could change the outputs, and whole layers would score 0. They pass on their inputs, as do activations that bend,
    and normalisations, whose trained statistics would undo the magnitudes.
    """

    # A gate multiplies a map x by u, which is computed from x. In x·u as it is, both factors get all that flows: what
    # comes before would count double at every gate, 2^16 times in an EfficientNet-B0, and x would be squared 16 times,
    # beyond any float. So the larger factor keeps its value, as if the gate were open, and each gets half of the flow:
    # y = x, dR/dx = ½·dR/dy and dR/du = ½·x/u·dR/dy, so that x·dR/dx + u·dR/du = y·dR/dy: the flow is conserved.
    # Where u is 0 all of it goes through x.

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        name = getattr(function, "__name__", "")
        plain = name.removesuffix("_")
        if plain in BOUNDED | CURVED | NORMALISING:
            return args[0] if args else (kwargs or {})["input"]
        if plain in PRODUCTS and len(args) > 1 and all(map(_flows, args[:2])):
            product = _gated(*args[:2])
            return args[0].copy_(product) if name.endswith("_") else product
        return function(*args, **(kwargs or {}))


def _flows(factor: Any) -> bool:
    """Whether it is a map that depends on weights."""
    return isinstance(factor, torch.Tensor) and factor.requires_grad


def _gated(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """The larger of two factors, with half of its gradient going to the other; see `Linear`."""
    map_, gate = (first, second) if first.numel() >= second.numel() else (second, first)
    opened = gate.detach() > 0
    share = torch.where(opened, 0.5, 1.0).to(map_)
    relative = gate / gate.detach().where(opened, 1.0)  # 1, but for its gradient
    return map_ * share + (map_ * (1 - share)).detach() * relative
