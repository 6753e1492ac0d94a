"""What may not stand together in a `[[models]]` table, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.errors import InputError
from bench.task import Task
from bench.task.detection import Detection
from bench.zoo.networks import catalogue
from bench.zoo.networks.of_timm import IMAGENET, is_timm


def problems(model: Mapping[str, Any], task: Task) -> list[str]:
    """Sentences about a model's task, weights and normalisation; its name is checked elsewhere."""
    name = model["name"]
    found = _of_another_task(name, task)
    if model.get("weights") and not (is_timm(name) or catalogue.is_torchvision(name)):
        found.append(
            f"model {name!r}: 'weights' are those that a network of timm or torchvision begins with; to load a file "
            "instead of training give 'checkpoint'"
        )
    if model.get("weights") and model.get("checkpoint"):
        found.append(f"model {name!r}: give 'weights' to train from, or 'checkpoint' instead of training, not both")
    if model.get("normalisation") == "own":
        try:
            catalogue.own_normalisation(name)
        except InputError as error:
            found.extend(error.problems)
    return found


def _of_another_task(name: str, task: Task) -> list[str]:
    if catalogue.is_detector(name) and task.classifies:
        return [f'model {name!r} detects objects: give task = "{catalogue.DETECTION}"']
    if isinstance(task, Detection) and not catalogue.is_own(name) and not catalogue.is_detector(name):
        return [f"model {name!r} gives a logit per class: a detector is e.g. torchvision:maskrcnn_resnet50_fpn"]
    return []


def normalisation(name: str, chosen: str, weights: str) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Mean and standard deviation per channel, 0..1 scale; None if they are those of the training images.

    Args:
        chosen: by the profile; empty for those of published weights if a network begins with weights or is timm's.
        weights: that training begins with, if any.
    """
    if chosen == "imagenet":
        return IMAGENET
    return catalogue.own_normalisation(name) if chosen == "own" or (not chosen and (weights or is_timm(name))) else None
