"""Where a model comes from, its recipe and its version: what a plan needs before anything is built.

A model's name is one of the zoo's, `torchvision:NAME`, `timm:NAME`, or `package.module:function` for the user's own.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from bench import guest_sources, guests, registry
from bench.errors import InputError, did_you_mean
from bench.training.recipe import Recipe
from bench.zoo.networks import of_timm
from bench.zoo.networks.of_timm import TIMM, is_timm

PACKAGE = "bench.zoo"
TORCHVISION = "torchvision:"
DETECTION = "detection"  # the task, as files of the zoo declare it
COCO_CLASSES = 91  # outputs of published detectors: ids of COCO's categories up to 90, and the background
LARGEST = 1333 / 800  # longer over shorter side, beyond which detectors shrink images further, as on COCO
SMALL = 128  # side of images for the zoo's detectors, pixels
# torchvision's references for detectors of two stages train at 0.02 on 8 GPUs; the rate here is that of one of them.
OF_DETECTORS = Recipe(
    epochs=26,
    batch_size=2,
    learning_rate=0.0025,
    schedule="step",
    milestones=(16, 22),
    warmup=0.0007,  # 1,000 steps on COCO
    nesterov=False,
    weight_decay=1e-4,
    decay="all",
    label_smoothing=0.0,
    crop_padding=0,
    resize=800,
)
# Their published weights are of normalisation without an epsilon, and torchvision takes it off where it loads them.
# Here it stays above 0: a channel of zeros has no variance to be divided by where training begins from nothing.
WITHOUT_EPSILON = (
    "fasterrcnn_resnet50_fpn",
    "keypointrcnn_resnet50_fpn",
    "maskrcnn_resnet50_fpn",
    "retinanet_resnet50_fpn",
)
SMALLEST = 1e-12  # far below any variance of these weights
# Auxiliary classifiers answer in training mode with a tuple; the main one is what is compared.
WITHOUT_AUXILIARIES = {
    "googlenet": {"aux_logits": False, "init_weights": True},
    "inception_v3": {"aux_logits": False, "init_weights": True},
}


def is_torchvision(name: str) -> bool:
    """Whether torchvision builds the model."""
    return name.startswith(TORCHVISION)


def is_own(name: str) -> bool:
    """Whether a function of the user's builds the model."""
    return ":" in name and not is_torchvision(name) and not is_timm(name)


def recipe(name: str) -> Recipe:
    """How the model is trained unless a profile says otherwise: the zoo's own recipes, else the default one.

    Raises:
        InputError: no such model.
    """
    if ":" in name:
        version(name)
        return OF_DETECTORS if is_torchvision(name) and is_detector(name) else Recipe()
    return of_zoo(name).RECIPE


def version(name: str) -> int | str:
    """A value that changes whenever the same seed would give another network.

    The zoo's files declare theirs; for the user's own function it is a hash of the file that it is in and of what
    that imports of its own package.

    Raises:
        InputError: no such model.
    """
    if is_torchvision(name):
        check_torchvision(name)
        return 1
    if is_timm(name):
        of_timm.check(name)
        return 1
    if is_own(name):
        module, _ = parts_of_own(name)
        guests.check(name, "model", "function")
        return guest_sources.version(module, f"model {name!r}")
    return of_zoo(name).VERSION


def of_zoo(name: str) -> ModuleType:
    """The zoo's file of that name.

    Raises:
        InputError: the zoo has no such file; the sentence also says how other models are named.
    """
    try:
        return registry.load(PACKAGE, name, "model")
    except InputError as error:
        others = f"{TORCHVISION}NAME (e.g. {TORCHVISION}resnet18), {TIMM}NAME or package.module:function"
        raise InputError(f"{error}; or {others}") from error


def parts_of_own(name: str) -> tuple[str, str]:
    """Module and function of `package.module:function`.

    Raises:
        InputError: the name is not of that form.
    """
    module, _, function = name.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), function)):
        raise InputError(f"model {name!r}: a network of your own is named package.module:function")
    return module, function


