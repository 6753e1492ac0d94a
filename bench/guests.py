"""Code of the user's own: `package.module:Name` may stand wherever the name of something built in can.

It is found on the path or in the current folder, needs no entry anywhere, and takes part in the keys of cells by a hash
of its sources. What is wrong with it is one sentence that names the file and the line.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import hashlib
import importlib
import inspect
import re
import sys
import sysconfig
import traceback
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.errors import InputError, did_you_mean
from bench.folders import is_file

FORM = "package.module:Name"
_GUEST = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
_top_levels: set[str] = set()  # packages of the guests that this process has loaded, to tell whose code failed


def is_guest(name: str) -> bool:
    """Whether a name has the form of a guest's.

    >>> is_guest("my_package.methods:Mine"), is_guest("magnitude"), is_guest("magnitude:sparsity=0.9")
    (True, False, False)
    """
    return bool(_GUEST.fullmatch(name))


def is_foreign(module: str) -> bool:
    """Whether a module is Innards' own or Python's, and so no part of a guest's version.

    >>> is_foreign("bench.registry"), is_foreign("types"), is_foreign("my_package.methods")
    (True, True, False)
    """
    top_level = module.partition(".")[0]
    return top_level == __package__ or top_level in sys.stdlib_module_names


def split(text: str) -> tuple[str, str]:
    """The guest's name that a text starts with, and what follows its colon; the name is empty if there is no guest.

    >>> split("my_package.methods:Mine:sparsity=0.9")
    ('my_package.methods:Mine', 'sparsity=0.9')
    """
    module, _, rest = text.partition(":")
    attribute, _, tail = rest.partition(":")
    name = f"{module}:{attribute}"
    return (name, tail) if is_guest(name) else ("", text)


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


def check(name: str, what: str, kind: str) -> None:
    """Look for a guest without running any of its code.

    Args:
        name: of the form `package.module:Name`.
        what: how a sentence calls it, e.g. "method".
        kind: "class" or "function".

    Raises:
        InputError: there is no such module, it is not Python, or it defines no such name; the sentence has the nearest.
    """
    module, _, attribute = name.partition(":")
    try:
        names = _names(_tree(source_file(module, f"{what} {name!r}").read_bytes()))
    except SyntaxError as error:
        raise InputError(f"{what} {name!r}: {_not_python(module, error)}") from error
    # After `from x import *`, or with a `__getattr__`, nobody knows what there is without running it; `load` finds out.
    if attribute not in names and "*" not in names:
        hint = did_you_mean(attribute, _public(names))
        raise InputError(f"{what} {name!r}: module {module!r} has no {kind} {attribute!r}, {hint}")


def load(name: str, what: str, kind: str = "class") -> Any:
    """Import a guest's module and return what the name stands for.

    Raises:
        InputError: as `check`; or the module fails when it is imported.
    """
    check(name, what, kind)
    module_name, _, attribute = name.partition(":")
    _top_levels.update({module_name.partition(".")[0]} - sys.stdlib_module_names)
    # What it prints on import must not stand among a command's results, which may be JSON.
    with current_folder_importable(), contextlib.redirect_stdout(sys.stderr):
        try:
            module = importlib.import_module(module_name)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a script without a guard may end the process when it is imported
            raise InputError(f"{what} {name!r}: importing {module_name!r} fails: {sentence(error)}") from error
    try:
        return getattr(module, attribute)
    except AttributeError as error:
        hint = did_you_mean(attribute, _public(vars(module)))
        raise InputError(f"{what} {name!r}: module {module_name!r} has no {kind} {attribute!r}, {hint}") from error


def subclass(name: str, base: type, what: str) -> type:
    """A guest's class, sure to be complete.

    Raises:
        InputError: as `load`; or it does not derive from `base`, or lacks something that `base` asks for.
    """
    kind = load(name, what)
    if problem := _incomplete(kind, base):
        raise InputError(f"{what} {name!r} ({definition(kind)}) {problem}")
    return kind


def _incomplete(kind: Any, base: type) -> str:
    """What a class lacks to be used as a `base`, to end a sentence with; empty if nothing."""
    # Python itself would notice only later: that a class is abstract when an instance is made of it, that an attribute
    # is missing when a plan or a report reads it.
    contract = f"{base.__module__}.{base.__qualname__}"
    if not isinstance(kind, type):
        return f"must be a class that derives from {contract}, it is a {type(kind).__name__}"
    if not issubclass(kind, base):
        return f"must derive from {contract}"
    if inspect.isabstract(kind):
        abstract = sorted(getattr(kind, "__abstractmethods__", ()))
        return f"lacks {', '.join(map(repr, abstract))}, which its base class asks for"
    # A subclass without the decorator would silently inherit the settings of its base and ignore its own fields.
    if dataclasses.is_dataclass(base) and "__dataclass_fields__" not in vars(kind):
        return "is no dataclass: write @dataclass(frozen=True) above it"
    declared = {
        key: annotation
        for parent in reversed(base.__mro__)
        for key, annotation in vars(parent).get("__annotations__", {}).items()
        if str(annotation).startswith("ClassVar")
    }
    missing = [key for key in declared if not key.startswith("_") and not hasattr(kind, key)]
    if missing:
        return f"lacks {', '.join(map(repr, missing))}, which {contract} asks for"
    for key, annotation in declared.items():
        if annotation == "ClassVar[str]" and not isinstance(getattr(kind, key), str):
            return f"must have a text as {key!r}, given {getattr(kind, key)!r}"
    # An entry that is not closed would swallow those of others behind it, in the report as in LaTeX.
    bibtex = getattr(kind, "bibtex", "")
    return "" if bibtex.count("{") == bibtex.count("}") else "has a 'bibtex' whose braces do not match"


@contextlib.contextmanager
def blamed(code: Any, what: str, *but: type[Exception]) -> Iterator[None]:
    """Whatever a guest raises is one sentence; errors of Innards' own code pass, since they are bugs.

    Args:
        code: the guest's class, or an object of it.
        what: how the sentence calls what was done, e.g. "data source 'my_package.images:Mine', its stamp".
        but: errors that the contract provides for, which pass.
    """
    kind = code if isinstance(code, type) else type(code)
    try:
        yield
    except BaseException as error:
        if is_foreign(kind.__module__) or isinstance(error, (InputError, KeyboardInterrupt, *but)):
            raise
        raise InputError(f"{what} fails: {sentence(error, kind)}") from error


def definition(thing: Any) -> str:
    """Where a class or function is defined, `file, line N`; only its module if that is not known."""
    try:
        return _place(inspect.getsourcefile(thing) or "", inspect.getsourcelines(thing)[1])
    except (OSError, TypeError):
        return f"in {getattr(thing, '__module__', type(thing).__module__)}"


def sentence(error: BaseException, code: Any = None) -> str:
    """An error in one line: its kind, its message, and `(file, line N)` of the guest's code that it came from.

    Args:
        code: the guest's class or function, named if no line of a guest took part.
    """
    reason = first_line(error)
    message = f"{type(error).__name__}: {reason}" if reason else type(error).__name__
    place = where(error) or (definition(code) if code else "")
    return f"{message} ({place})" if place and place not in message else message


def first_line(error: BaseException) -> str:
    """The first line of an error's message, fit for a file and a terminal; empty if it has none.

    >>> first_line(ValueError("\\n no such file 'a\\x00b'\\n see above"))
    "no such file 'a\\\\x00b'"
    """
    try:
        line = next(iter(str(error).strip().splitlines()), "")
    except Exception:  # its class is a guest's too
        return ""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def where(error: BaseException) -> str:
    """`file, line N` of the innermost line of a guest's that took part in an error; empty if none did."""
    if isinstance(error, SyntaxError) and error.filename:
        return _place(error.filename, error.lineno or 0)
    # The innermost frame of all is often inside PyTorch, where the user can change nothing.
    frames = [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] in _top_levels
    ]
    return _place(*frames[-1]) if frames else ""


