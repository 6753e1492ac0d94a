"""Trees of image files, one folder per class, walked without holding them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.data.picture_files import EXTENSIONS, class_folders, image_names, shown
from bench.errors import InputError


def part_of(root: Path, *names: str) -> Path:
    """The first of some folders that a root has.

    Raises:
        InputError: it has none of them; the sentence says what it holds.
    """
    for name in names:
        if (root / name).is_dir():
            return root / name
    expected = " or ".join(f"{name}/" for name in names)
    content = ", ".join(sorted(shown(path.name) for path in root.iterdir())[:10]) or "nothing"
    raise InputError(f"{root} has no {expected} with a folder of images per class; it holds {content}")


def by_class(part: Path) -> dict[str, Path]:
    """The class folders of a part by the name that they are shown by, sorted.

    Raises:
        InputError: two are shown by the same name, or the part cannot be read.
    """
    folders: dict[str, Path] = {}
    for folder in class_folders(part):
        # Reports, LaTeX and XML cannot hold every byte that a folder's name may have.
        name = shown(folder.name)
        if name in folders:
            raise InputError(f"two class folders of {part} are called {name!r}: rename one")
        folders[name] = folder
    return folders


def walk(root: Path, folders: Sequence[Path | None], *, may_be_empty: bool = False) -> Iterator[tuple[int, str]]:
    """Label and path, relative to the root, of every image file; each class by name.

    Args:
        folders: of each label; None for a class without images.
        may_be_empty: whether classes may have no image.

    Raises:
        InputError: at the end, if classes are empty that may not be; or a folder or file cannot be read.
    """
    empty = []
    for label, folder in enumerate(folders):
        names = image_names(folder) if folder else []
        if folder and not names and not may_be_empty:
            empty.append(emptiness(folder))
        relative = folder.relative_to(root) if folder else Path()
        yield from ((label, f"{relative}/{name}") for name in names)
    if empty:
        raise InputError(empty)


def emptiness(folder: Path) -> str:
    """The sentence about a class folder without images; empty if it has some."""
    kinds = ", ".join(sorted(EXTENSIONS))
    held = f"class {shown(folder.name)!r} is empty: {shown(folder)} holds no image ({kinds})"
    return "" if image_names(folder) else held
