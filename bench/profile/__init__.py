"""A profile: the whole experiment in one typed, validated TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bench import registry
from bench import task as tasks
from bench.compress.variant import Variant
from bench.diagnose.look import Look
from bench.errors import InputError, did_you_mean
from bench.folders import is_file
from bench.profile import _models as begun
from bench.profile import _similarity as similarity
from bench.profile import _values as values
from bench.profile import _variants as expand
from bench.profile.tables import File, Margins, Theme, structure_problems
from bench.settings import boolean_number, one_per_field
from bench.similarity.catalog import AnyMeasure
from bench.training.recipe import Recipe
from bench.zoo.networks import catalogue

__all__ = ["SHIPPED", "Margins", "Profile", "Theme", "find", "load", "parse", "report_table", "shipped"]

SHIPPED = Path(__file__).parent.parent / "profiles"


@dataclass(frozen=True)
class Profile:
    """A validated experiment.

    Attributes:
        variants: the uncompressed network first, then the controls, then the methods in the file's order.
        diagnostics: looks inside, by name.
        measures: by which insides are compared, by name.
        recipes, finetuning: by model name, resolved: the model's own recipe, then the profile's overrides.
        normalisations: by model name, mean and standard deviation per channel; None if the training images' own.
    """

    name: str
    text: str
    file: File
    variants: tuple[Variant, ...]
    recipes: Mapping[str, Recipe]
    finetuning: Mapping[str, Recipe]
    versions: Mapping[str, Any]
    diagnostics: Mapping[str, Look]
    measures: Mapping[str, AnyMeasure]
    normalisations: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]] | None]

    # Every cell's key asks for these, and to hash what a guest imports takes a while.

    @cached_property
    def task_spec(self) -> dict[str, Any]:
        """What the task adds to the keys of cells, see `bench.task.spec`."""
        return tasks.spec(self.file.task)

    @cached_property
    def measure_versions(self) -> dict[str, Any]:
        """The version of each measure's code, see `registry.version`."""
        return {name: registry.version(type(measure), name) for name, measure in self.measures.items()}

    @cached_property
    def diagnostic_versions(self) -> dict[str, Any]:
        """The version of each diagnostic's code."""
        return {name: registry.version(type(look.diagnostic), name) for name, look in self.diagnostics.items()}


def load(name_or_path: str) -> Profile:
    """A shipped profile by name, or any TOML file by path.

    Raises:
        InputError: every mistake in it, each in one sentence.
    """
    path = find(name_or_path)
    return parse(path.stem, _text(path))


def report_table(name_or_path: str) -> Theme | None:
    """The `[report]` table of a profile as it stands now; None if there is no such profile any more.

    Raises:
        InputError: it is no TOML, or the table has a mistake.
    """
    try:
        path = find(name_or_path)
    except InputError:
        return None
    raw = _toml(path.stem, _text(path))
    if problems := structure_problems(raw, of="report"):
        raise InputError(f"profile {path.stem!r}: {problem}" for problem in problems)
    return Theme.model_validate(raw.get("report", {}))


def find(name_or_path: str) -> Path:
    """Where a profile's file is."""
    path = Path(name_or_path)
    if path.suffix == ".toml":
        if not is_file(path):
            raise InputError(f"profile {name_or_path!r}: there is no such file")
        return path
    if name_or_path not in shipped():
        hint = did_you_mean(name_or_path, shipped())
        raise InputError(f"unknown profile {name_or_path!r}: {hint}; or give the path of a .toml file")
    return SHIPPED / f"{name_or_path}.toml"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # editors of Windows begin files with a byte order mark
    except UnicodeDecodeError as error:
        raise InputError(f"profile {path.stem!r} is not valid TOML: it is not UTF-8 text ({error.reason})") from error
    except OSError as error:
        raise InputError(f"profile {path.stem!r} cannot be read: {error.strerror}") from error


