"""Files of the user's that cells read: weights, checkpoints, and the hashes by which keys know them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from bench.errors import InputError
from bench.folders import is_file
from bench.profile.tables import Model
from bench.zoo.networks import of_torchvision
from bench.zoo.networks.catalogue import is_torchvision
from bench.zoo.networks.of_timm import BY_TIMM, downloaded, is_timm


def content_hash(path: Path) -> str:
    """SHA-256 of a file as it is now."""
    return _hash(path, path.stat().st_mtime_ns)


@cache
def _hash(path: Path, modified: int) -> str:
    """Of a file's content, which every cell of a model asks for."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def weights_of(entry: Model) -> Path:
    """The file that training begins with.

    Raises:
        InputError: there is no such file.
    """
    if entry.weights == BY_TIMM and is_timm(entry.name):
        return downloaded(entry.name)
    if is_torchvision(entry.name) and of_torchvision.is_published(entry.weights) and not is_file(Path(entry.weights)):
        return of_torchvision.downloaded(entry.name, entry.weights)
    path = Path(entry.weights)
    if not is_file(path):
        raise InputError(f"weights of {entry.name}: there is no file {entry.weights!r}")
    return path


def checkpoint_of(template: str, seed: int) -> Path:
    """The checkpoint of a seed.

    Raises:
        InputError: there is no such file.
    """
    path = Path(template.replace("{seed}", str(seed)))
    if not is_file(path):
        raise InputError(f"checkpoint of seed {seed}: there is no file {str(path)!r}")
    return path
