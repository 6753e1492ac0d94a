"""Modules that are imported when first used, so that quick commands do without torch."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType


def submodules(package: str) -> Callable[[str], ModuleType]:
    """A package's `__getattr__` (PEP 562): `package.module` imports the module the first time that it is asked for.

    What defines networks or computes with them imports torch, which takes seconds. What only names its settings need
    not wait: it imports the package and reaches for the module where it computes.

    >>> import bench.zoo.layers
    >>> bench.zoo.layers.vgg.__name__
    'bench.zoo.layers.vgg'
    """

    def __getattr__(name: str) -> ModuleType:
        module = f"{package}.{name}"
        try:
            return import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:  # the module exists, something that it imports does not
                raise
            raise AttributeError(f"module {package!r} has no attribute {name!r}") from None

    return __getattr__
