"""Checkpoints of networks that NNCF quantised or pruned: a state dictionary and NNCF's configuration of its hooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.nncf_runtime import hookable, is_wrapped, nncf

import torch
from nncf.torch.function_hook import get_hook_storage
from nncf.torch.function_hook.hook_storage import decode_hook_name
from nncf.torch.quantization.layers import BaseQuantizer

from bench.compress.imports import lossless
from bench.compress.imports.content import Inert
from bench.compress.method import first_line
from bench.errors import InputError
from bench.footprint.compressed import Compressed
from bench.footprint.fold import merge
from bench.footprint.structure import nncf_quantizers
from bench.zoo.networks.checkpoint import fill, load_content
from bench.zoo.networks.plain import copied, not_finite

MASKS = {  # of NNCF's pruning, each with what it does to a weight
    "UnstructuredPruningMask": lambda hook: hook.binary_mask,
    "RBPruningMask": lambda hook: torch.sigmoid(hook.mask) > 0.5,
}
MASK_MODULES = "nncf.torch.function_hook.pruning."
STATE = "compression_state"


def read(
    content: Any, config: Mapping[str, Any], name: str, network: torch.nn.Module, example: torch.Tensor | None
) -> Compressed:
    """The network as it will be stored: weights as NNCF rounds them, and its quantisers of feature maps.

    Args:
        content: of the file, with the state dictionary somewhere in it.
        config: what `nncf.torch.get_config` returned.
        name: of the file, for messages.
        network: that NNCF was given, plain, with any weights; it is used up.
        example: one normalised image, (1, C, H, W) float32.

    Raises:
        InputError: state, configuration and network do not belong together, or NNCF asks for more than quantisers and
            masks of weights.
    """
    if example is None:
        raise InputError(f"checkpoint {name!r}: an image is needed to find what NNCF's quantisers round")
    config = _plain(config, name)
    masks = list(filter(_is_mask, config[STATE]))
    quantizers = {STATE: [hook for hook in config[STATE] if hook not in masks]}
    # Masks hang on parameters, so a quantiser behind one is given a tensor that is computed. They are applied to the
    # weights first, and the network is built again with its quantisers alone.
    loaded = _hooked(network, {STATE: [*quantizers[STATE], *masks]}, name)
    load_content(loaded, content, name)
    quantized = _hooked(network, quantizers, name)
    state = loaded.state_dict()
    fill(quantized, {key: state[key] for key in quantized.state_dict()})
    with torch.no_grad():
        for hook in masks:
            for key in hook["hook_names_in_model"]:
                _parameter(quantized, key, name).mul_(_mask(loaded, key))
    for hook in _hooks(quantized).values():
        if isinstance(hook, BaseQuantizer):
            hook.set_levels()  # of the width that the file says, which may be another than the configuration's
    if broken := not_finite(quantized):
        raise InputError(f"checkpoint {name!r}: {broken} holds NaN or infinite numbers")
    kept = quantized.state_dict()
    fill(network, {key: kept[key] for key in network.state_dict()})
    return _read_out(quantized.eval(), network, example, name) if quantizers[STATE] else _merged(network)


def _read_out(quantized: torch.nn.Module, network: torch.nn.Module, example: torch.Tensor, name: str) -> Compressed:
    try:
        of_weights = nncf_quantizers.weight_quantizers(quantized, example)
    except ValueError as error:
        raise InputError(f"checkpoint {name!r}: {error.args[0]} computes its weight from other tensors") from error
    except RuntimeError as error:
        raise InputError(f"checkpoint {name!r} does not compute: {first_line(error)}") from error
    with torch.no_grad():
        for key, hooks in of_weights.items():
            weight = network.get_parameter(key)
            rounded, *others = [hook(weight) for hook in hooks.values()]
            if not all(torch.equal(rounded, other) for other in others):
                raise InputError(f"NNCF rounds {key} in {len(hooks)} ways, one for each layer that uses it")
            weight.copy_(rounded)
    config = nncf_quantizers.activation_config(quantized, {hook for hooks in of_weights.values() for hook in hooks})
    if not config[STATE]:
        return _merged(network)
    # Normalisation stays as it is: NNCF names its hooks by the operation, and merged it would be another.
    hooks_by_name, widths = _hooks(quantized), [1]
    for entry in config[STATE]:
        quantizer = hooks_by_name[entry["hook_names_in_model"][0]]
        if isinstance(quantizer, BaseQuantizer):
            widths.append(int(quantizer.num_bits))
            entry["module_config"]["num_bits"] = widths[-1]
    simulated = nncf_quantizers.apply(copied(network), config)
    nncf_quantizers.copy_scales(quantized, simulated)
    step = {"kind": "nncf-quantizers", "config": config}
    return lossless.stored(Compressed(simulated.eval(), (step,), activation_bits=max(widths)))


def _merged(network: torch.nn.Module) -> Compressed:
    return lossless.stored(merge(Compressed(network.eval()), exact=True))


def _plain(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The configuration in JSON's types, with which schemes of quantisation are texts."""
    if isinstance(config[STATE], Mapping):
        raise InputError(
            f"checkpoint {name!r} was written by create_compressed_model of an older NNCF, whose code alone builds its "
            "networks: give a state_dict of the rounded weights"
        )
    try:
        return {STATE: [_entry(hook) for hook in config[STATE]]}
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"checkpoint {name!r}: this is no configuration of NNCF: {first_line(error)}") from error


