"""`python -m bench`."""

import signal
import sys
from pathlib import Path

from bench.cli import main


def start() -> int:
    """Run the command line; being asked to end (SIGTERM) is an interrupt too, so that no worker is left behind."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # `python -m bench` finds the user's own modules in the current folder, and so must the installed script; worker
    # processes are given this path. What is installed comes first.
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)
    return main()


if __name__ == "__main__":
    sys.exit(start())