def torchvision_models() -> ModuleType:
    """torchvision's package of models, with its registry.

    Importing it imports torch, so that it is imported only where somebody names a model of torchvision.
    """
    from torchvision import models

    return models


def torch_module() -> ModuleType:
    """torch, which takes seconds to import; see `torchvision_models`."""
    import torch

    return torch


def torchvision_network(name: str, classes: int, size: int = 0) -> Any:
    """A network of torchvision's with weights of its own drawing, without auxiliary classifiers.

    Args:
        size: to which a detector resizes the shorter side of images, pixels; by default as torchvision has it. The
            longer side has the share more at most that it has there, 1333 of 800. SSDs resize to squares of their own.
    """
    model = name.removeprefix(TORCHVISION)
    # weights=None leaves a detector's backbone with published weights, which it would download
    options: dict[str, Any] = {"weights_backbone": None} if is_detector(name) else WITHOUT_AUXILIARIES.get(model, {})
    if is_detector(name) and size and not model.startswith("ssd"):
        options |= {"min_size": size, "max_size": round(LARGEST * size)}
    network = torchvision_models().get_model(model, weights=None, num_classes=classes, **options)
    for norm in network.modules() if model in WITHOUT_EPSILON else ():
        if isinstance(norm, torch_module().nn.BatchNorm2d):
            norm.eps = SMALLEST
    return network


def check_torchvision(name: str) -> None:
    """Refuse what torchvision does not offer.

    Raises:
        InputError: with the nearest name.
    """
    model, models = name.removeprefix(TORCHVISION), torchvision_models()
    offered = models.list_models(models) + models.list_models(models.detection)
    if model not in offered:
        raise InputError(f"unknown model {name!r}: torchvision has no {model!r}, {did_you_mean(model, offered)}")


def is_detector(name: str) -> bool:
    """Whether it is a network of torchvision or the zoo that finds objects.

    >>> is_detector("torchvision:maskrcnn_resnet50_fpn"), is_detector("torchvision:resnet50")
    (True, False)
    >>> is_detector("maskrcnn-resnet18"), is_detector("resnet18")
    (True, False)
    """
    if not is_torchvision(name):
        return name in registry.names(PACKAGE) and getattr(of_zoo(name), "TASK", "") == DETECTION
    models = torchvision_models()
    return name.removeprefix(TORCHVISION) in models.list_models(models.detection)


def classifiers() -> list[str]:
    """The zoo's networks that put out a logit per class."""
    return [name for name in registry.names(PACKAGE) if not is_detector(name)]


def usual(name: str) -> tuple[int, int]:
    """Classes and side of the images that a model is usually built for: ImageNet, COCO, CIFAR-10, or timm's own.

    >>> usual("resnet20"), usual("torchvision:resnet18")
    ((10, 32), (1000, 224))
    """
    if is_timm(name):
        offered = of_timm.offered(name)
        return offered.classes, offered.size
    if is_detector(name):
        return COCO_CLASSES, OF_DETECTORS.resize if is_torchvision(name) else SMALL
    return (1000, 224) if is_torchvision(name) else (10, 32)


# These weights come from TensorFlow. torchvision takes images by ImageNet's statistics and turns them back inside the
# network where it loads the weights itself (`transform_input`); a network that is built without weights does not.
TO_HALVES = ("googlenet", "inception_v3")
HALVES = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
AS_THEY_ARE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)  # detectors take images on the 0..1 scale and normalise them themselves


def own_normalisation(name: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation that images of a model's published weights were normalised with.

    Raises:
        InputError: none were published.
    """
    if is_timm(name):
        offered = of_timm.offered(name)
        return offered.mean, offered.std
    if is_detector(name):
        return AS_THEY_ARE
    if is_torchvision(name) and name.removeprefix(TORCHVISION) in TO_HALVES:
        return HALVES
    if is_torchvision(name):
        return of_timm.IMAGENET
    raise InputError(f"model {name!r} has no normalisation of its own: give 'data' or 'imagenet'")