def shipped() -> tuple[str, ...]:
    """Names of the profiles that come with Innards."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.toml")))


def parse(name: str, text: str) -> Profile:
    """A profile from its TOML text.

    Raises:
        InputError: every mistake in it, each in one sentence.
    """
    raw = _toml(name, text)
    # Each step below reports what is wrong with its part and goes on with the rest, with a default in place of what
    # cannot be used. The profile is built only if nothing was wrong, so no default ever reaches an experiment.
    problems = structure_problems(raw)
    variants = expand.variants(raw.get("methods"), problems)
    diagnostics = expand.diagnostics(raw.get("diagnostics"), variants, problems)
    task = _task(raw.get("task", tasks.DEFAULT), problems)
    measures = similarity.measures(raw.get("similarity"), problems, classifies=task.classifies)
    _check_classes(task, diagnostics, problems)
    models = [model for model in expand.tables_of(raw.get("models")) if isinstance(model.get("name"), str)]
    expand.check_names([model["name"] for model in models], "model", problems)
    recipes = {model["name"]: _recipe(model, raw, problems) for model in models}
    finetuning = {name: _finetuning(recipe, raw.get("finetuning"), problems) for name, recipe in recipes.items()}
    for use, of_models in (("training", recipes), ("finetuning", finetuning)):
        for label, recipe in of_models.items():
            problems.extend(f"model {label!r}, {use}: {problem}" for problem in task.problems(asdict(recipe)))
    versions = {model["name"]: _version(model["name"], problems) for model in models}
    known = {name for name, version in versions.items() if version != 0}
    problems.extend(problem for model in models if model["name"] in known for problem in begun.problems(model, task))
    if isinstance(raw.get("seeds"), list):
        expand.check_names(raw["seeds"], "seed", problems)
    if problems:
        raise InputError(f"profile {name!r}: {problem}" for problem in dict.fromkeys(problems))
    file = _with_margin(File.model_validate(raw), task.primary)
    file = file.model_copy(update={"similarity": similarity.completed(file.similarity, classifies=task.classifies)})
    normalisations = {
        model.name: begun.normalisation(model.name, model.normalisation, model.weights) for model in file.models
    }
    return Profile(name, text, file, variants, recipes, finetuning, versions, diagnostics, measures, normalisations)


def _with_margin(file: File, primary: tasks.Primary) -> File:
    """The file with a margin of the task's primary outcome, if it fixes none: 0.5% of the highest level."""
    largest = primary.scale * primary.highest
    if "accuracy" in file.margins.model_fields_set or not isfinite(largest):
        return file
    return file.model_copy(update={"margins": file.margins.model_copy(update={"accuracy": 0.005 * largest})})


def _task(name: Any, problems: list[str]) -> tasks.Task:
    if isinstance(name, str):  # else it is a problem of structure already
        try:
            return tasks.task(name)
        except InputError as error:
            problems.extend(error.problems)
    return tasks.task(tasks.DEFAULT)


def _check_classes(task: tasks.Task, diagnostics: Mapping[str, Look], problems: list[str]) -> None:
    for name, look in diagnostics.items():
        if look.diagnostic.needs_classes and not task.classifies:
            problems.append(
                f"diagnostic {name!r} looks at answers to classes, which networks of the task "
                f"{type(task).__name__!r} do not give"
            )


def _toml(name: str, text: str) -> dict[str, Any]:
    try:
        raw = tomllib.loads(text)
    except RecursionError as error:
        raise InputError(f"profile {name!r} is not valid TOML: lists or tables are nested too deep") from error
    except ValueError as error:  # of TOML, or of a number with more digits than Python reads
        reason = str(error) if isinstance(error, tomllib.TOMLDecodeError) else str(error).partition(";")[0].lower()
        raise InputError(f"profile {name!r} is not valid TOML: {reason}") from error
    if problems := values.problems(raw):
        raise InputError(f"profile {name!r}: {problem}" for problem in problems)
    return raw


def _recipe(model: dict[str, Any], raw: Mapping[str, Any], problems: list[str]) -> Recipe:
    try:
        recipe = catalogue.recipe(model["name"])
    except InputError as error:
        problems.extend(error.problems)
        recipe = Recipe()
    table = f"models.{model['name']}.training"
    general = _overridden(recipe, raw.get("training"), "training", problems)
    own = _overridden(general, model.get("training"), table, problems)
    # What one table says may only make sense beside what the other does, hence both together.
    _check(own, table if model.get("training") else "training", [raw.get("training"), model.get("training")], problems)
    return own


def _finetuning(recipe: Recipe, overrides: Any, problems: list[str]) -> Recipe:
    overridden = _overridden(recipe, overrides, "finetuning", problems)
    _check(overridden, "finetuning", [overrides], problems)
    return overridden


def _check(recipe: Recipe, table: str, overrides: list[Any], problems: list[str]) -> None:
    given = {name for written in overrides if isinstance(written, dict) for name in written}
    if given:
        problems.extend(f"table {table!r}: {problem}" for problem in recipe.problems(given))


def _overridden(recipe: Recipe, overrides: Any, key: str, problems: list[str]) -> Recipe:
    if not isinstance(overrides, dict):
        return recipe
    try:
        overridden = TypeAdapter(Recipe).validate_python({**asdict(recipe), **overrides})
    except ValidationError as error:
        for problem in one_per_field(error):
            name = str(problem["loc"][0])
            if problem["type"] == "unexpected_keyword_argument":
                hint = did_you_mean(name, (field.name for field in fields(Recipe)))
                problems.append(f"unknown key '{key}.{name}': {hint}")
            else:
                problems.append(f"key '{key}.{name}': {problem['msg'].lower()}, given {problem['input']!r}")
        return recipe
    if number := boolean_number(overridden, overrides):
        problems.append(f"key '{key}.{number}': a number is expected, given {overrides[number]!r}")
    return overridden


def _version(name: str, problems: list[str]) -> Any:
    """The version that the model declares, or a hash of the user's own modules: part of the keys of its cells."""
    try:
        return catalogue.version(name)
    except InputError as error:
        problems.extend(error.problems)
        return 0
