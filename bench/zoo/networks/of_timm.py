"""timm's networks by name, with what their published weights expect of images.

timm is an optional package: it is imported where somebody names one of its networks.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from bench.errors import InputError, nearest

if TYPE_CHECKING:
    from torch import nn

TIMM = "timm:"
BY_TIMM = "timm"  # in place of a file: the weights that timm downloads
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # mean and standard deviation of ImageNet's channels


@dataclass(frozen=True)
class Offered:
    """What a network's published weights were trained for.

    Attributes:
        channels, size: of the images; the side in pixels.
        mean, std: that images were normalised with, per channel on the 0..1 scale.
        classes: number of logits.
    """

    channels: int
    size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: int


def is_timm(name: str) -> bool:
    """Whether timm builds the model.

    >>> is_timm("timm:convnext_atto"), is_timm("torchvision:resnet18")
    (True, False)
    """
    return name.startswith(TIMM)


def check(name: str) -> None:
    """Refuse what timm does not offer.

    Raises:
        InputError: timm is not installed, or has no such network or no such tag of weights; with the nearest name.
    """
    architecture, _, tag = name.removeprefix(TIMM).partition(".")
    offered = _timm(name).list_models()  # more than a thousand, so that a sentence names the nearest alone
    if architecture not in offered:
        like = nearest(architecture, offered)
        hint = f", did you mean {TIMM + like!r}? timm.list_models() names all" if like else ""
        raise InputError(f"unknown model {name!r}: timm has no {architecture!r}{hint}")
    tags = [other.partition(".")[2] for other in _timm(name).list_pretrained(f"{architecture}.*")]
    if tag and tag not in tags:
        like = nearest(tag, tags)
        hint = f"did you mean {TIMM}{architecture}.{like}?" if like else f"{architecture} has no published weights"
        raise InputError(f"unknown model {name!r}: timm has no weights {tag!r} of {architecture!r}, {hint}")


def offered(name: str) -> Offered:
    """The input size, normalisation and number of classes of a network's published weights.

    Raises:
        InputError: see `check`.
    """
    check(name)
    settings = _timm(name).get_pretrained_cfg(name.removeprefix(TIMM))
    if settings is None:  # an architecture without published weights
        return Offered(3, 224, *IMAGENET, 1000)
    channels, height, _ = settings.input_size
    return Offered(channels, height, tuple(settings.mean), tuple(settings.std), settings.num_classes)


def build(name: str, channels: int, classes: int, size: int) -> nn.Module:
    """A network with fresh weights, from torch's random state.

    Raises:
        InputError: see `check`; or timm cannot build it for such images.
    """
    check(name)
    return _create(name, channels, classes, size)


def with_weights(name: str, channels: int, classes: int, size: int, weights: Mapping[str, Any], file: str) -> nn.Module:
    """A network that begins with given weights; a classifier of another width begins anew, from torch's random state.

    timm fits weights to other channels and sizes of images, as its training scripts do: the first convolution's are
    summed or repeated over channels, position embeddings interpolated.

    Args:
        weights: tensors by name.
        file: they come from, for messages.

    Raises:
        InputError: see `check`; or the weights do not fit.
    """
    check(name)
    # The network is first made as wide as the weights' own classifier and filled strictly, since timm no longer tells
    # missing tensors from a classifier of another width if it is asked for the latter at once.
    classifier = _classifier(name)
    width = next((len(weights[key]) for key in (f"{classifier}.weight",) if key in weights), classes)
    overlay = {"state_dict": dict(weights), "num_classes": width, "label_offset": 0, "custom_load": False}
    try:
        network = _create(name, channels, width, size, pretrained=True, pretrained_cfg_overlay=overlay)
    except InputError as error:
        raise InputError(f"weights {file!r} do not fit {name}: {_reason(error.__cause__ or error)}") from error
    if width != classes:
        cast("Any", network).reset_classifier(classes)
    return network


def downloaded(name: str) -> Path:
    """The file of a network's published weights, which timm downloads the first time.

    Raises:
        InputError: see `check`; or there are none, or no network.
    """
    import safetensors.torch
    import torch

    check(name)
    path = Path(torch.hub.get_dir()) / "innards" / f"{name.removeprefix(TIMM)}.safetensors"
    if path.is_file():
        return path
    asked = offered(name)
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # its retries
    try:
        network = _create(name, asked.channels, asked.classes, asked.size, pretrained=True)
    except InputError as error:
        raise InputError(
            f"timm cannot download the weights of {name} ({_reason(error.__cause__ or error)}): give a file instead, "
            'e.g. weights = "weights.safetensors"'
        ) from error
    state = {key: tensor.contiguous().clone() for key, tensor in network.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_bytes(safetensors.torch.save(state))
    unfinished.replace(path)
    return path


def _timm(name: str) -> ModuleType:
    try:
        return importlib.import_module("timm")
    except ImportError as error:
        raise InputError(
            f"model {name!r} needs timm, which is not installed: pip install 'innards[timm]', or pip install timm"
        ) from error


def _classifier(name: str) -> str:
    settings = _timm(name).get_pretrained_cfg(name.removeprefix(TIMM))
    classifier = settings.classifier if settings is not None else ""
    return str(classifier if isinstance(classifier, str) else (*(classifier or ()), "")[0])  # distilled ones have two


def _create(name: str, channels: int, classes: int, size: int, **options: Any) -> nn.Module:
    timm = _timm(name)
    settings = timm.get_pretrained_cfg(name.removeprefix(TIMM))
    if settings is not None and settings.fixed_input_size:
        options["img_size"] = size  # attention with a table of positions is built for one size of images
    logging.getLogger("timm").setLevel(logging.ERROR)  # its notes on adapted weights
    try:
        return timm.create_model(name.removeprefix(TIMM), in_chans=channels, num_classes=classes, **options)
    except Exception as error:  # a constructor may fail in any way
        raise InputError(f"model {name!r} cannot be built for {channels}×{size}×{size}: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    """The first line that says something; of weights that do not fit, the one behind PyTorch's heading."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith("Error(s) in loading")]
    return (telling or lines or [type(error).__name__])[0][:300]
