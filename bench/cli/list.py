"""What there is, with settings; of one entry, by its name or as package.module:Class, also title, family and source."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import tomllib
from collections.abc import Iterator
from typing import Any

from pydantic.fields import FieldInfo

from bench import cli, guests, profile, registry
from bench.compress.method import Method
from bench.compress.variant import PACKAGE as METHODS
from bench.data.catalog import PACKAGE as SOURCES
from bench.data.source import Source
from bench.diagnose.catalog import PACKAGE as DIAGNOSTICS
from bench.diagnose.diagnostic import Diagnostic
from bench.errors import InputError, did_you_mean
from bench.runner.executor import PACKAGE as EXECUTORS
from bench.runner.executor import Executor
from bench.similarity.catalog import PACKAGE as MEASURES
from bench.similarity.measure import Described
from bench.task import PACKAGE as TASKS
from bench.task import Task
from bench.zoo.networks.catalogue import PACKAGE as MODELS
from bench.zoo.networks.catalogue import TORCHVISION, check_torchvision, is_torchvision
from bench.zoo.networks.of_timm import TIMM, is_timm, offered

HELP = "list what there is, or show one entry"
EXAMPLE = "python -m bench list methods"
PROFILES = "profiles"


@dataclasses.dataclass(frozen=True)
class Shelf:
    """Entries of one kind: where their files are, the class that they derive from, and what a sentence calls one."""

    package: str
    base: type
    what: str


# Models are modules that offer functions, so that they have no base; profiles are no code at all.
CLASSES = {
    "methods": Shelf(METHODS, Method, "method"),
    "measures": Shelf(MEASURES, Described, "measure"),
    "diagnostics": Shelf(DIAGNOSTICS, Diagnostic, "diagnostic"),
    "sources": Shelf(SOURCES, Source, "data source"),
    "tasks": Shelf(TASKS, Task, "task"),
    "executors": Shelf(EXECUTORS, Executor, "executor"),
}
SHELVES = (PROFILES, "models", *CLASSES)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    names = ", ".join(SHELVES)
    parser.add_argument(
        "what", nargs="?", help=f"only these: {names} (default: all); or one entry: its name or package.module:Class"
    )


def execute(options: argparse.Namespace) -> int:
    """Run the command."""
    if options.what and options.what not in SHELVES:
        print("\n".join(_one(options.what)))
        return cli.OK
    for shelf in [options.what] if options.what else SHELVES:
        print(f"{shelf}:")
        for name in _names(shelf):
            print(f"  {name:24} {_summary(shelf, name)}")
    return cli.OK


def _names(shelf: str) -> tuple[str, ...]:
    if shelf == PROFILES:
        return profile.shipped()
    return registry.names(MODELS if shelf == "models" else CLASSES[shelf].package)


def _summary(shelf: str, name: str) -> str:
    if shelf == PROFILES:
        return tomllib.loads(profile.find(name).read_text(encoding="utf-8")).get("title", "")
    if shelf == "models":
        return registry.summary(MODELS, name)
    summary = registry.summary(CLASSES[shelf].package, name)
    if not dataclasses.is_dataclass(CLASSES[shelf].base):  # it has no settings, and may import PyTorch
        return summary
    settings = [f"{key}={value}" for key, value in _settings(_class(shelf, name))]
    return f"{summary} [{', '.join(settings)}]" if settings else summary


def _class(shelf: str, name: str) -> type:
    kind = CLASSES[shelf]
    return registry.subclass(kind.package, name, kind.base, kind.what)


def _settings(kind: type) -> list[tuple[str, Any]]:
    """Names and defaults."""
    if not dataclasses.is_dataclass(kind):
        return []
    return [(field.name, _default(field)) for field in dataclasses.fields(kind)]


def _default(field: dataclasses.Field[Any]) -> Any:
    if isinstance(field.default, FieldInfo):  # pydantic's `Field(...)` as the default, as a guest may write it
        return field.default.get_default(call_default_factory=True, validated_data={})
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _one(name: str) -> Iterator[str]:
    """Everything of that name: one may be a profile and a data source."""
    if is_torchvision(name):
        check_torchvision(name)
        yield f"model {name}: {name.removeprefix(TORCHVISION)} of torchvision"
        return
    if is_timm(name):
        own = offered(name)
        yield f"model {name}: {name.removeprefix(TIMM)} of timm"
        yield from (f"  {key:8}  {value}" for key, value in dataclasses.asdict(own).items())
        return
    if guests.is_guest(name):
        yield from _guest(name)
        return
    shelves = [shelf for shelf in SHELVES if name in _names(shelf)]
    if not shelves:
        names = (entry for shelf in SHELVES for entry in (shelf, *_names(shelf)))
        raise InputError(f"there is no {name!r} to list: {did_you_mean(name, names)}; or give {guests.FORM}")
    for shelf in shelves:
        if shelf in CLASSES:
            kind = CLASSES[shelf]
            yield from _described(f"{kind.what} {name}: {registry.summary(kind.package, name)}", _class(shelf, name))
        else:
            yield f"{shelf.removesuffix('s')} {name}: {_summary(shelf, name)}"


def _guest(name: str) -> Iterator[str]:
    code = guests.load(name, "entry")
    if not isinstance(code, type):
        if not callable(code):
            raise InputError(f"{name!r} is neither a class nor a function, it is a {type(code).__name__}")
        yield f"model {name}: {_first_line(code)}".removesuffix(": ")
        return
    kinds = [kind for kind in CLASSES.values() if issubclass(code, kind.base)]
    if not kinds:
        bases = ", ".join(f"{kind.base.__module__}.{kind.base.__name__}" for kind in CLASSES.values())
        raise InputError(f"{name!r} ({guests.definition(code)}) derives from none of {bases}")
    guests.subclass(name, kinds[0].base, kinds[0].what)
    yield from _described(f"{kinds[0].what} {name}: {_first_line(code)}", code)


def _described(head: str, kind: type) -> Iterator[str]:
    yield head.removesuffix(": ")
    facts: list[tuple[str, Any]] = [
        ("title", getattr(kind, "title", "")),
        ("family", getattr(kind, "family", "")),
        ("source", ", ".join(registry.sources(kind))),
        ("version", registry.version(kind)),
    ]
    facts += [(f"setting {key}", value) for key, value in _settings(kind)]
    width = max(len(fact) for fact, _ in facts)
    yield from (f"  {fact:{width}}  {value}" for fact, value in facts if value != "")


def _first_line(code: Any) -> str:
    """Of its own docstring: neither what it inherits nor the signature that `dataclass` writes describes it."""
    text = inspect.cleandoc(code.__doc__ or "")
    return "" if text.startswith(f"{getattr(code, '__name__', '')}(") else text.partition("\n")[0]
