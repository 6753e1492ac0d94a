"""Folders that are there whole or not at all: how the cache of images and the store of cells write to a disk.

Both keep each thing in a folder of its own with the SHA-256 of its files, and several processes may write to the same
place at once, be killed, or run out of space.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as parent:
...     with writing(Path(parent) / "cell") as folder:
...         _ = (folder / "out").write_bytes(b"result")
...     [path.name for path in Path(parent).iterdir()]
['cell']
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.errors import InputError


class Damaged(Exception):
    """A folder or a file in it is missing or not what was written; the message says which and how."""


def checksum(content: bytes) -> str:
    """SHA-256 in hex digits."""
    return hashlib.sha256(content).hexdigest()


def checksum_of_file(file: Path) -> str:
    """SHA-256 in hex digits of a file, which need not fit in memory."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_file(path: Path) -> bool:
    """Whether a file is there; a name that no file can have names none."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long, or that holds a NUL
        return False


def is_folder(path: Path) -> bool:
    """Whether a folder is there; a name that no folder can have names none."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def is_there(path: Path) -> bool:
    """Whether a name is one of anything: a file, folder, pipe, socket or device."""
    try:
        return path.exists()
    except (OSError, ValueError, RuntimeError):
        return False


@contextlib.contextmanager
def writing(target: Path, *, is_sound: Callable[[Path], bool] = lambda _: True) -> Iterator[Path]:
    """An empty folder to fill, which becomes `target` when the block ends; if the block raises, nothing is left of it.

    Args:
        is_sound: whether a folder that is there already may stay; one that may not is replaced.

    Raises:
        OSError: the disk is full, or the parent cannot be written (see `writable`).
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = _hidden(target.parent)
    folder.mkdir()
    # A rename within one file system is atomic, so a reader meets either no folder or a whole one, and of several
    # writers one wins. It fails where a folder with files is in the way. What stands there was then made from the same
    # key, so its content is as good as ours, unless its checksums say otherwise. Nothing is synced to the disk: after a
    # power cut a file may be shorter than what was written, which its checksum tells as well.
    try:
        yield folder
        while not _is_moved(folder, target) and not is_sound(target):
            discard(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def guarded(parent: Path) -> Iterator[Path]:
    """A hidden folder to fill, which goes when the block ends, or when this process does, however that happens.

    Raises:
        OSError: see `writing`.
    """
    # A process that is killed cannot tidy up. A shell that waits for the end of a pipe from it can: the kernel closes
    # the pipe when its writer ends for any reason. The shell has a session of its own, so that an interrupt at the
    # terminal spares it.
    folder = _hidden(parent)
    command = ["/bin/sh", "-c", 'trap "" HUP INT TERM; read -r _; rm -rf -- "$0"', str(folder)]
    quiet = subprocess.DEVNULL
    # Found whatever the caller's PATH is: a report without LaTeX is made with an empty one, say.
    path = {**os.environ, "PATH": os.defpath}
    guard = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, start_new_session=True, env=path
    )
    try:
        folder.mkdir()  # after its guard, so that there is no moment in which nobody would remove it
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        guard.communicate()


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let interrupts and requests to end wait until the block ends; in the main thread alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    came: list[int] = []
    heard = signal.set_wakeup_fd(-1)
    before = {number: signal.signal(number, lambda number, _: came.append(number)) for number in signals}
    try:
        yield
    finally:
        signal.set_wakeup_fd(heard)
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            os.kill(os.getpid(), came[0])


def write_file(file: Path, content: bytes) -> None:
    """Write a small file, replacing an earlier one in one step.

    Raises:
        OSError: see `writing`.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = _hidden(file.parent)
    try:
        temporary.write_bytes(content)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def write_once(file: Path, content: bytes) -> bool:
    """Write a small file unless there is one; of several writers one wins. Returns whether it was this one.

    Raises:
        OSError: see `writing`.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = _hidden(file.parent)
    try:
        temporary.write_bytes(content)
        try:
            os.link(temporary, file)  # atomic, and unlike a rename it never replaces what is there
        except FileExistsError:
            return False
        except OSError:  # a disk without hard links; there a reader may meet half a file, for a moment
            try:
                with file.open("xb") as stream:
                    stream.write(content)
            except FileExistsError:
                return False
        return True
    finally:
        temporary.unlink(missing_ok=True)


def discard(folder: Path) -> None:
    """Remove a folder, if it is there; processes that map its files keep them."""
    # Deleting file by file would show others half a folder, so it is renamed out of sight first.
    grave = _hidden(folder.parent)
    with contextlib.suppress(FileNotFoundError):  # another process was first
        folder.rename(grave)
    shutil.rmtree(grave, ignore_errors=True)


def sweep(parent: Path) -> None:
    """Remove files and folders with hidden names that dead processes of this machine left behind."""
    for path in parent.glob(".*-*"):
        # Names are `.what-HOST-PROCESS-NUMBER`, and a host's name may hold hyphens. Whether a process of another host
        # lives cannot be seen from here, so its files stay. A process that happens to have a dead one's number
        # keeps its files alive, until it ends.
        _, _, owner = path.name.rpartition("-")[0].partition("-")
        host, _, process = owner.rpartition("-")
        if host == socket.gethostname() and process.isdigit() and not _is_alive(int(process)):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


@contextlib.contextmanager
def writable(what: str) -> Iterator[None]:
    """Turn an error of the disk into a sentence about `what`, e.g. "the image cache runs/.data"."""
    try:
        yield
    except OSError as error:
        raise InputError(_unwritable(what, error)) from error


def _unwritable(what: str, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no space is left on the disk of {what}: free some and run the same command again, it resumes"
    return f"{what} cannot be written ({error.strerror or error}): give a folder that can, with --runs"


def _hidden(parent: Path) -> Path:
    """A name beside the target, on the same file system, that tells its owner and that no other process takes."""
    return parent / f".writing-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(8)}"


def _is_moved(folder: Path, target: Path) -> bool:
    try:
        folder.rename(target)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        return False
    return True


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)  # signal 0 is never delivered, it only asks
    except ProcessLookupError:
        return False
    except PermissionError:  # it runs for another user
        return True
    return True
