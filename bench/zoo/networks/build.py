"""Any network by name, with fresh weights that depend on the seed alone."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from bench import guest_sources, guests
from bench.errors import InputError
from bench.zoo.networks import checkpoint, of_timm, of_torchvision
from bench.zoo.networks.blocks import blocks_of_detector
from bench.zoo.networks.catalogue import (
    check_torchvision,
    is_detector,
    is_own,
    is_torchvision,
    of_zoo,
    parts_of_own,
    torchvision_network,
)
from bench.zoo.networks.of_timm import is_timm
from bench.zoo.networks.plain import unwrapped

TORCHVISION_CHANNELS = 3


def build(
    name: str,
    channels: int,
    classes: int,
    size: int,
    seed: int,
    weights: tuple[str, bytes] | None = None,
    class_names: Sequence[str] = (),
) -> nn.Module:
    """A fresh network on the CPU, in eval mode; torch's global random state stays as it was.

    Args:
        name: of the zoo, `torchvision:NAME`, `timm:NAME` or `package.module:function`.
        channels: of the images, 1 or 3.
        size: side of the images, pixels.
        seed: of the initial weights.
        weights: a file's name and content that a network of timm or torchvision begins with; a classifier of other
            classes is drawn.
        class_names: by label, which say where weights of torchvision's have each class.

    Raises:
        InputError: the network does not exist, does not take such images, or does not give one logit per class.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        if is_timm(name):
            network = _timm(name, channels, classes, size, weights)
        elif is_torchvision(name):
            network = _torchvision(name, channels, classes, size)
            if weights is not None:
                _load_torchvision(name, network, weights, class_names or classes)
        elif is_own(name):
            network = _own(name, channels, classes, size)
        else:
            network = of_zoo(name).build(channels, classes, size)
        network.eval()
        if is_own(name):
            network = _unwrapped(name, network, torch.zeros(1, channels, size, size))
        if is_detector(name):
            network.block_names = blocks_of_detector(network)  # type: ignore[assignment]
        elif ":" in name:
            _check(name, network, channels, classes, size)
    return network


def _timm(name: str, channels: int, classes: int, size: int, weights: tuple[str, bytes] | None) -> nn.Module:
    network = of_timm.build(name, channels, classes, size)
    if weights is None:
        return network
    file, content = weights
    return of_timm.with_weights(name, channels, classes, size, checkpoint.nearest_in(content, network, file), file)


def _torchvision(name: str, channels: int, classes: int, size: int) -> nn.Module:
    check_torchvision(name)
    if channels != TORCHVISION_CHANNELS:
        raise InputError(f"model {name!r} takes images of {TORCHVISION_CHANNELS} channels, given {channels}")
    return torchvision_network(name, classes, size)


def _load_torchvision(name: str, network: nn.Module, weights: tuple[str, bytes], classes: Sequence[str] | int) -> None:
    file, content = weights
    tensors = of_torchvision.fitted(name, network, checkpoint.nearest_in(content, network, file), classes)
    if problems := checkpoint.differences(network.state_dict(), tensors):
        raise InputError(f"weights {file!r} do not fit {name}: {'; '.join(problems)}")
    checkpoint.fill(network, tensors)


def _own(name: str, channels: int, classes: int, size: int) -> nn.Module:
    parts_of_own(name)
    function = guests.load(name, "model", "function")
    if not callable(function):
        raise InputError(f"model {name!r}: {name.partition(':')[0]!r} has no function {name.partition(':')[2]!r}")
    arguments = _accepted(name, function, {"channels": channels, "classes": classes, "size": size})
    with guest_sources.current_folder_importable():
        try:
            network = function(**arguments)
        except Exception as error:
            raise InputError(f"model {name!r} cannot be built: {guests.sentence(error)}") from error
    if not isinstance(network, nn.Module):
        raise InputError(f"model {name!r} must return a torch.nn.Module, it returned a {type(network).__name__}")
    return network


def _unwrapped(name: str, network: nn.Module, image: torch.Tensor) -> nn.Module:
    if any(map(nn.parameter.is_lazy, network.parameters())):
        _logits(name, network, image)  # lazy layers take their shapes from what they are given first
    try:
        return unwrapped(network)
    except InputError as error:
        raise InputError(f"model {name!r}: {error}") from error


def _accepted(name: str, function: Callable[..., Any], offered: dict[str, int]) -> dict[str, int]:
    """The offered arguments that the function takes."""
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return offered
    needed = [p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_POSITIONAL]
    strange = [parameter for parameter in needed if parameter not in offered]
    if strange:
        raise InputError(
            f"model {name!r} needs {', '.join(map(repr, strange))}: it is called with channels, classes and size"
        )
    return {key: value for key, value in offered.items() if key in {parameter.name for parameter in parameters}}


def _check(name: str, network: nn.Module, channels: int, classes: int, size: int) -> None:
    """Pass one image: the network must take it and give one logit per class."""
    image = f"an image of {channels}×{size}×{size}"
    logits = _logits(name, network, torch.zeros(1, channels, size, size))
    shape = tuple(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
    if shape != (1, classes):
        raise InputError(f"model {name!r} must give logits of shape (1, {classes}) for {image}, it gave {shape}")


def _logits(name: str, network: nn.Module, image: torch.Tensor) -> Any:
    try:
        with torch.no_grad():
            return network(image)
    except Exception as error:
        shown = "×".join(map(str, image.shape[1:]))
        own = f" (timm's own takes {of_timm.offered(name).size} pixels)" if is_timm(name) else ""
        raise InputError(f"model {name!r} does not take an image of {shown}: {_reason(name, error)}{own}") from error


def _reason(name: str, error: Exception) -> str:
    """The network's error message; for the user's own network also the line."""
    return guests.sentence(error) if is_own(name) else str(error)
