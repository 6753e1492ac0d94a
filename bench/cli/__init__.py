"""The command line: one file per sub-command.

A file offers HELP, EXAMPLE, `arguments(parser)` and `execute(arguments) -> exit code`; its docstring is the command's
description in `--help`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import bench
from bench import registry
from bench.errors import InputError, did_you_mean, limit
from bench.folders import Damaged

OK, MISTAKE, SOME_FAILED, INTERRUPTED = 0, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        The exit code. 0: done. 2: a mistake of the user's, reported in one sentence. 3: done, but some cells failed.
        130: interrupted.
    """
    # A mistake of the user's is a sentence, and any other error is ours: it keeps its traceback, for a report of the
    # bug.
    parsed = _parser().parse_args(arguments)
    try:
        return parsed.execute(parsed)
    except InputError as error:
        for problem in error.problems:
            print(f"innards: {problem}", file=sys.stderr)
        return MISTAKE
    except Damaged as damage:  # between a check and the reading, or inside a sealed file
        print(f"innards: {damage}; `python -m bench run` works it again", file=sys.stderr)
        return MISTAKE
    except KeyboardInterrupt:
        print("innards: interrupted; run the same command again to resume", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone, e.g. `| head`
        return OK
    except Exception as error:
        if (reason := limit(error)) is None:
            raise
        print(f"innards: this ended because {reason}", file=sys.stderr)
        return MISTAKE


class _Parser(argparse.ArgumentParser):
    """Takes options by their whole names only: a half-typed option must not start a run as another one."""

    def __init__(self, **options: Any):
        super().__init__(allow_abbrev=False, **options)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """See argparse; unknown options are refused here, where the command's own options can be suggested."""
        parsed, unknown = super().parse_known_args(args, namespace)
        options = [text.partition("=")[0] for text in unknown if text.startswith("-")]
        if options:
            allowed = [name for name in self._option_string_actions if name.startswith("--")]
            self.error(f"unknown option {options[0]!r}: {did_you_mean(options[0], allowed)}")
        if unknown:
            self.error(f"{unknown[0]!r} is one argument too many")
        return parsed, unknown


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m bench", description=bench.__doc__)
    parser.add_argument("--version", action="version", version=f"Innards {bench.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    # `--help` imports every command's file. What is slow to import (torch, scipy, Optuna) these import in `execute`.
    for name in registry.names("bench.cli"):
        _add(commands, name, registry.load("bench.cli", name, "command"))
    return parser


def _add(commands: argparse._SubParsersAction, name: str, command: ModuleType) -> None:
    parser = commands.add_parser(
        name,
        help=command.HELP,
        description=command.__doc__,
        epilog=f"example:\n  {command.EXAMPLE}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.arguments(parser)
    parser.set_defaults(execute=command.execute)
