"""A packed network from a cell of a profile or from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from torch import nn

from bench import guest_sources
from bench.deploy import find, network
from bench.deploy.find import PACKED
from bench.deploy.network import Deployed
from bench.errors import InputError
from bench.folders import is_file, is_folder
from bench.runner import plan_file
from bench.runner.store import Store

__all__ = ["PACKED", "chosen", "from_cell", "from_file", "of_cell", "with_normalisation"]


def from_cell(name: str, folder: Path) -> Deployed:
    """The packed network of a cell.

    Args:
        folder: `runs/<profile>`.

    Raises:
        InputError: see `find.cell_named` and `find.packed_cell`.
    """
    plan, store = plan_file.read(folder), Store(folder)
    return of_cell(find.packed_cell(find.cell_named(name, plan), plan, store))


def of_cell(cell: find.PackedCell, given: nn.Module | None = None) -> Deployed:
    """The network of a cell's packed file; a function of the user's that its profile names is called."""
    with guest_sources.current_folder_importable():
        made = network.read(cell.packed, given, trusted=cell.cell.model)
    return replace(made, preprocessing=cell.preprocessing)


def from_file(path: Path, given: nn.Module | None = None, *, trusted: str = "") -> Deployed:
    """The packed network of a file; one that lies in a folder of runs has its cell's preprocessing.

    Args:
        given, trusted: see `bench.deploy.network.read`.

    Raises:
        InputError: the file cannot be read, or see there.
    """
    try:
        packed = path.read_bytes()
    except OSError as error:
        raise InputError(f"packed file {str(path)!r} cannot be read: {error.strerror}") from error
    except ValueError as error:  # no path can hold a NUL
        raise InputError(f"packed file {str(path)!r} cannot be read: {error}") from error
    if place := find.cell_of(path):
        plan, store, cell = place
        return of_cell(find.packed_cell(cell, plan, store), given)
    try:
        with guest_sources.current_folder_importable():
            return network.read(packed, given, trusted=trusted)
    except InputError as error:
        raise InputError([f"{path}: {problem}" for problem in error.problems]) from error


def chosen(subject: str, folder: Path, *, trusted: str = "") -> Deployed:
    """The packed network that a command names: a file if there is one, else a cell.

    Args:
        folder: `runs/<profile>`.
        trusted: see `bench.deploy.network.read`.

    Raises:
        InputError: there is neither, or see `from_cell` and `from_file`.
    """
    path = Path(subject)
    if is_file(path) or path.suffix == ".innards":
        return from_file(path, trusted=trusted)
    if is_file(path / PACKED):
        return from_file(path / PACKED, trusted=trusted)
    if is_folder(path):
        raise InputError(f"folder {subject!r} holds no packed network, {PACKED}: give a cell's folder or its name")
    return from_cell(subject, folder)


def with_normalisation(deployed: Deployed, mean: Sequence[float] | None, std: Sequence[float] | None) -> Deployed:
    """With a mean and a standard deviation in place of what is recorded; as it is if both are None.

    Raises:
        InputError: see `Preprocessing.normalising_by`.
    """
    return replace(deployed, preprocessing=deployed.preprocessing.normalising_by(mean, std))
