"""Runs of cells and timings keep out of each other's way: either many cells are worked, or one network is timed."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.errors import InputError


@contextmanager
def working(runs: Path) -> Iterator[None]:
    """While cells are worked; others may work cells too.

    Raises:
        InputError: networks are being timed.
    """
    with _held(runs, fcntl.LOCK_SH, "networks of {runs} are being timed, and cells at work would slow them down"):
        yield


@contextmanager
def alone(runs: Path) -> Iterator[None]:
    """While networks are timed.

    Raises:
        InputError: cells are at work, or networks are being timed.
    """
    with _held(runs, fcntl.LOCK_EX, "cells of {runs} are at work or networks are being timed, and both would be slow"):
        yield


@contextmanager
def _held(runs: Path, kind: int, sentence: str) -> Iterator[None]:
    # The lock is on the folder itself, so that it needs no file and works on a disk that cannot be written; the kernel
    # releases it when its process ends, however that happens. A disk without locks goes without.
    try:
        folder = os.open(runs, os.O_RDONLY)
    except FileNotFoundError:  # nothing was ever written there
        yield
        return
    try:
        fcntl.flock(folder, kind | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(folder)
        raise InputError(f"{sentence.format(runs=runs)}: wait until they are done") from error
    except OSError:
        pass
    try:
        yield
    finally:
        os.close(folder)
