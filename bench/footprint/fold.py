"""Batch normalisation as it is stored: folded into the layer before it, or merged to a scale and a shift."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch.nn import functional

from bench.footprint.compressed import Compressed
from bench.footprint.representation import Float, Representation
from bench.footprint.structure import affine_batchnorm, fold_batchnorm, simulates
from bench.footprint.structure._modules import is_batchnorm
from bench.footprint.trace import Call, Trace, trace


def finish(compressed: Compressed) -> Compressed:
    """Fold every batch normalisation that can be folded, and merge the others: no running statistics are left to store.

    A normalisation is folded into a convolution or linear layer if it alone reads that layer's output, and the layer's
    weight is stored as float32, or as integers whose step is then multiplied, filter by filter. Any other is merged to
    the scale and the shift that it computes at inference. One without running statistics stays, as does one whose
    statistics the forward pass of another module reads. The network
    computes the same up to rounding (relative 1e-6); pruned weights stay zero. Methods that round otherwise call this
    before. A second call does nothing, nor does one once feature maps have quantisers.

    Raises:
        ValueError: there is a normalisation to fold and no `compressed.example` to trace the network by.
    """
    # At inference y = γ(x - μ)/√(σ² + ε) + β is an affine map per channel, y = s·x + t with s = γ/√(σ² + ε) and
    # t = β - s·μ. After a layer x = Wz + b it folds: W' = s·W per output channel, and b' = s·b + t.
    if any(map(simulates, compressed.structure)):
        return compressed
    normalisations = _mergeable(compressed.network)
    if not normalisations:
        return compressed
    if compressed.example is None:
        raise ValueError("batch normalisation is folded along the graph: give `Compressed` an `example`")
    network = deepcopy(compressed.network)
    traced = trace(network, compressed.example)
    elsewhere = _read_elsewhere(traced)
    normalisations = [name for name in normalisations if name not in elsewhere]
    whole = [name for name in _foldable(network) if name not in elsewhere]
    layers = [name for name in whole if _is_float32(compressed, _child(name, "bias"))]
    pairs = _pairs(traced, network, layers, normalisations)
    integers = _multiplied(compressed, network, pairs)
    pairs = [pair for pair in pairs if (name := _child(pair[0], "weight")) in integers or _is_float32(compressed, name)]
    others = [name for name in normalisations if name not in {second for _, second in pairs}]
    folded = _with_steps(compressed, network, pairs, others, _scale_and_shift)
    with torch.no_grad():
        for name, weight in integers.items():
            folded.network.get_parameter(name).copy_(torch.from_numpy(weight.decode()))
    return folded.but(representations={**folded.representations, **integers})


def _multiplied(compressed: Compressed, network: torch.nn.Module, pairs: list[list[str]]) -> dict[str, Representation]:
    """By name, the weights that are stored as something else than floats and can be once each filter is multiplied."""
    scaled: dict[str, Representation] = {}
    for layer, normalisation in pairs:
        stored = compressed.representations.get(name := _child(layer, "weight"))
        factors, _ = _scale_and_shift(network.get_submodule(normalisation))
        if stored is not None and (result := stored.scaled(factors.cpu().numpy())) is not None:
            scaled[name] = result
    return scaled


def merge(compressed: Compressed, *, exact: bool = False) -> Compressed:
    """Merge every batch normalisation to the scale and the shift that it computes at inference, and fold none.

    For methods whose papers count both for every channel. `finish` changes nothing afterwards.

    Args:
        exact: whether the network must compute the same numbers on the CPU, bit for bit, and not only up to rounding.
    """
    numbers = _kernels_scale_and_shift if exact else _scale_and_shift
    network, normalisations = deepcopy(compressed.network), _mergeable(compressed.network)
    if normalisations and compressed.example is not None:
        elsewhere = _read_elsewhere(trace(network, compressed.example))
        normalisations = [name for name in normalisations if name not in elsewhere]
    return _with_steps(compressed, network, [], normalisations, numbers)


def _with_steps(
    compressed: Compressed,
    network: torch.nn.Module,
    pairs: list[list[str]],
    others: list[str],
    numbers: Callable[[Any], tuple[torch.Tensor, torch.Tensor]],
) -> Compressed:
    """`compressed` with `pairs` folded and `others` merged to `numbers`, in place in its copy `network`."""
    # scales and shifts are computed first, as the structural steps replace the modules that hold the statistics
    merged = {name: numbers(network.get_submodule(name)) for name in (*(pair[1] for pair in pairs), *others)}
    steps: list[dict[str, Any]] = []
    if pairs:
        network = fold_batchnorm.apply(network, pairs)
        steps.append({"kind": "fold-batchnorm", "pairs": pairs})
    if others:
        network = affine_batchnorm.apply(network, others)
        steps.append({"kind": "affine-batchnorm", "names": others})
    with torch.no_grad():
        for layer, normalisation in pairs:
            mask = compressed.masks.get(_child(layer, "weight"))
            _fold(network.get_submodule(layer), *merged[normalisation], mask)
        for name in others:
            module: Any = network.get_submodule(name)
            for parameter, values in zip((module.weight, module.bias), merged[name], strict=True):
                parameter.copy_(values)
    replaced = tuple(_child(name, "") for name in merged)
    kept = {name: stored for name, stored in compressed.representations.items() if not name.startswith(replaced)}
    return compressed.but(network=network, structure=(*compressed.structure, *steps), representations=kept)


def _fold(layer: Any, scale: torch.Tensor, shift: torch.Tensor, mask: torch.Tensor | None) -> None:
    # in float64, so that folding costs one rounding of each weight and not several
    weight = layer.weight.double() * scale.view(-1, *[1] * (layer.weight.ndim - 1))
    if mask is not None:
        weight = weight.masked_fill(~mask.to(weight.device), 0.0)
    layer.weight.copy_(weight + 0.0)  # -0.0, a zero under a negative scale, becomes +0.0, as sparse layouts need it
    layer.bias.copy_(layer.bias.double() * scale + shift)


def _scale_and_shift(normalisation: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """What batch normalisation computes at inference, (C,) float64 each."""
    mean, variance = normalisation.running_mean.double(), normalisation.running_var.double()
    scale = torch.rsqrt(variance + normalisation.eps)
    if normalisation.weight is not None:
        scale = scale * normalisation.weight.detach().double()
    shift = -mean * scale
    if normalisation.bias is not None:
        shift = shift + normalisation.bias.detach().double()
    return scale, shift


def _kernels_scale_and_shift(normalisation: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """The scale and the shift that PyTorch's own kernel rounds to before it multiplies and adds, (C,) float32 each."""
    # On the CPU the kernel computes s = γ/√(σ² + ε) and t = fma(-s, μ, β) in float32, and then fma(s, x, t), which is
    # what `Affine` computes. Its s and t are read off its answers: t is the one to x = 0, s that to x = 1 without μ, β.
    if type(normalisation).__name__ == "FrozenBatchNorm2d":  # computes neither, in operations of its own
        return _scale_and_shift(normalisation)
    mean, variance, epsilon = normalisation.running_mean, normalisation.running_var, normalisation.eps
    weight, bias = normalisation.weight, normalisation.bias
    zeros, ones = torch.zeros_like(mean), torch.ones_like(mean)[None]
    with torch.no_grad():
        scale = functional.batch_norm(ones, zeros, variance, weight, eps=epsilon)
        shift = functional.batch_norm(0 * ones, mean, variance, weight, bias, eps=epsilon)
    return scale[0], shift[0]