def _entry(hook: Mapping[str, Any]) -> dict[str, Any]:
    settings = {
        key: value.given[0] if isinstance(value, Inert) else list(value) if isinstance(value, tuple) else value
        for key, value in hook["module_config"].items()
    }
    names = [str(key) for key in hook["hook_names_in_model"]]
    module, kind = str(hook["module_path"]), str(hook["module_cls_name"])
    return {"hook_names_in_model": names, "module_path": module, "module_cls_name": kind, "module_config": settings}


def _hooked(network: torch.nn.Module, config: dict[str, Any], name: str) -> torch.nn.Module:
    """A copy of the network with NNCF's hooks, each of a class that is known."""
    try:
        nncf_quantizers.check({STATE: [hook for hook in config[STATE] if not _is_mask(hook)]}, network)
        shapes = {tuple(parameter.shape) for parameter in network.parameters()}
        for hook in filter(_is_mask, config[STATE]):
            if not hook["module_path"].startswith(MASK_MODULES) or tuple(hook["module_config"]["shape"]) not in shapes:
                raise ValueError(f"{hook['module_cls_name']} masks no weight")
        if not config[STATE]:
            return copied(network)
        return nncf.torch.load_from_config(hookable(copied(network)), config).eval()
    except Exception as error:  # NNCF builds from what a file says, and may fail in any way
        raise InputError(f"checkpoint {name!r} does not fit NNCF's configuration: {first_line(error)}") from error


def _is_mask(hook: Mapping[str, Any]) -> bool:
    return hook["module_cls_name"] in MASKS


def _mask(loaded: torch.nn.Module, key: str) -> torch.Tensor:
    hook = _hooks(loaded)[key]
    return MASKS[type(hook).__name__](hook).to(torch.float32)


def _parameter(network: torch.nn.Module, key: str, name: str) -> torch.nn.Parameter:
    """The parameter that a hook hangs on, whose name NNCF writes with colons."""
    parameter = decode_hook_name(key)[1].replace(":", ".")
    try:
        return network.get_parameter(parameter)
    except AttributeError as error:
        raise InputError(f"checkpoint {name!r}: NNCF masks {parameter}, which is no weight of the network") from error


def _hooks(network: torch.nn.Module) -> dict[str, torch.nn.Module]:
    return dict(get_hook_storage(network).named_hooks()) if is_wrapped(network) else {}
