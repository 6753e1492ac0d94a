"""`python -m bench`."""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

ENDING = (signal.SIGINT, signal.SIGTERM)
INTERRUPTED = 130
SENTENCE = "innards: interrupted; run the same command again to resume"
_came: list[int] = []  # signals that were answered


def start() -> int:
    """Run the command line; being asked to end (SIGTERM) is an interrupt too, so that no worker is left behind.

    Who asks twice does not wait for what is tidied up: the process ends at once, with its workers.
    """
    try:
        _listen()
        # `python -m bench` finds the user's own modules in the current folder, and so must the installed script; worker
        # processes are given this path. What is installed comes first.
        folder = str(Path.cwd())
        if folder not in sys.path:
            sys.path.append(folder)
        from bench.cli import main

        code = main()
    except KeyboardInterrupt:  # before there was a command
        print(SENTENCE, file=sys.stderr)
        code = INTERRUPTED
    if code == INTERRUPTED:
        # Python would wait for threads and for what the children work at, and let a third signal end it otherwise.
        _end_children()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)
    return code


def _listen() -> None:
    """Have the first signal raise KeyboardInterrupt, and a thread end the process at the second."""
    # Python answers a signal between two steps of its own, which a large sum of PyTorch can delay for seconds. The
    # number of the signal is written to a descriptor at once, and a thread that reads it runs meanwhile.
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in ENDING:
        signal.signal(number, _interrupt)
    threading.Thread(target=_watch, args=(reading,), daemon=True).start()


def _interrupt(number: int, frame: Any) -> None:
    _came.append(number)
    if len(_came) == 1:
        raise KeyboardInterrupt


def _watch(reading: int) -> None:
    asked = 0
    while content := os.read(reading, 64):
        asked += sum(number in ENDING for number in content)
        if asked > 1:
            _end_children()
            os.write(2, f"{SENTENCE}\n".encode())
            os._exit(INTERRUPTED)


def _end_children() -> None:
    for child in multiprocessing.active_children():
        child.kill()
    # One that is being started is not among them yet, and would tell how its parent went away. Linux knows it.
    with contextlib.suppress(OSError):
        listed = [file.read_text().split() for file in Path("/proc/self/task").glob("*/children")]
        for number in (number for numbers in listed for number in numbers):
            with contextlib.suppress(OSError):
                if b"spawn_main" in Path(f"/proc/{number}/cmdline").read_bytes():
                    os.kill(int(number), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(start())
