"""A profile: the whole experiment in one typed, validated TOML file."""

from __future__ import annotations

import itertools
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bench import task as tasks
from bench.compress.variant import Stage, Variant, parse_stage
from bench.diagnose.catalog import diagnostic as diagnostic_class
from bench.diagnose.look import Look, asked_for
from bench.errors import InputError, did_you_mean
from bench.roles import REFERENCES
from bench.settings import one_per_field, validated
from bench.training.recipe import Recipe
from bench.zoo.networks import catalogue

SHIPPED = Path(__file__).parent / "profiles"
Features = Literal["pooled", "flattened"]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Data(_Strict):
    """Which images, and how they are divided."""

    source: str = "digits"
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.1  # share of train
    split_seed: Annotated[int, Field(ge=0)] = 0
    probe: Annotated[int, Field(ge=4)] = 256  # test images on which activations are compared
    probe_seed: Annotated[int, Field(ge=0)] = 0


class Model(_Strict):
    """A network of the zoo, of torchvision, or the user's own."""

    name: str
    training: dict[str, Any] = {}  # overrides of its recipe
    checkpoint: str = ""  # instead of training: a path with {seed} in it


class Margins(_Strict):
    """Differences that do not matter, fixed before the run."""

    accuracy: Positive = 0.5  # of the task's primary outcome, as printed: percentage points; 0.5% of the highest level
    cka: Positive = 0.02
    attribution: Positive = 0.25  # seed-equivalents


class Theme(_Strict):
    """The `[report]` table: what the report says of itself, and how it looks."""

    title: str = ""
    authors: list[str] = []
    abstract: str = ""
    logo: str = ""
    accent: Annotated[str, Field(pattern=r"^(#[0-9a-fA-F]{6})?$")] = ""
    budget_kb: Annotated[float, Field(gt=0, le=1e9, strict=True)] | None = None  # of the first screen, 1,000 bytes


class _File(_Strict):
    """The TOML file as written."""

    # Models, methods, diagnostics and recipes stay dictionaries here: what they may hold depends on their name, so they
    # are checked one by one, and every mistake of a file is reported in the same run.

    title: str = ""
    exploratory: bool = False
    seeds: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    threads: Count = 1  # that one cell computes with
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    features: Annotated[list[Features], Field(min_length=1)] = ["pooled", "flattened"]
    task: str = tasks.DEFAULT
    data: Data = Data()
    models: Annotated[list[Model], Field(min_length=1)]
    methods: Annotated[list[dict[str, Any]], Field(min_length=1)]
    diagnostics: list[dict[str, Any]] = []
    training: dict[str, Any] = {}
    finetuning: dict[str, Any] = {}
    margins: Margins = Margins()
    report: Theme = Theme()


@dataclass(frozen=True)
class Profile:
    """A validated experiment.

    Attributes:
        variants: the uncompressed network first, then the controls, then the methods in the file's order.
        diagnostics: looks inside, by name.
        recipes, finetuning: by model name, resolved: the model's own recipe, then the profile's overrides.
    """

    name: str
    text: str
    file: _File
    variants: tuple[Variant, ...]
    recipes: Mapping[str, Recipe]
    finetuning: Mapping[str, Recipe]
    versions: Mapping[str, Any]
    diagnostics: Mapping[str, Look]


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
    if problems := _structure_problems(raw, of="report"):
        raise InputError(f"profile {path.stem!r}: {problem}" for problem in problems)
    return Theme.model_validate(raw.get("report", {}))


