"""The contract of a format that packed networks are exported to, and how its files are written."""

from __future__ import annotations

import importlib.util
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import bench
from bench import folders, registry
from bench.errors import InputError

if TYPE_CHECKING:
    from bench.deploy.network import Deployed

PACKAGE = "bench.deploy.formats"


@dataclass(frozen=True)
class Exported:
    """A network in another format.

    Attributes:
        files: content by suffix; the last is what other programs open.
        note: one sentence that its reader must know; empty if there is none.
    """

    files: Mapping[str, bytes]
    note: str = ""


class Format(ABC):
    """A format; a file in `formats/` defines one, and `export --to` takes its name.

    Class attributes:
        suffixes: of its files; the last is that of the file that other programs open.
        needs: packages that must be installed, by the extra of Innards that installs them.
        graph: whether the file computes, so that it can hold the normalisation too.
    """

    suffixes: ClassVar[tuple[str, ...]]
    needs: ClassVar[Mapping[str, str]] = {}
    graph: ClassVar[bool] = True

    @abstractmethod
    def export(self, deployed: Deployed, *, normalise: bool) -> Exported:
        """The network with its preprocessing beside it.

        Args:
            normalise: whether the network takes pixels on the 0..1 scale and normalises them itself.

        Raises:
            InputError: the format cannot express the network.
        """


def find(name: str) -> Format:
    """The format of that name, ready to export.

    Raises:
        InputError: there is none, or what it needs is not installed.
    """
    made: Format = registry.subclass(PACKAGE, name, Format, "format")()
    for package, extra in made.needs.items():
        if importlib.util.find_spec(package) is None:
            raise InputError(f"{name} needs {package}, which is not installed: pip install 'innards[{extra}]'")
    return made


def export(deployed: Deployed, name: str, *, normalise: bool = False) -> Exported:
    """A packed network in another format; batches of any size.

    Raises:
        InputError: see `find`; the format cannot express the network, or its normalisation is asked for and not known.
    """
    made = find(name)
    if normalise and not made.graph:
        raise InputError(f"{name} holds no graph that could normalise: leave --normalise out")
    if normalise and not deployed.preprocessing.complete:
        raise InputError("the normalisation is not recorded beside this packed network: give --mean and --std")
    try:
        return made.export(deployed, normalise=normalise)
    except (InputError, MemoryError):
        raise
    except Exception as error:  # tracers and converters run the network's own code, and may fail in any way
        reason = (str(error).strip() or type(error).__name__).partition("\n")[0]
        raise InputError(f"{deployed.model} cannot be exported to {name}: {reason}") from error


def metadata(deployed: Deployed, *, normalise: bool) -> dict[str, Any]:
    """What stands beside the weights, as JSON."""
    return {
        "model": deployed.model,
        "classes": deployed.classes,
        "input": "pixels from 0 to 1" if normalise else "(pixels / 255 - mean) / std",
        "preprocessing": deployed.preprocessing.as_dict(),
        "made_by": f"Innards {bench.__version__}",
    }


def as_texts(facts: Mapping[str, Any]) -> dict[str, str]:
    """Metadata for formats that hold texts alone: what is no text is JSON."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in facts.items()}


def write(exported: Exported, output: Path) -> list[Path]:
    """Put an exported network's files in their places, each in one step; the paths, the main one last.

    Args:
        output: the main file; others stand beside it under its name.

    Raises:
        InputError: they cannot be written.
    """
    # Of two files that belong together, the one that names the other goes first and comes last: a reader never opens an
    # old one with new numbers.
    *beside, main = exported.files
    paths = [output.with_suffix(suffix) for suffix in beside]
    try:
        if beside:
            output.unlink(missing_ok=True)
        for path, suffix in zip([*paths, output], [*beside, main], strict=True):
            folders.write_file(path, exported.files[suffix])
    except OSError as error:
        raise InputError(f"--output {output} cannot be written ({error.strerror or error})") from error
    return [*paths, output]
