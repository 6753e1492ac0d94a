"""Code of the user's own: `package.module:Name` may stand wherever the name of something built in can.

It is found on the path or in the current folder, needs no entry anywhere, and takes part in the keys of cells by a hash
of its sources. What is wrong with it is one sentence that names the file and the line.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import inspect
import re
import sys
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bench.errors import InputError, did_you_mean
from bench.guest_sources import current_folder_importable, defined_names, not_python, source_file, syntax_tree

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
        names = defined_names(syntax_tree(source_file(module, f"{what} {name!r}").read_bytes()))
    except SyntaxError as error:
        raise InputError(f"{what} {name!r}: {not_python(module, error)}") from error
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


def _public(names: Iterable[str]) -> list[str]:
    return [name for name in names if not name.startswith("_")]
