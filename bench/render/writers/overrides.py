"""A user's own templates: a folder with `html/` and `latex/`, whose files replace ours of the same name.

A file may replace one of ours, or extend it and fill single blocks: `{% extends "innards/index.html.j2" %}` (in LaTeX
`<% extends "innards/appendix.tex.j2" %>`). A `style.css` is added after ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, TemplateError, nodes
from jinja2.exceptions import TemplateNotFound, TemplateSyntaxError

from bench.errors import InputError, did_you_mean

BENCH = Path(__file__).parents[2]
# A wheel holds them inside `bench/` (see setup.py), the source tree beside it.
TEMPLATES = BENCH / "templates" if (BENCH / "templates").is_dir() else BENCH.parent / "templates"
BLOCK = "block "  # how Jinja names the function of a block in tracebacks: "block 'masthead'"
OURS = "innards/"  # before the name of a template that a user's own extends


@dataclass(frozen=True)
class Templates:
    """The templates of one writer.

    Args:
        kind: "html" or "latex".
        user: the folder of the user's own; None for ours alone.

    Raises:
        InputError: our templates are missing; or `user` is no folder, has neither `html` nor `latex`, or holds a file
            with a name that no template of ours has.
    """

    kind: str
    user: Path | None = None

    def __post_init__(self) -> None:
        if not (TEMPLATES / self.kind).is_dir():
            raise InputError(f"{TEMPLATES / self.kind}: the templates of Innards are missing; install it again")
        if self.user is None:
            return
        if not self.user.is_dir():
            raise InputError(f"{self.user}: no such folder of templates")
        if not any((self.user / folder.name).is_dir() for folder in TEMPLATES.iterdir()):
            raise InputError(f"{self.user}: a folder of templates holds html/ or latex/, and this has neither")
        for file in self.files:
            if file.name not in self._names:
                raise InputError(f"{file}: no template has this name; {did_you_mean(file.name, self._names)}")

    @property
    def files(self) -> list[Path]:
        """The user's files, sorted, without hidden ones."""
        folder = self.user / self.kind if self.user else None
        if folder is None or not folder.is_dir():
            return []
        return sorted(file for file in folder.iterdir() if not file.name.startswith("."))

    @property
    def loader(self) -> BaseLoader:
        """The user's templates before ours, and ours once more under `innards/`."""
        ours = FileSystemLoader(TEMPLATES / self.kind)
        theirs = [FileSystemLoader(self.user / self.kind)] if self.user else []
        return ChoiceLoader([*theirs, ours, PrefixLoader({OURS.rstrip("/"): ours})])

    def source(self, name: str) -> str:
        """The text of a file that is not a template: ours, then the user's."""
        sources = [TEMPLATES / self.kind / name, *(file for file in self.files if file.name == name)]
        return "\n".join(map(_text, sources))

    def check(self, environment: Environment) -> None:
        """Refuse what Jinja ignores silently: a block that the extended template does not have.

        Raises:
            InputError: a block that the extended template lacks, or a template that does not parse.
        """
        for file in self.files:
            if file.suffix == ".j2":
                with explained(self):
                    self._check(file, environment)

    def _check(self, file: Path, environment: Environment) -> None:
        text = _text(file)
        tree = environment.parse(text, filename=str(file))
        parent = next((node.template for node in tree.find_all(nodes.Extends)), None)
        if not isinstance(parent, nodes.Const):
            return
        names = _blocks(environment, parent.value)
        for block in tree.find_all(nodes.Block):
            if block.name not in names:
                raise InputError(
                    f"{file}, line {block.lineno}: {parent.value} has no block {block.name!r}; "
                    f"{did_you_mean(block.name, names)}"
                )

    @property
    def _names(self) -> list[str]:
        names = (file.name for file in (TEMPLATES / self.kind).iterdir())
        return [name for name in names if name.endswith((".j2", ".css"))]


@contextmanager
def explained(templates: Templates) -> Iterator[None]:
    """Turn an error in a user's template into one sentence.

    Raises:
        InputError: with the file and the line if they can be told.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # templates are code, and may raise anything
        location = _location(error, templates)
        if not templates.files or (location is None and not isinstance(error, TemplateError)):
            raise
        reason = getattr(error, "message", None) or str(error) or type(error).__name__
        kind = "" if isinstance(error, TemplateError) else f"{type(error).__name__}: "
        raise InputError(f"{location or templates.user}: {kind}{reason}") from error


def _location(error: Exception, templates: Templates) -> str | None:
    """File, line and block of an error in a user's template, as far as they can be told; None if it lies elsewhere."""
    if isinstance(error, TemplateSyntaxError):
        return f"{error.filename or error.name or templates.user}, line {error.lineno}"
    if isinstance(error, TemplateNotFound):
        return f"{templates.user}: there is no template of this name"
    # Jinja names the line of a syntax error, but not of an error while rendering. It does compile templates to code
    # whose traceback has the template's file and lines, and a function for every block, so the innermost frame in a
    # file of the user's is the place.
    trace, location = error.__traceback__, None
    while trace:
        code = trace.tb_frame.f_code
        if templates.user and Path(code.co_filename).is_relative_to(templates.user):
            location = f"{code.co_filename}, line {trace.tb_lineno}"
            if code.co_name.startswith(BLOCK):
                location += f", {code.co_name}"
        trace = trace.tb_next
    return location


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not UTF-8 text ({error.reason})") from error


def _blocks(environment: Environment, name: str) -> set[str]:
    """Names of the blocks of a template and of all that it extends."""
    text, filename, _ = environment.loader.get_source(environment, name)  # type: ignore[union-attr]
    tree = environment.parse(text, filename=filename)
    names = {block.name for block in tree.find_all(nodes.Block)}
    for parent in tree.find_all(nodes.Extends):
        if isinstance(parent.template, nodes.Const) and parent.template.value != name:
            names |= _blocks(environment, parent.template.value)
    return names
