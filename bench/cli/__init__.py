"""The command line: a sub-command a file.

Each offers HELP, EXAMPLE, `arguments(parser)` and `execute(arguments) -> exit code`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from types import ModuleType

import bench
from bench import registry
from bench.errors import InputError

OK, MISTAKE, SOME_FAILED, INTERRUPTED = 0, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code.

    0: done. 2: something given cannot be used, told in one sentence. 3: done, but some cells failed. 130: interrupted.
    """
    parsed = _parser().parse_args(arguments)
    try:
        return parsed.execute(parsed)
    except InputError as error:
        for problem in error.problems:
            print(f"innards: {problem}", file=sys.stderr)
        return MISTAKE
    except KeyboardInterrupt:
        print("innards: interrupted; run the same command again to resume", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone, e.g. `| head`
        return OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=bench.__doc__)
    parser.add_argument("--version", action="version", version=f"Innards {bench.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
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