def find(name_or_path: str) -> Path:
    """Where a profile's file is."""
    path = Path(name_or_path)
    if path.suffix == ".toml":
        if not path.is_file():
            raise InputError(f"profile {name_or_path!r}: there is no such file")
        return path
    if name_or_path not in shipped():
        hint = did_you_mean(name_or_path, shipped())
        raise InputError(f"unknown profile {name_or_path!r}: {hint}; or give the path of a .toml file")
    return SHIPPED / f"{name_or_path}.toml"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
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
    problems = _structure_problems(raw)
    variants = _variants(raw.get("methods"), problems)
    diagnostics = _diagnostics(raw.get("diagnostics"), variants, problems)
    task = _task(raw.get("task", tasks.DEFAULT), problems)
    _check_classes(task, diagnostics, problems)
    models = [model for model in _tables(raw.get("models")) if isinstance(model.get("name"), str)]
    _check_names([model["name"] for model in models], "model", problems)
    recipes = {model["name"]: _recipe(model, raw, problems) for model in models}
    finetuning = {
        name: _overridden(recipe, raw.get("finetuning"), "finetuning", problems) for name, recipe in recipes.items()
    }
    versions = {model["name"]: _version(model["name"], problems) for model in models}
    if isinstance(raw.get("seeds"), list):
        _check_names(raw["seeds"], "seed", problems)
    if problems:
        raise InputError(f"profile {name!r}: {problem}" for problem in dict.fromkeys(problems))
    file = _with_margin(_File.model_validate(raw), task.primary)
    return Profile(name, text, file, variants, recipes, finetuning, versions, diagnostics)


def _with_margin(file: _File, primary: tasks.Primary) -> _File:
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
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"profile {name!r} is not valid TOML: {error}") from error


def _structure_problems(raw: Mapping[str, Any], *, of: str = "") -> list[str]:
    """All that is wrong with the shape of a profile, or of one of its tables."""
    try:
        _File.model_validate(raw)
    except ValidationError as error:
        return [_sentence(problem) for problem in error.errors() if not of or problem["loc"][0] == of]
    return []


def _sentence(problem: Mapping[str, Any]) -> str:
    location = problem["loc"]
    key = ".".join(str(part) for part in location)
    if problem["type"] == "extra_forbidden":
        return f"unknown key {key!r}: {did_you_mean(str(location[-1]), _allowed_keys(location[:-1]))}"
    if problem["type"] == "missing":
        return f"key {key!r} is missing; {_expected(location)}"
    if location == ("report", "accent"):
        return f"key {key!r}: expected a colour, e.g. '#1f77b4', given {problem['input']!r}"
    message = problem["msg"][0].lower() + problem["msg"][1:]
    return f"key {key!r}: {message}, given {problem['input']!r}"


_EXPECTED = {
    "seeds": "give a list of whole numbers, e.g. seeds = [0, 1, 2, 3, 4, 5]",
    "models": 'give at least one, e.g. [[models]] with name = "resnet8"',
    "methods": 'give at least one, e.g. [[methods]] with name = "float16"',
    "name": "give the model's name",
}


def _expected(location: tuple[Any, ...]) -> str:
    return _EXPECTED.get(str(location[-1]), "it is required")


def _allowed_keys(location: tuple[Any, ...]) -> Iterable[str]:
    # Pydantic's location is a path through the tables, e.g. ("models", 0, "trainig"): follow its names from model to
    # model, through lists and unions; indices stay in the same model.
    model: type[BaseModel] = _File
    for part in location:
        if isinstance(part, str):
            annotation = model.model_fields[part].annotation
            model = next(
                a for a in (annotation, *_inner(annotation)) if isinstance(a, type) and issubclass(a, BaseModel)
            )
    return model.model_fields


def _inner(annotation: Any) -> Iterable[Any]:
    for argument in get_args(annotation):
        yield argument
        yield from _inner(argument)


def _tables(raw: Any) -> list[dict[str, Any]]:
    return [table for table in raw if isinstance(table, dict)] if isinstance(raw, list) else []


def _variants(raw: Any, problems: list[str]) -> tuple[Variant, ...]:
    """The baseline and the controls, then every point of every sweep."""
    expanded = [variant for table in _tables(raw) for variant in _expand(table, problems)]
    sound = [variant for variant in expanded if _check_stages(variant, problems)]
    always = [Variant((Stage(name),)) for name in REFERENCES]
    _check_names([variant.label for variant in always + sound], "method", problems)
    return (*always, *sound)


