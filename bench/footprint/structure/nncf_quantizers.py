"""NNCF's quantisers of feature maps, put into a fresh network where NNCF placed them."""

from __future__ import annotations

import math
from collections.abc import Collection
from copy import deepcopy
from typing import Any

from bench.nncf_runtime import hookable, nncf

import torch
from nncf.torch.function_hook import get_hook_storage
from nncf.torch.function_hook.hook_storage import decode_hook_name
from nncf.torch.quantization.layers import BaseQuantizer

KNOWN_FROM_CONFIGURATION = ("_num_bits", "signed_tensor", "enabled")  # by quantiser, so that no file stores them
SIMULATES = True  # inserts fake-quantisation: the network it makes has another graph, and cannot be traced


LAYERS = "nncf.torch.quantization.layers"  # the module of the classes that a file may name
QUANTIZERS, MULTIPLICATION = ("SymmetricQuantizer", "AsymmetricQuantizer"), "SQMultiply"
MOST_BITS, MOST_AXES = 16, 8


def apply(network: torch.nn.Module, config: dict[str, Any]) -> torch.nn.Module:
    """The network with NNCF's quantisers; their scales are tensors and are filled with all others.

    Raises:
        ValueError: the configuration names another class than a quantiser, or asks for more scales than the network
            has numbers.
    """
    check(config, network)
    quantized = nncf.torch.load_from_config(hookable(network), config).eval()
    for quantizer in _quantizers(quantized).values():
        quantizer._register_state_dict_hook(_forget_what_the_configuration_says)
    return quantized


def check(config: Any, network: torch.nn.Module) -> None:
    """Refuse what NNCF would build unseen: it imports classes by name, and makes tensors of any shape.

    Raises:
        ValueError: see `apply`.
    """
    state = list(network.state_dict().values())
    longest = max((axis for tensor in state for axis in tensor.shape), default=1)
    left = max(sum(tensor.numel() for tensor in state), 1)
    if not isinstance(config, dict) or set(config) != {"compression_state"}:
        raise ValueError("NNCF's configuration is one compression_state")
    for hook in config["compression_state"]:
        name, settings = hook["module_cls_name"], hook["module_config"]
        if hook["module_path"] != LAYERS or name not in (*QUANTIZERS, MULTIPLICATION):
            raise ValueError(f"{name!r} of {hook['module_path']!r} is no quantiser of NNCF")
        shape = settings["scale_shape"]
        whole = isinstance(shape, list | tuple) and all(type(axis) is int for axis in shape)
        if not whole or len(shape) > MOST_AXES:
            raise ValueError(f"scales are shaped {shape!r}")
        left -= math.prod(shape)
        if not all(1 <= axis <= longest for axis in shape) or left < 0:
            raise ValueError(f"scales of {shape} are more than the network has channels")
        bits = settings.get("num_bits")
        if name in QUANTIZERS and not (type(bits) is int and 1 <= bits <= MOST_BITS):
            raise ValueError(f"{bits!r} bits")


def _forget_what_the_configuration_says(
    quantizer: torch.nn.Module, state: dict[str, torch.Tensor], prefix: str, *_: object
) -> None:
    for name in KNOWN_FROM_CONFIGURATION:
        state.pop(prefix + name, None)


def weight_quantizers(quantized: torch.nn.Module, example: torch.Tensor) -> dict[str, dict[str, BaseQuantizer]]:
    """Quantisers of weights, by the parameter that each is given and by NNCF's name of the hook.

    Args:
        example: (1, C, H, W) float32, passed through the network once and then twice at a time.

    Raises:
        ValueError: a quantiser is given a tensor that is computed from parameters; the text says in which module.
    """
    # NNCF names a hook by when it runs, the operation ("conv1/conv2d/0": module, function, number of the call) and the
    # input. The module is none of the network's where it sits in a list, and the second input of an addition is a
    # feature map: what a quantiser is given tells what it rounds. Only a feature map grows with the batch.
    parameters = {id(parameter): name for name, parameter in quantized.named_parameters()}
    buffers = {id(buffer) for buffer in quantized.buffers()}
    one, two = (_given(quantized, example.repeat(count, 1, 1, 1)) for count in (1, 2))
    quantizers: dict[str, dict[str, BaseQuantizer]] = {}
    for name, tensor in one.items():
        if id(tensor) in parameters:
            quantizers.setdefault(parameters[id(tensor)], {})[name] = _quantizers(quantized)[name]
        elif tensor.shape == two[name].shape and tensor.numel() and id(tensor) not in buffers:
            module = decode_hook_name(name)[1].rpartition("/")[0].rpartition("/")[0]
            raise ValueError(module or "the network itself")
    return quantizers


def _given(quantized: torch.nn.Module, images: torch.Tensor) -> dict[str, torch.Tensor]:
    """The tensor that each quantiser is first given, by NNCF's name of the hook."""
    given: dict[str, torch.Tensor] = {}

    def note(name: str) -> Any:
        def keep(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            given.setdefault(name, inputs[0])

        return keep

    handles = [module.register_forward_pre_hook(note(name)) for name, module in _quantizers(quantized).items()]
    training = quantized.training
    try:
        with torch.no_grad():
            quantized.eval()(images)
    finally:
        quantized.train(training)
        for handle in handles:
            handle.remove()
    return given


def activation_config(quantized: torch.nn.Module, weights: Collection[str]) -> dict[str, Any]:
    """NNCF's configuration without the quantisers of weights, and with the signedness that calibration found.

    Args:
        weights: NNCF's names of the hooks that round weights.
    """
    # NNCF decides at calibration whether a feature map is signed and keeps that in a buffer, which files don't hold
    # (see KNOWN_FROM_CONFIGURATION); so it is written into the configuration, from which the quantisers are rebuilt.
    config = deepcopy(nncf.torch.get_config(quantized))
    signed = {name: bool(hook.signed) for name, hook in _quantizers(quantized).items() if hasattr(hook, "signed")}
    kept = []
    for hook in config["compression_state"]:
        names = hook["hook_names_in_model"]
        if any(name in weights for name in names):
            continue
        if names[0] in signed:
            hook["module_config"]["signedness_to_force"] = signed[names[0]]
        kept.append(hook)
    return {**config, "compression_state": kept}


def copy_scales(source: torch.nn.Module, target: torch.nn.Module) -> None:
    """Copy the ranges of one network's quantisers, and factors of feature maps, to another's."""
    ranges = dict(get_hook_storage(source).named_hooks())
    for name, hook in get_hook_storage(target).named_hooks():
        hook.load_state_dict(ranges[name].state_dict())


def _quantizers(network: torch.nn.Module) -> dict[str, BaseQuantizer]:
    return {name: hook for name, hook in get_hook_storage(network).named_hooks() if isinstance(hook, BaseQuantizer)}
