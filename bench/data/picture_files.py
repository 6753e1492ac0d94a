"""Folders of image files, as cameras, browsers and desktops leave them; nothing is opened here."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from bench.errors import InputError

EXTENSIONS = frozenset(
    (".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
)
# Pictures too, but of formats that no decoder here reads: to pass them over would leave out a part of a class unseen.
UNREAD = frozenset(
    (".arw", ".avif", ".cr2", ".cr3", ".dng", ".heic", ".heics", ".heif", ".hif", ".j2k", ".jp2", ".jxl", ".nef",
     ".orf", ".psd", ".raf", ".rw2", ".svg")
)  # fmt: skip
UNPRINTABLE = ("Cc", "Cs", "Zl", "Zp")  # categories of Unicode: control characters, surrogates, line separators


def image_files(folder: Path) -> list[Path]:
    """The image files of a folder; see `image_names`."""
    return [folder / name for name in image_names(folder)]


def image_names(folder: Path) -> list[str]:
    """Names of a folder's image files, sorted; hidden files, folders and files that are no pictures are passed over.

    Raises:
        InputError: a name is that of a picture, but its format isn't read or it is no file; or the folder cannot be
            read.
    """
    images, problems = [], []
    for entry in _entries(folder):
        file, extension = folder / entry.name, Path(entry.name).suffix.lower()
        if extension not in EXTENSIONS | UNREAD or _is_folder(entry):
            continue
        if extension in UNREAD:
            problems.append(f"{shown(file)}: {extension} files are not read, convert it to JPEG or PNG or remove it")
        elif problem := _no_file(entry):
            problems.append(f"{shown(file)} cannot be read ({problem})")
        else:
            images.append(entry.name)
    if problems:
        raise InputError(problems)
    return images


def class_folders(folder: Path) -> list[Path]:
    """The folders in a folder by name, without hidden ones.

    Raises:
        InputError: a link leads nowhere, or the folder cannot be read.
    """
    pictures = []
    for entry in _entries(folder):
        if _is_folder(entry):
            pictures.append(folder / entry.name)
        elif entry.is_symlink() and (problem := _no_file(entry)):
            raise InputError(f"{shown(folder / entry.name)} cannot be read ({problem})")
    return pictures


def shown(name: str | Path) -> str:
    r"""A name of the file system as text that can be written anywhere: control characters and stray bytes as escapes.

    >>> shown("two\nlines"), shown("caf\udce9"), shown("Füße ✓")
    ('two\\x0alines', 'caf\\xe9', 'Füße ✓')
    """
    return "".join(_escaped(character) for character in str(name))


def _escaped(character: str) -> str:
    code = ord(character)
    # Python stands for a byte that is no UTF-8 with a surrogate; U+FFFE and its like are no characters, in XML neither.
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if unicodedata.category(character) in UNPRINTABLE or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code < 0xFDF0:
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    return character


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            pictures = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"{shown(folder)} cannot be read ({error.strerror})") from error
    return (entry for entry in pictures if not entry.name.startswith("."))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a loop of links
        return False


def _no_file(entry: os.DirEntry[str]) -> str:
    """Why an entry is no file to read; empty if it is one. A pipe is not opened: its reader would wait for ever."""
    try:
        if entry.is_file():
            return ""
        entry.stat()
    except OSError as error:
        return str(error.strerror)
    return "a pipe, socket or device, not a file"
