"""Where the source of a guest's module is, what it defines, and a hash of it with all that it imports of its own."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import sys
import sysconfig
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from bench.errors import InputError
from bench.folders import is_file


@contextlib.contextmanager
def current_folder_importable() -> Iterator[None]:
    """Modules beside the profile are found, whichever way Python was started; those that are installed come first."""
    # Appended, not put first: a file in the current folder, say `random.py`, must not replace a module of Python's.
    folder = str(Path.cwd())
    if folder in sys.path:
        yield
        return
    sys.path.append(folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def version(module: str, what: str) -> str:
    """A hash of a module's source and of all that it imports of its own package, directly or not, 16 hex digits.

    Args:
        module: its full name.
        what: how a sentence calls the guest.

    Raises:
        InputError: there is no such module, or one of them is not Python.
    """
    first, *others = _sources(module, what)
    digest = hashlib.sha256(first[1])
    for name, source in sorted(others):
        digest.update(b"\n%s\n%s" % (name.encode(), source))
    return digest.hexdigest()[:16]


def _sources(module: str, what: str) -> list[tuple[str, bytes]]:
    """Name and source of a module, and of every module of its own that it imports.

    The imports are read from the syntax tree and followed breadth first. A package's `__init__.py` belongs to whatever
    is imported from it, since Python runs it first. What is imported by a computed name is not seen.
    """
    start = source_file(module, what)
    depth = module.count(".") + (start.name == "__init__.py")
    root = start.parents[depth]
    # Beside a module in a folder of the user's own stand more modules of theirs; beside an installed one, strangers.
    package = "" if _is_users(root) else module.partition(".")[0]
    sources: dict[str, bytes] = {}
    waiting = [module]
    for name in waiting:  # grows while it is walked
        path = start if name == module else _file(root, name)
        if path is None or name in sources:
            continue
        sources[name] = path.read_bytes()
        imports = _imports(sources[name], name, path, what)
        waiting += [part for other in [name, *imports] for part in _with_packages(other) if _belongs(part, package)]
    # An empty `__init__.py` changes nothing, so a module keeps its version if a folder becomes a package.
    return [(name, source) for name, source in sources.items() if source.strip() or name == module]


def _is_users(root: Path) -> bool:
    installed = {Path(path).resolve() for path in sysconfig.get_paths().values()}
    return root.name not in ("site-packages", "dist-packages") and root.resolve() not in installed


def _belongs(name: str, package: str) -> bool:
    """Whether a module is part of `package`, or of anything but Innards if that is empty."""
    top_level = name.partition(".")[0]
    return top_level != "bench" and package in ("", top_level)


def _with_packages(name: str) -> list[str]:
    """`a`, `a.b` and `a.b.c` of `a.b.c`."""
    parts = name.split(".")
    return [".".join(parts[: count + 1]) for count in range(len(parts))]


def _imports(source: bytes, module: str, path: Path, what: str) -> list[str]:
    """Full names of all that a module may import; some are attributes of modules and lead to no file."""
    try:
        nodes = list(ast.walk(syntax_tree(source)))
    except SyntaxError as error:
        raise InputError(f"{what}: {not_python(module, error)}") from error
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    # `from ..x import y` in package a.b.c: one dot is a.b.c itself, each further dot goes up one package. Whether y is
    # a module or an attribute of x is not written there, so both names are kept.
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = [*base, *(node.module or "").split(".")] if node.module else base
            names += [".".join([*base, alias.name]) for alias in node.names]
            names.append(".".join(base))
    return list(filter(None, names))


def source_file(module: str, what: str) -> Path:
    """A module's file: on the path if it is there, else where an installed finder says, which may run its package.

    Raises:
        InputError: there is no such module; the sentence starts with `what`.
    """
    with current_folder_importable():
        # By hand first: `find_spec` imports the packages around a module, and so runs code of theirs while planning.
        for folder in sys.path:
            if path := _file(Path(folder or "."), module):
                return path
        with contextlib.suppress(ImportError, ValueError):
            spec = find_spec(module)
            if spec and spec.origin and Path(spec.origin).is_file():
                return Path(spec.origin)
    raise InputError(f"{what}: there is no module {module!r} here or among what is installed")


def _file(root: Path, module: str) -> Path | None:
    *packages, last = module.split(".")
    folder = Path(root, *packages)
    return next((path for path in (folder / last / "__init__.py", folder / f"{last}.py") if is_file(path)), None)


def syntax_tree(source: bytes) -> ast.Module:
    try:
        return ast.parse(source)
    except (ValueError, RecursionError, MemoryError) as error:  # null bytes, as in a compiled module; or endless depth
        raise SyntaxError(str(error) or type(error).__name__) from error


def not_python(module: str, error: SyntaxError) -> str:
    line = f"line {error.lineno} of " if error.lineno else ""
    return f"{line}{module!r} is not Python: {error.msg}"


def defined_names(tree: ast.Module) -> set[str]:
    """What a module may define or import; "*" if it imports everything of another or makes names when asked."""
    nodes = list(ast.walk(tree))
    definitions = {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    imports = {node.asname or node.name for node in nodes if isinstance(node, ast.alias)}
    values = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    computed = {"*"} if "__getattr__" in definitions else set()
    return definitions | imports | values | computed
