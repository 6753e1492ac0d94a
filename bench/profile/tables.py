"""The tables of a profile's file, and what is wrong with their shape, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bench import task as tasks
from bench.diagnose.sensitivity.levels import BITS, KINDS, RISE, SPARSITIES, Kind
from bench.errors import did_you_mean

Features = Literal["pooled", "flattened"]
Positive = Annotated[float, Field(gt=0)]
Threads = Annotated[int, Field(ge=1, le=1024)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]  # what all random generators here take


class _Strict(BaseModel):
    # strict: `true` is no number, and 1.5 no whole one
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)


class Data(_Strict):
    """Which images, and how they are divided."""

    source: str = "digits"
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.1  # share of train
    split_seed: Seed = 0
    probe: Annotated[int, Field(ge=4)] = 256  # test images on which activations are compared
    probe_seed: Seed = 0
    streamed: bool | None = None  # decode images when they are needed; by default where they don't fit into memory
    workers: Annotated[int, Field(ge=0, le=256)] | None = None  # processes that decode streamed images


class Model(_Strict):
    """A network of the zoo, of torchvision, of timm, or the user's own."""

    name: str
    training: dict[str, Any] = {}  # overrides of its recipe
    checkpoint: str = ""  # instead of training: a path with {seed} in it
    # That training begins with, of timm's and torchvision's networks: a path, or published ones, which are downloaded:
    # "timm", or torchvision's name of them, such as "IMAGENET1K_V1"
    weights: str = ""
    # by which images are normalised: "own" is that of published weights, the default where training begins with weights
    normalisation: Literal["", "own", "data", "imagenet"] = ""


class Similarity(_Strict):
    """The `[similarity]` table: by which measures the insides are compared, block by block.

    What a file leaves out of `maps` and `inside` are the defaults that are among its `measures`.
    """

    measures: Annotated[list[str], Field(min_length=1)] = [
        "debiased-cka", "angular-shape", "svcca", "pwcca", "knn-jaccard", "rsa", "cross-probe",
    ]  # fmt: skip
    maps: list[str] = ["debiased-cka"]  # of every block with every block
    # Those that must agree before an inside is called the same: a spectral, a local and a functional one.
    inside: Annotated[list[str], Field(min_length=1)] = ["debiased-cka", "knn-jaccard", "cross-probe"]
    training_images: Annotated[int, Field(ge=4, le=5000)] = 5000  # at most, from which probes are fitted
    training_seed: Seed = 0  # of their draw


class Margins(_Strict):
    """Differences that do not matter, fixed before the run."""

    accuracy: Positive = 0.5  # of the task's primary outcome, as printed: percentage points; 0.5% of the highest level
    inside: Positive = 0.1  # seed-equivalents, of every measure but the cross-probe, whose margin is that of accuracy
    attribution: Positive = 0.25  # seed-equivalents


class Sensitivity(_Strict):
    """The `[sensitivity]` table: which layers of the originals mind compression, each alone; left out, none is asked.

    See `bench.diagnose.sensitivity`.
    """

    kinds: Annotated[list[Kind], Field(min_length=1)] = list(KINDS)
    sparsities: Annotated[list[Annotated[float, Field(ge=0, lt=1)]], Field(min_length=1)] = list(SPARSITIES)
    bits: Annotated[list[Annotated[int, Field(ge=2, le=8)]], Field(min_length=1)] = list(BITS)
    images: Annotated[int, Field(ge=4)] = 512  # of validation, at most; never of the test set
    training_images: Annotated[int, Field(ge=2)] = 1024  # at most, by which running statistics are taken again
    rise: Positive = RISE  # of the loss, nats, by which each layer's level is chosen


class Theme(_Strict):
    """The `[report]` table: what the report says of itself, and how it looks."""

    title: str = ""
    authors: list[str] = []
    abstract: str = ""
    logo: str = ""
    license: Annotated[str, Field(pattern=r"^[A-Za-z0-9.+-]+$")] = "CC-BY-4.0"  # of the data files
    accent: Annotated[str, Field(pattern=r"^(#[0-9a-fA-F]{6})?$")] = ""
    budget_kb: Annotated[float, Field(gt=0, le=1e9, strict=True)] | None = None  # of the first screen, 1,000 bytes


class File(_Strict):
    """The TOML file as written."""

    # Models, methods, diagnostics and recipes stay dictionaries here: what they may hold depends on their name, so they
    # are checked one by one, and every mistake of a file is reported in the same run.

    title: str = ""
    exploratory: bool = False
    seeds: Annotated[list[Seed], Field(min_length=1)]
    threads: Threads = 1  # that one cell computes with
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    features: Annotated[list[Features], Field(min_length=1)] = ["pooled", "flattened"]
    task: str = tasks.DEFAULT
    data: Data = Data()
    models: Annotated[list[Model], Field(min_length=1)]
    methods: Annotated[list[dict[str, Any]], Field(min_length=1)]
    diagnostics: list[dict[str, Any]] = []
    training: dict[str, Any] = {}
    finetuning: dict[str, Any] = {}
    similarity: Similarity = Similarity()
    sensitivity: Sensitivity | None = None
    margins: Margins = Margins()
    report: Theme = Theme()


def structure_problems(raw: Mapping[str, Any], *, of: str = "") -> list[str]:
    """All that is wrong with the shape of a profile, or of one of its tables."""
    try:
        File.model_validate(raw)
    except ValidationError as error:
        return [_sentence(problem) for problem in error.errors() if not of or problem["loc"][0] == of]
    return []


def _sentence(problem: Mapping[str, Any]) -> str:
    location = problem["loc"]
    key = ".".join(str(part) for part in location)
    if location == ("margins", "cka"):
        return (
            "unknown key 'margins.cka': the inside's margin is 'margins.inside', in seed-equivalents of every measure, "
            "e.g. inside = 0.1"
        )
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
    model: type[BaseModel] = File
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
