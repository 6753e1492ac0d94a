"""Weights that torchvision publishes for its networks, or a file of such, and which of their classes the data have."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.data.download import impatient
from bench.data.sources.imagenet import labels_of
from bench.errors import InputError, did_you_mean
from bench.zoo.networks import catalogue, of_detectors

if TYPE_CHECKING:
    from torch import nn

PUBLISHED = re.compile(r"[A-Z0-9_]+")  # how torchvision names them, e.g. IMAGENET1K_V1
AUXILIARY = ("AuxLogits.", "aux1.", "aux2.")  # classifiers of GoogLeNet and Inception that only training has
DENSE = re.compile(r"(.*denselayer\d+\.(?:norm|relu|conv))\.((?:[12])\..*)")  # torchvision's older names of DenseNet's


def is_published(weights: str) -> bool:
    """Whether a profile's `weights` name ones that torchvision publishes.

    >>> is_published("IMAGENET1K_V1"), is_published("DEFAULT"), is_published("resnet18.pth")
    (True, True, False)
    """
    return PUBLISHED.fullmatch(weights) is not None


def downloaded(name: str, weights: str) -> Path:
    """The file of published weights, which torchvision downloads the first time into torch's folder (`TORCH_HOME`).

    Args:
        name: `torchvision:NAME`.
        weights: such as "IMAGENET1K_V1" or "DEFAULT".

    Raises:
        InputError: torchvision publishes no such weights, or cannot download them.
    """
    entry = _entry(name, weights)
    folder = Path(catalogue.torch_module().hub.get_dir()) / "checkpoints"
    file = folder / entry.url.rpartition("/")[2]
    if not file.is_file():
        try:
            with impatient():
                entry.get_state_dict(progress=False, check_hash=True)
        except Exception as error:  # a network can fail in any way
            reason = " ".join(str(error).split()) or type(error).__name__
            raise InputError(
                f"torchvision cannot download weights {weights!r} of {name} ({reason[:200]}): put {entry.url} into "
                f'{folder} by hand, or give a file, e.g. weights = "weights.pth"'
            ) from error
    return file


def fitted(name: str, network: nn.Module, weights: Mapping[str, Any], classes: Sequence[str] | int) -> dict[str, Any]:
    """Weights as a network with a logit per class of the data takes them.

    Where the data's classes are ImageNet's, by WordNet id or by torchvision's names, each logit is that of its class,
    whatever their order and number. Weights of as many classes are taken as they are if the classes have no such
    names. In all other cases the classifier is left out: it begins anew.

    Args:
        weights: tensors by name.
        classes: names by label, or their number if they have none.

    Raises:
        InputError: the data have a thousand classes that are not known to be ImageNet's.
    """
    if catalogue.is_detector(name):
        return of_detectors.fitted(name, network, weights, classes)
    names = () if isinstance(classes, int) else tuple(classes)
    count = classes if isinstance(classes, int) else len(classes)
    kept = {_as_now(key): value for key, value in weights.items() if not key.startswith(AUXILIARY)}
    heads = [key for key in _classifier(name) if key in kept]
    width = len(kept[heads[0]]) if heads else count
    rows = _rows(names) if width == IMAGENET_CLASSES else None
    if rows is not None:
        return {key: value[rows] if key in heads else value for key, value in kept.items()}
    if width == count and names and width == IMAGENET_CLASSES:
        raise InputError(
            f"weights of {name}: they are of ImageNet's 1,000 classes, and the data's 1,000 are called otherwise, e.g. "
            f"{names[0]!r}: call them by their WordNet ids, so that each logit gets its class"
        )
    if width == count:
        return kept
    message = "the classifier of %s begins anew: its weights are of %s other classes"
    logging.getLogger(__name__).warning(message, name, f"{width:,}")
    own = network.state_dict()
    return {key: own[key] if key in heads else value for key, value in kept.items()}


IMAGENET_CLASSES = 1000


def _rows(names: tuple[str, ...]) -> list[int] | None:
    """The logit of each class among ImageNet's thousand; None if one of the names isn't theirs."""
    labels = labels_of(names)
    if labels is not None:
        return labels if names else None
    categories = catalogue.torchvision_models().get_model_weights("resnet18")["DEFAULT"].meta["categories"]
    by_name = {name: label for label, name in enumerate(categories)}
    return [by_name[name] for name in names] if all(name in by_name for name in names) else None


def _classifier(name: str) -> list[str]:
    """Names of the tensors that have a row per class."""
    # Built twice without memory, for two numbers of classes: what has another shape belongs to the classifier.
    shapes = []
    for classes in (7, 11):
        with catalogue.torch_module().device("meta"):
            network = catalogue.torchvision_network(name, classes)
        shapes.append({key: tensor.shape for key, tensor in network.state_dict().items()})
    return [key for key, shape in shapes[0].items() if shape != shapes[1][key]]


def _as_now(key: str) -> str:
    found = DENSE.fullmatch(key)
    return found.group(1) + found.group(2) if found else key


def _entry(name: str, weights: str) -> Any:
    catalogue.check_torchvision(name)
    published = catalogue.torchvision_models().get_model_weights(name.removeprefix(catalogue.TORCHVISION))
    if weights not in published.__members__:
        hint = did_you_mean(weights, published.__members__)
        raise InputError(f"weights of {name}: torchvision has none called {weights!r}, {hint}; or give a file")
    return published[weights]
