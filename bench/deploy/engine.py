"""The contract of an engine: what runs an exported network, and is timed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from bench import registry
from bench.errors import InputError

PACKAGE = "bench.deploy.engines"
Run = Callable[[np.ndarray], object]


@dataclass(frozen=True)
class Timing:
    """How long to measure; see `bench.deploy.timing.Request`."""

    threads: int = 1
    warm_up: int = 10
    passes: int = 100
    seconds: float = 10.0


class Engine(ABC):
    """What runs a network on the CPU; a file in `engines/` defines one, and imports its package by `library`.

    Class attributes:
        title: as printed.
        format: of the files that it runs, see `bench.deploy.format`.
        package: that it is, whose version is recorded.
        needs: packages that must be installed for export and run, by the extra of Innards that installs them.
    """

    title: ClassVar[str]
    format: ClassVar[str]
    package: ClassVar[str]
    needs: ClassVar[Mapping[str, str]] = {}

    def library(self) -> Any:
        """The engine's package, imported when it is first needed: the report names engines without loading them."""
        return import_module(self.package)

    @abstractmethod
    def start(self, threads: int) -> None:
        """Import the engine, and have it compute with so many threads."""

    @abstractmethod
    def load(self, file: Path, threads: int) -> Run:
        """A function of images, (1, C, H, W) float32, that runs the network in float32 or in its own integers."""


def find(name: str) -> Engine:
    """The engine of that name.

    Raises:
        InputError: there is none, or what it needs is not installed.
    """
    engine: Engine = registry.subclass(PACKAGE, name, Engine, "engine")()
    for package, extra in engine.needs.items():
        if find_spec(package) is None:
            raise InputError(f"{name} needs {package}, which is not installed: pip install 'innards[{extra}]'")
    return engine


def titles() -> dict[str, str]:
    """Every engine's title by its name, installed or not."""
    kinds = {name: registry.subclass(PACKAGE, name, Engine, "engine") for name in registry.names(PACKAGE)}
    return {name: str(kind.title) for name, kind in kinds.items() if issubclass(kind, Engine)}


def installed() -> tuple[dict[str, Engine], tuple[str, ...]]:
    """The engines that can run here, by name, and for each of the others one sentence why not."""
    engines: dict[str, Engine] = {}
    missing: list[str] = []
    for name in registry.names(PACKAGE):
        try:
            engines[name] = find(name)
        except InputError as error:
            missing.extend(error.problems)
    return engines, tuple(missing)
