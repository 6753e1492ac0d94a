"""Files of the user's that a method reads: one for each network, found by its model and seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.errors import InputError
from bench.folders import is_file

Files = str | Mapping[str, str]  # a path with {model} and {seed} in it, or paths by seed


def path_of(files: Files, model: str, seed: int) -> Path:
    """The file of a network.

    Args:
        files: `{model}` stands for the model's name, or for what follows its last colon, `resnet18` of
            `torchvision:resnet18`.

    Raises:
        InputError: there is none.
    """
    template = files if isinstance(files, str) else files.get(str(seed))
    if template is None:
        raise InputError(f"no file is given for seed {seed}: {', '.join(map(repr, files)) or 'none'} are there")
    paths = list(_paths(template, model, seed))
    path = next(filter(is_file, paths), None)
    if path is None:
        raise InputError(f"seed {seed} of {model}: there is no file {str(paths[0])!r}")
    return path


def check_independent(contents: Mapping[int, tuple[str, str]]) -> None:
    """Refuse one network for several seeds: they would count as independent trainings.

    Args:
        contents: name of the file and hash of its content, by seed.

    Raises:
        InputError: two seeds have the same.
    """
    first: dict[str, tuple[int, str]] = {}
    for seed, (name, content) in contents.items():
        other, other_name = first.setdefault(content, (seed, name))
        if other != seed:
            what = f"{name!r} is one file" if name == other_name else f"{other_name!r} and {name!r} hold one network"
            raise InputError(
                f"{what} for seeds {other} and {seed}, which would count as independent trainings: "
                "give each seed a network of its own (write {seed} in the path), or run one seed"
            )


def _paths(template: str, model: str, seed: int) -> Iterator[Path]:
    for name in dict.fromkeys((model, model.rpartition(":")[2])):
        yield Path(template.replace("{seed}", str(seed)).replace("{model}", name))
