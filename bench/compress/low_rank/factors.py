"""Layers replaced by two factors of low rank: which layers, of what rank, and the factors' weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from math import floor
from typing import Any

import numpy as np
import torch
from torch.nn.modules.linear import NonDynamicallyQuantizableLinear

from bench.compress.method import NotApplicable, require_unrounded
from bench.errors import did_you_mean
from bench.footprint.compressed import Compressed
from bench.footprint.structure import low_rank

Factors = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]  # reduce: weight, bias; expand: weight, bias


def ranks(compressed: Compressed, share: float, candidates: Mapping[str, Any]) -> dict[str, int]:
    """Rank by layer: a share of its outputs, rounded down. Layers that are smaller than their factors are left out.

    Args:
        candidates: layers by name.

    Raises:
        NotApplicable: no layer is left, the network was pruned weight by weight, or its weights have a representation
            already.
    """
    _require_dense(compressed)
    shares = {name: max(floor(round(share * layer.weight.shape[0], 9)), 1) for name, layer in candidates.items()}
    smaller = {name: rank for name, rank in shares.items() if _saves(candidates[name], rank)}
    if not smaller:
        raise NotApplicable("no layer of it is larger than its factors would be")
    return smaller


def chosen_ranks(compressed: Compressed, ranks: Mapping[str, int]) -> dict[str, int]:
    """The ranks that are given by layer, checked.

    Raises:
        NotApplicable: as `ranks`; a layer has no factors, or its rank is at least that of its weight.
    """
    _require_dense(compressed)
    candidates = layers(compressed.network, linear=True)
    for name, rank in ranks.items():
        if name not in candidates:
            hint = did_you_mean(name, candidates)
            raise NotApplicable(f"ranks: {name!r} is no ungrouped convolution or linear layer of the network{hint}")
        if rank >= (full := low_rank.full_rank(candidates[name])):
            raise NotApplicable(f"ranks: {name} has rank {full}, so that {rank} does not lower it")
    return dict(ranks)


def layers(network: torch.nn.Module, *, linear: bool) -> dict[str, Any]:
    """Layers that have factors, by name: ungrouped, with a weight that is a parameter and not computed from others.

    Layers with tied weights are left out, which factors would untie, and so is the projection within
    `MultiheadAttention`, whose weight is read without calling it.

    Args:
        linear: linear layers too, not convolutions alone.
    """
    kinds = (*low_rank.CONVOLUTIONS, torch.nn.Linear) if linear else low_rank.CONVOLUTIONS
    modules: dict[str, Any] = dict(network.named_modules())
    uses = Counter(id(parameter) for _, parameter in network.named_parameters(remove_duplicate=False))
    return {
        name: layer
        for name, layer in modules.items()
        if not isinstance(layer, NonDynamicallyQuantizableLinear)
        and all(uses[id(parameter)] == 1 for parameter in layer.parameters(recurse=False))
        and "weight" in dict(layer.named_parameters(recurse=False))
        and isinstance(layer, kinds)
        and getattr(layer, "groups", 1) == 1
    }


def between(network: torch.nn.Module, last: Mapping[str, int], progress: float) -> dict[str, int]:
    """Ranks on the way from full (progress 0) to `last` (progress 1), falling by equal factors."""
    full = {name: low_rank.full_rank(network.get_submodule(name)) for name in last}
    return {name: round(full[name] ** (1 - progress) * rank**progress) for name, rank in last.items()}


def truncated_svd(name: str, layer: Any, rank: int) -> Factors:
    """The factors whose product is the best approximation of the layer's weight of this rank (Eckart and Young).

    They are as good as float32 can hold: the distance to the weight is the smallest up to 1e-7 of the weight's norm.
    """
    # The singular vectors of W on its shorter side are the eigenvectors of WWᵀ, which is a fraction of the work of all
    # of W = USVᵀ: 36 s for AlexNet instead of 116. Squaring loses directions below √ε = 1.5e-8 of the largest singular
    # value; what is kept is WWᵀ's leading space U times the exact UᵀW, so that only these can be mistaken for one
    # another, and float32 holds none of them beside the largest.
    weight = matrix(layer)
    values = weight.cpu().numpy()
    upright = len(values) <= values.shape[1]
    wide = values if upright else values.T
    vectors = np.linalg.eigh(wide @ wide.T)[1][:, : -rank - 1 : -1]
    # UᵀW = SVᵀ is split as U√S and √S Vᵀ: both have the same norm, so that fine-tuning moves both alike
    projected = vectors.T @ wide
    root = np.sqrt(np.linalg.norm(projected, axis=1))
    left, right = vectors * root, projected / np.where(root > 0, root, 1)[:, None]
    reduce, expand = (right, left) if upright else (left.T, right.T)
    bias = weight.new_zeros(len(weight)) if layer.bias is None else layer.bias.detach().double()
    return weight.new_tensor(reduce), weight.new_zeros(rank), weight.new_tensor(expand), bias


def factorised(
    network: torch.nn.Module, ranks: Mapping[str, int], factors: Callable[[str, Any, int], Factors]
) -> torch.nn.Module:
    """A copy of `network` with layers replaced by their factors.

    Args:
        ranks: by layer.
        factors: called with a layer's name, the layer and its rank.
    """
    weights = {name: factors(name, network.get_submodule(name), rank) for name, rank in ranks.items()}
    copy = low_rank.apply(deepcopy(network), dict(ranks))
    with torch.no_grad():
        for name, values in weights.items():
            pair: Any = copy.get_submodule(name)
            targets = (pair.reduce.weight, pair.reduce.bias, pair.expand.weight, pair.expand.bias)
            for target, value in zip(targets, values, strict=True):
                target.copy_(value.reshape(target.shape))
    return copy


def step(ranks: Mapping[str, int]) -> dict[str, Any]:
    """The structural step that gives a fresh network the same factors."""
    return {"kind": "low-rank", "ranks": dict(ranks)}


def merged(original: torch.nn.Module, factorised: torch.nn.Module, names: Iterable[str]) -> torch.nn.Module:
    """A copy of `factorised` with the single layers of `original`, each with the product of its factors as weight."""
    # E(Rx + r) + e = (ER)x + (Er + e): exact for convolutions too, since `expand` is 1×1 and `reduce` has the window
    copy = deepcopy(factorised)
    for name in names:
        pair: Any = factorised.get_submodule(name)
        layer = deepcopy(original.get_submodule(name))
        expand = pair.expand.weight.detach().flatten(1)
        weight = (expand @ pair.reduce.weight.detach().flatten(1)).reshape(layer.weight.shape)
        bias = expand @ pair.reduce.bias.detach() + pair.expand.bias.detach()
        layer.weight, layer.bias = torch.nn.Parameter(weight), torch.nn.Parameter(bias)
        parent, _, child = name.rpartition(".")
        copy.get_submodule(parent).register_module(child, layer)
    return copy


def matrix(layer: Any) -> torch.Tensor:
    """A layer's weight as (Cout, all others) float64."""
    return layer.weight.detach().flatten(1).double()


def _require_dense(compressed: Compressed) -> None:
    require_unrounded(compressed)
    if compressed.masks:
        raise NotApplicable("its weights were pruned one by one: factors are not zero where they were")


def _saves(layer: Any, rank: int) -> bool:
    outputs, inputs = layer.weight.shape[0], layer.weight[0].numel()
    single = outputs * inputs + (outputs if layer.bias is not None else 0)
    return rank <= min(outputs, inputs) and rank * inputs + rank + rank * outputs + outputs < single
