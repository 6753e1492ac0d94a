"""Which networks and methods are swept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from bench import registry
from bench.compress.variant import PACKAGE

METHODS = (
    "magnitude",
    "li",
    "thinet",
    "pca",
    "svd",
    "pqf",
    "k-bit",
    "nncf-int8-ptq",
    "xnor-net",
    "deep-compression",
)


@cache
def classifiers() -> list[str]:
    """Torchvision's classifiers of single images, by name."""
    import torchvision

    return torchvision.models.list_models(module=torchvision.models)


def model(network: str) -> str:
    """The name of a network as profiles give it: of torchvision if torchvision has it, else of the zoo."""
    return f"torchvision:{network}" if network in classifiers() else network


def every_method() -> list[str]:
    """All methods, at their defaults."""
    return list(registry.names(PACKAGE))


def pairs(networks: Sequence[str], methods: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every network with every method, one network after another."""
    return ((network, method) for network in networks for method in methods)
