"""Which networks and methods are swept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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


def classifiers() -> list[str]:
    """Torchvision's classifiers of single images, by name."""
    import torchvision

    return torchvision.models.list_models(module=torchvision.models)


def pairs(networks: Sequence[str], methods: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every network with every method, one network after another."""
    return ((network, method) for network in networks for method in methods)