def _diagnostics(raw: Any, variants: tuple[Variant, ...], problems: list[str]) -> dict[str, Look]:
    tables = [table for table in _tables(raw) if isinstance(table.get("name"), str)]
    if len(tables) < len(raw or ()):
        problems.append('a diagnostic needs a name, e.g. [[diagnostics]] with name = "attributions"')
    _check_names([table["name"] for table in tables], "diagnostic", problems)
    looks: dict[str, Look] = {}
    for table in tables:
        name = table["name"]
        settings = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
        del settings["name"]
        labels = asked_for(name, settings.pop("variants", None), variants, problems)
        try:
            diagnostic = validated(diagnostic_class(name), f"diagnostic {name!r}", settings)
        except InputError as error:
            problems.extend(error.problems)
        else:
            looks[name] = Look(diagnostic, labels, "variants" not in table)
    return looks


def _expand(table: dict[str, Any], problems: list[str]) -> list[Variant]:
    """All points of a method's or a chain's sweep: a list of values makes one variant per value."""
    chain = table.get("chain")
    if chain is None:
        return [Variant((stage,)) for stage in _sweep(table, problems)]
    if set(table) != {"chain"} or not isinstance(chain, list) or not chain:
        problems.append(f"a chain is a list of methods and nothing beside it, given {table!r}")
        return []
    links = [_link(link, problems) for link in chain]
    return [Variant(stages) for stages in itertools.product(*links)]


def _link(link: Any, problems: list[str]) -> list[Stage]:
    if not isinstance(link, str):
        return _sweep(link, problems)
    try:
        return [parse_stage(link)]
    except InputError as error:
        problems.extend(error.problems)
        return []


def _sweep(table: Any, problems: list[str]) -> list[Stage]:
    if not isinstance(table, dict) or not isinstance(table.get("name"), str):
        problems.append(f"a method needs a name, given {table!r}")
        return []
    settings = {key: value if isinstance(value, list) else [value] for key, value in table.items() if key != "name"}
    points = itertools.product(*settings.values())
    return [Stage(table["name"], tuple(zip(settings, point, strict=True))) for point in points]


def _check_stages(variant: Variant, problems: list[str]) -> bool:
    try:
        variant.check()
    except InputError as error:
        problems.extend(error.problems)
        return False
    return True


def _check_names(names: Iterable[Any], what: str, problems: list[str]) -> None:
    for name, count in Counter(map(str, names)).items():
        if count > 1:
            always = " (it is part of every profile)" if name in REFERENCES else ""
            problems.append(f"{what} {name!r} is given {count} times, give it once{always}")


def _recipe(model: dict[str, Any], raw: Mapping[str, Any], problems: list[str]) -> Recipe:
    try:
        recipe = catalogue.recipe(model["name"])
    except InputError as error:
        problems.extend(error.problems)
        recipe = Recipe()
    general = _overridden(recipe, raw.get("training"), "training", problems)
    return _overridden(general, model.get("training"), f"models.{model['name']}.training", problems)


def _overridden(recipe: Recipe, overrides: Any, key: str, problems: list[str]) -> Recipe:
    if not isinstance(overrides, dict):
        return recipe
    try:
        return TypeAdapter(Recipe).validate_python({**asdict(recipe), **overrides})
    except ValidationError as error:
        for problem in one_per_field(error):
            name = str(problem["loc"][0])
            if problem["type"] == "unexpected_keyword_argument":
                hint = did_you_mean(name, (field.name for field in fields(Recipe)))
                problems.append(f"unknown key '{key}.{name}': {hint}")
            else:
                problems.append(f"key '{key}.{name}': {problem['msg'].lower()}, given {problem['input']!r}")
        return recipe


def _version(name: str, problems: list[str]) -> Any:
    """The version that the model declares, or a hash of the user's own modules: part of the keys of its cells."""
    try:
        return catalogue.version(name)
    except InputError as error:
        problems.extend(error.problems)
        return 0