def _place(file: str, line: int) -> str:
    """Relative to the current folder if it is inside, so that results do not depend on where that is."""
    path = Path(file)
    folder = Path.cwd()
    return f"{path.relative_to(folder) if path.is_relative_to(folder) else path}, line {line}"


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
        nodes = list(ast.walk(_tree(source)))
    except SyntaxError as error:
        raise InputError(f"{what}: {_not_python(module, error)}") from error
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


def _tree(source: bytes) -> ast.Module:
    try:
        return ast.parse(source)
    except (ValueError, RecursionError, MemoryError) as error:  # null bytes, as in a compiled module; or endless depth
        raise SyntaxError(first_line(error) or type(error).__name__) from error


def _not_python(module: str, error: SyntaxError) -> str:
    line = f"line {error.lineno} of " if error.lineno else ""
    return f"{line}{module!r} is not Python: {error.msg}"


def _names(tree: ast.Module) -> set[str]:
    """What a module may define or import; "*" if it imports everything of another or makes names when asked."""
    nodes = list(ast.walk(tree))
    definitions = {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    imports = {node.asname or node.name for node in nodes if isinstance(node, ast.alias)}
    values = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    computed = {"*"} if "__getattr__" in definitions else set()
    return definitions | imports | values | computed


def _public(names: Iterable[str]) -> list[str]:
    return [name for name in names if not name.startswith("_")]
