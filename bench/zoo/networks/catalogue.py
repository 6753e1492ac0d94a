"""Where a model comes from, its recipe and its version: what a plan needs before anything is built.

A model's name is one of the zoo's, `torchvision:NAME`, or `package.module:function` for the user's own.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from bench import registry
from bench.errors import InputError, did_you_mean
from bench.training.recipe import Recipe

PACKAGE = "bench.zoo"
TORCHVISION = "torchvision:"


def is_torchvision(name: str) -> bool:
    """Whether torchvision builds the model."""
    return name.startswith(TORCHVISION)


def is_own(name: str) -> bool:
    """Whether a function of the user's builds the model."""
    return ":" in name and not is_torchvision(name)


def recipe(name: str) -> Recipe:
    """How the model is trained unless a profile says otherwise: the zoo's own recipes, else the default one.

    Raises:
        InputError: no such model.
    """
    if ":" in name:
        version(name)
        return Recipe()
    return of_zoo(name).RECIPE


def version(name: str) -> int | str:
    """What changes when the same seed would give another network.

    The zoo's files declare theirs; for the user's own function it is the hash of the file that it is in, which knows
    nothing of what that file imports.

    Raises:
        InputError: no such model.
    """
    if is_torchvision(name):
        check_torchvision(name)
        return 1
    if is_own(name):
        return hashlib.sha256(_own_source(name)).hexdigest()[:16]
    return of_zoo(name).VERSION


def of_zoo(name: str) -> ModuleType:
    """The zoo's file of that name.

    Raises:
        InputError: there is none; the sentence also says how other models are named.
    """
    try:
        return registry.load(PACKAGE, name, "model")
    except InputError as error:
        others = f"{TORCHVISION}NAME (e.g. {TORCHVISION}resnet18) or package.module:function"
        raise InputError(f"{error}; or {others}") from error


def parts_of_own(name: str) -> tuple[str, str]:
    """Module and function of `package.module:function`.

    Raises:
        InputError: the name is not of that form.
    """
    module, _, function = name.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), function)):
        raise InputError(f"model {name!r}: a network of your own is named package.module:function")
    return module, function


@contextlib.contextmanager
def current_folder_importable() -> Iterator[None]:
    """Modules beside the profile are found, whichever way Python was started; those that are installed come first."""
    folder = str(Path.cwd())
    if folder in sys.path:
        yield
        return
    sys.path.append(folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def torchvision_models() -> ModuleType:
    """torchvision's package of models, with its registry.

    Importing it imports torch, so that it is imported only where somebody names a model of torchvision.
    """
    from torchvision import models

    return models


def check_torchvision(name: str) -> None:
    """Refuse what torchvision does not offer.

    Raises:
        InputError: with the nearest name.
    """
    model, models = name.removeprefix(TORCHVISION), torchvision_models()
    offered = models.list_models(models) + models.list_models(models.detection)
    if model not in offered:
        raise InputError(f"unknown model {name!r}: torchvision has no {model!r}, {did_you_mean(model, offered)}")


def is_detector(name: str) -> bool:
    """Whether it is one of torchvision's networks that find objects.

    >>> is_detector("torchvision:maskrcnn_resnet50_fpn"), is_detector("torchvision:resnet50")
    (True, False)
    """
    if not is_torchvision(name):
        return False
    models = torchvision_models()
    return name.removeprefix(TORCHVISION) in models.list_models(models.detection)


def _own_source(name: str) -> bytes:
    """The file of the user's module, found without running any of it."""
    module, function = parts_of_own(name)
    with current_folder_importable():
        source = _find(module, name).read_bytes()
    try:
        defined = _defined(source)
    except SyntaxError as error:
        raise InputError(f"model {name!r}: line {error.lineno} of {module!r} is not Python: {error.msg}") from error
    if function not in defined and "*" not in defined:
        hint = did_you_mean(function, defined)
        raise InputError(f"model {name!r}: module {module!r} has no function {function!r}, {hint}")
    return source


def _find(module: str, name: str) -> Path:
    """A module's file: on the path if it is there, else where an installed finder says, which may run its package."""
    *packages, last = module.split(".")
    folders = [Path(folder, *packages) for folder in sys.path]
    for path in (path for folder in folders for path in (folder / f"{last}.py", folder / last / "__init__.py")):
        if path.is_file():
            return path
    with contextlib.suppress(ImportError, ValueError):
        spec = find_spec(module)
        if spec and spec.origin and Path(spec.origin).is_file():
            return Path(spec.origin)
    raise InputError(f"model {name!r}: there is no module {module!r} here or among what is installed")


def _defined(source: bytes) -> set[str]:
    """Public names that a module may define or import; "*" where it imports everything of another."""
    nodes = list(ast.walk(ast.parse(source)))
    definitions = {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    imports = {node.asname or node.name for node in nodes if isinstance(node, ast.alias)}
    values = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return {name for name in definitions | imports | values if not name.startswith("_")}
