"""Weights of torchvision's detectors: which rows of their heads belong to which class, and backbones of classifiers."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bench.zoo.networks import catalogue

if TYPE_CHECKING:
    from torch import nn

BACKBONE = "backbone.body."
PER_CLASS = "bbox_pred"  # of heads of two stages: four rows for each class, behind one another
FEW, MORE = 7, 11  # numbers of classes; a head's tensors are those that differ in shape
LOGGER = logging.getLogger(__name__)


def fitted(name: str, network: nn.Module, weights: Mapping[str, Any], classes: Sequence[str] | int) -> dict[str, Any]:
    """Weights as a detector of the data's classes takes them.

    Weights of as many classes are taken as they are. Where the data's classes are some of those that torchvision's
    weights are of, by name, each row of the heads is that of its class. In all other cases the heads' last layers begin
    anew. Weights of a classifier are the backbone's, and all else begins anew.

    Args:
        weights: tensors by the network's names, as far as it has any for them.
        classes: names by label, or their number.
    """
    own = network.state_dict()
    if is_backbone(weights, own):
        LOGGER.warning("the weights are of a classifier: the backbone of %s begins with them, all else anew", name)
        return {**own, **{key: tensor for key, tensor in weights.items() if key in own}}
    count = classes if isinstance(classes, int) else len(classes)
    per_class = _heads(name)
    width = next((len(weights[key]) // rows for key, rows in per_class.items() if key in weights), count)
    if width == count:
        return dict(weights)
    labels = None if isinstance(classes, int) else _published_labels(name, classes, width)
    if labels is not None:
        return {
            key: _rows(key, tensor, width, labels) if key in per_class else tensor for key, tensor in weights.items()
        }
    LOGGER.warning("the last layers of %s begin anew: the weights are of %s other classes", name, f"{width:,}")
    return {key: own[key] if key in per_class else tensor for key, tensor in weights.items()}


def is_backbone(weights: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    """Whether weights are a classifier's, which has all tensors of the backbone and none of the rest."""
    # A classifier's names have got the prefix that most of them needed; that of its last layer leads nowhere.
    body = {key for key in own if key.startswith(BACKBONE) and not key.endswith("num_batches_tracked")}
    return bool(body) and body <= weights.keys() and all(key.startswith(BACKBONE) for key in weights)


def _heads(name: str) -> dict[str, int]:
    """Tensors that depend on the number of classes, and how many rows each has per class."""
    shapes = []
    for classes in (FEW, MORE):
        with catalogue.torch_module().device("meta"):
            network = catalogue.torchvision_network(name, classes)
        shapes.append({key: tensor.shape for key, tensor in network.state_dict().items()})
    return {key: shape[0] // FEW for key, shape in shapes[0].items() if shape != shapes[1][key]}


def _published_labels(name: str, classes: Sequence[str], width: int) -> list[int] | None:
    """The label of each class among those of torchvision's weights; None if one isn't theirs, or the weights aren't."""
    published = catalogue.torchvision_models().get_model_weights(name.removeprefix(catalogue.TORCHVISION))
    names = published["DEFAULT"].meta["categories"]
    labels = {category: label for label, category in enumerate(names)}
    if width != len(names) or not all(category in labels for category in classes):
        return None
    return [labels[category] for category in classes]


def _rows(key: str, tensor: Any, width: int, labels: Sequence[int]) -> Any:
    """The rows of some classes of a head's tensor."""
    # Heads of two stages predict the four sides of a box for each class; those of one stage predict all classes for
    # each anchor: the first axis is (class, side) there and (anchor, class) here.
    rows = len(tensor) // width
    if PER_CLASS in key:
        return tensor.unflatten(0, (width, rows))[list(labels)].flatten(0, 1)
    return tensor.unflatten(0, (rows, width))[:, list(labels)].flatten(0, 1)
