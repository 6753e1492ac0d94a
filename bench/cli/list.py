"""What there is: profiles, models, compression methods with their settings, and similarity measures."""

from __future__ import annotations

import argparse
import dataclasses
import tomllib

from bench import cli, profile, registry
from bench.compress._method import Method

HELP = "list profiles, models, methods and measures"
EXAMPLE = "python -m bench list methods"
SHELVES = {"models": "bench.zoo", "methods": "bench.compress", "measures": "bench.similarity"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("what", nargs="?", choices=["profiles", *SHELVES], help="only these (default: all)")


def execute(options: argparse.Namespace) -> int:
    """Run the command."""
    for shelf in [options.what] if options.what else ["profiles", *SHELVES]:
        print(f"{shelf}:")
        for name, summary in _profiles() if shelf == "profiles" else _entries(shelf):
            print(f"  {name:24} {summary}")
    return cli.OK


def _profiles() -> list[tuple[str, str]]:
    texts = {name: profile.find(name).read_text(encoding="utf-8") for name in profile.shipped()}
    return [(name, tomllib.loads(text).get("title", "")) for name, text in texts.items()]


def _entries(shelf: str) -> list[tuple[str, str]]:
    package = SHELVES[shelf]
    rows = [(name, registry.summary(package, name)) for name in registry.names(package)]
    return [(name, f"{summary}{_settings(name)}") for name, summary in rows] if shelf == "methods" else rows


def _settings(name: str) -> str:
    method = registry.subclass(SHELVES["methods"], name, Method, "method")
    settings = [f"{field.name}={field.default}" for field in dataclasses.fields(method)]
    return f" [{', '.join(settings)}]" if settings else ""
