"""`python -m bench`."""

import signal
import sys

from bench.cli import main


def start() -> int:
    """Run the command line; being asked to end (SIGTERM) is an interrupt too, so that no worker is left behind."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return main()


if __name__ == "__main__":
    sys.exit(start())
