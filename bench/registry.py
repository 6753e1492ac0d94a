"""Extension is a file: what a folder offers is the list of its modules, found without importing them.

Whoever looks a class up by name also accepts one of the user's own (see `bench.guests`).

A module's name is its public name with `-` for `_`: `bench/zoo/resnet20.py` is `resnet20`,
`bench/compress/methods/magnitude_finetune.py` is `magnitude-finetune`. Modules whose name starts with `_` and
sub-packages are helpers.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from bench import guest_sources, guests
from bench.errors import InputError, did_you_mean

_ENTRY = re.compile(r"@\w+\s*\{\s*([^,\s]+)\s*,")  # of BibTeX, up to its key


@cache
def names(package: str) -> tuple[str, ...]:
    """The public names that a package's files offer, sorted.

    >>> "resnet20" in names("bench.zoo")
    True
    """
    files = (path for path in _folder(package).glob("*.py") if not path.stem.startswith("_"))
    return tuple(sorted(path.stem.replace("_", "-") for path in files))


def summary(package: str, name: str) -> str:
    """The first line of an entry's docstring, read without importing (and so without torch)."""
    source = (_folder(package) / f"{_stem(name)}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def load(package: str, name: str, what: str) -> ModuleType:
    """Import an entry.

    Raises:
        InputError: no such entry; the sentence calls it `what` and names the nearest.
    """
    if name not in names(package):
        raise InputError(f"unknown {what} {name!r}: {did_you_mean(name, names(package))}")
    return importlib.import_module(f"{package}.{_stem(name)}")


def subclass(package: str, name: str, base: type, what: str) -> type:
    """The class behind a name: the one public subclass of `base` that an entry's module defines, or a guest's.

    Args:
        package: whose files are the entries.
        name: of an entry, or `package.module:Class` of the user's own.
        what: how a sentence calls it, e.g. "method".

    Raises:
        InputError: no such entry; or no such class of the user's, or one that cannot be used (see `bench.guests`).
    """
    # No file of ours has a colon in its name, so the two kinds of names cannot be confused.
    if guests.is_guest(name):
        return guests.subclass(name, base, what)
    module = load(package, name, what)
    # An entry also imports its base class and perhaps another entry to build on: only what it defines itself counts.
    classes = [
        member
        for member in vars(module).values()
        if isinstance(member, type)
        and issubclass(member, base)
        and member.__module__ == module.__name__
        and not member.__name__.startswith("_")
    ]
    if len(classes) != 1:
        raise TypeError(f"{module.__name__} must define exactly one public {base.__name__}, found {len(classes)}")
    return classes[0]


def version(kind: type, name: str = "") -> Any:
    """What a cell's key holds of an entry's code: the number that it declares; for a guest also a hash of its sources.

    Nobody is asked to raise a number while they try things out, so a guest's cells are worked again after every edit.

    Args:
        name: by which it was asked for.
    """
    declared = getattr(kind, "version", 1)
    named = name.partition(":")[0] if guests.is_guest(name) else ""
    # The class may be defined elsewhere than where it is named: imported from a library, or made by a function. What
    # both modules say determines what it does.
    modules = dict.fromkeys(module for module in (named, kind.__module__) if module and not guests.is_foreign(module))
    hashes = [guest_sources.version(module, f"{module}:{kind.__qualname__}") for module in modules]
    return "-".join(map(str, (declared, *hashes))) if hashes else declared


def is_built_in(kind: type) -> bool:
    """Whether a class is Innards' own and not a guest's."""
    return kind.__module__.partition(".")[0] == __package__


def sources(kind: type) -> tuple[str, ...]:
    """BibTeX keys of the papers behind a method, measure or diagnostic: those it names, else of all it carries."""
    named: str | tuple[str, ...] = getattr(kind, "source", ())
    keys = (named,) if isinstance(named, str) else tuple(named)
    return tuple(filter(None, keys)) or tuple(_ENTRY.findall(getattr(kind, "bibtex", "")))


def _stem(name: str) -> str:
    return name.replace("-", "_")


@cache
def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(package)
    return Path(spec.submodule_search_locations[0])
