"""What there is: profiles, models, compression methods and diagnostics with their settings, and similarity measures."""

from __future__ import annotations

import argparse
import dataclasses
import tomllib

from bench import cli, profile, registry
from bench.compress.method import Method
from bench.diagnose import catalog as diagnostics

HELP = "list profiles, models, methods, measures and diagnostics"
EXAMPLE = "python -m bench list methods"
SHELVES = ("profiles", "models", "methods", "measures", "diagnostics")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("what", nargs="?", choices=SHELVES, help="only these (default: all)")


def execute(options: argparse.Namespace) -> int:
    """Run the command."""
    rows = {
        "profiles": _profiles,
        "models": lambda: _entries("bench.zoo"),
        "methods": _methods,
        "measures": lambda: _entries("bench.similarity.measures"),
        "diagnostics": _diagnostics,
    }
    for shelf in [options.what] if options.what else SHELVES:
        print(f"{shelf}:")
        for name, summary in rows[shelf]():
            print(f"  {name:24} {summary}")
    return cli.OK


def _profiles() -> list[tuple[str, str]]:
    texts = {name: profile.find(name).read_text(encoding="utf-8") for name in profile.shipped()}
    return [(name, tomllib.loads(text).get("title", "")) for name, text in texts.items()]


def _entries(package: str) -> list[tuple[str, str]]:
    return [(name, registry.summary(package, name)) for name in registry.names(package)]


def _methods() -> list[tuple[str, str]]:
    package = "bench.compress.methods"
    return [
        (name, f"{summary}{_settings(registry.subclass(package, name, Method, 'method'))}")
        for name, summary in _entries(package)
    ]


def _diagnostics() -> list[tuple[str, str]]:
    return [
        (name, f"{registry.summary(diagnostics.PACKAGE, name)}{_settings(diagnostics.diagnostic(name))}")
        for name in diagnostics.names()
    ]


def _settings(kind: type) -> str:
    settings = [f"{field.name}={field.default}" for field in dataclasses.fields(kind)]
    return f" [{', '.join(settings)}]" if settings else ""