def _mergeable(network: torch.nn.Module) -> list[str]:
    """Batch normalisations with running statistics, by name; a module that several parents share is left out."""
    return [name for name, module in _modules_in_one_place(network) if is_batchnorm(module)]


def _read_elsewhere(traced: Trace) -> set[str]:
    """Modules whose parameters or buffers an operation outside them reads, as a forward pass may."""
    owners = {(name.rpartition(".")[0], reader) for name, reader in traced.reads}
    return {owner for owner, reader in owners if owner != reader}


def _foldable(network: torch.nn.Module) -> list[str]:
    """Plain layers whose parameters no other layer uses."""
    uses = Counter(id(parameter) for _, parameter in network.named_parameters(remove_duplicate=False))
    return [
        name
        for name, module in _modules_in_one_place(network)
        if any(type(module).forward is kind.forward for kind in fold_batchnorm.FOLDABLE)
        and isinstance(module._parameters.get("weight"), torch.nn.Parameter)
        and all(uses[id(parameter)] == 1 for parameter in module.parameters())
    ]


def _modules_in_one_place(network: torch.nn.Module) -> list[tuple[str, torch.nn.Module]]:
    uses = Counter(id(module) for _, module in network.named_modules(remove_duplicate=False))
    return [(name, module) for name, module in network.named_modules() if uses[id(module)] == 1]


def _is_float32(compressed: Compressed, name: str) -> bool:
    stored = compressed.representations.get(name)
    return stored is None or (isinstance(stored, Float) and stored.type == "float32")


def _pairs(traced: Trace, network: torch.nn.Module, layers: list[str], normalisations: list[str]) -> list[list[str]]:
    """[layer, normalisation] if both run once and the second alone reads what the first returns."""
    # Found along the graph of a real forward pass, not by the order in which modules are registered, which says nothing
    # about what reads what. A second reader, such as a shortcut, would see the normalised values after folding.
    runs = Counter(call.module for call in traced.calls)
    calls = {call.module: call for call in traced.calls if runs[call.module] == 1}
    by_output = {calls[name].output: name for name in layers if name in calls}
    pairs = []
    for name in normalisations:
        layer = by_output.get(calls[name].input) if name in calls else None
        if layer is not None and _fits(calls[name], network.get_submodule(layer)) and _reads_alone(traced, calls[name]):
            pairs.append([layer, name])
    return pairs


def _fits(call: Call, layer: torch.nn.Module) -> bool:
    """Whether the normalised axis is the layer's output axis."""
    return call.input is not None and (not isinstance(layer, torch.nn.Linear) or len(call.input.shape) == 2)


def _reads_alone(traced: Trace, call: Call) -> bool:
    assert call.input is not None
    buffer = call.input.buffer
    readers = {
        operation.module for operation in traced.operations if buffer in {value.buffer for value in operation.inputs}
    }
    return readers == {call.module} and buffer not in traced.outputs


def _child(module: str, name: str) -> str:
    return f"{module}.{name}" if module else name
