"""From a profile to its cells: which there are, what determines each, and who needs whom."""

from __future__ import annotations

import gc
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path
from typing import Any

from bench.compress.files import check_independent, path_of
from bench.compress.variant import Variant
from bench.data.validation_transform import ValidationTransform
from bench.errors import InputError
from bench.profile import Profile
from bench.profile.tables import Model, Sensitivity
from bench.roles import COMPRESSED, CONTROL, ORIGINAL, OTHER_SEED, REFERENCES
from bench.runner import controls
from bench.runner.cell import Cell
from bench.runner.outside import checkpoint_of, content_hash, weights_of
from bench.similarity.probe import ProbeMeasure
from bench.training import recipe as training

# Versions of code that is shared by all cells of a kind, as `Method.version` is that of one method's. They are part of
# the cells' keys: raised whenever the same inputs give other files, so that old cells are not taken for new ones.
PACKING_VERSION = 4
COMPARE_VERSION = 3
DIAGNOSE_VERSION = 3
SENSITIVITY_VERSION = 1
FEATURES_VERSION = 2  # networks of the zoo put out channels first, which were always averaged right

COMPARED = (COMPRESSED, ORIGINAL, CONTROL)  # whose files a comparison reads


@dataclass(frozen=True)
class Plan:
    """All cells of a profile on one data set, parents before children."""

    profile: Profile
    fingerprint: str
    cells: tuple[Cell, ...]


def make(profile: Profile, fingerprint: str) -> Plan:
    """Every cell of the profile, parents before children.

    For each model and seed a training, a compression per variant, and for each of these but the original a comparison
    with its references and the diagnoses that the profile asks for; its sensitivity if that is asked for.

    Args:
        fingerprint: of the images and their splits, from `bench.data.fingerprint`.
    """
    with _uncollected():
        return Plan(profile, fingerprint, tuple(_parents_first(_all(profile, fingerprint))))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Have Python's collector of reference cycles pass over what is made meanwhile."""
    # A plan has no cycles and lives as long as the run; to search its many objects again and again takes a fifth of the
    # time until the first cell.
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


def _all(profile: Profile, fingerprint: str) -> list[Cell]:
    cells: list[Cell] = []
    for model in profile.file.models:
        trained = {seed: _train(profile, model, seed, fingerprint) for seed in profile.file.seeds}
        lineup = controls.Controls(profile, model.name)
        of_model = [
            cell for seed in profile.file.seeds for cell in (trained[seed], *_of_seed(profile, lineup, seed, trained))
        ]
        _check_independent(lineup, of_model)
        cells += of_model
    return cells


def _check_independent(lineup: controls.Controls, of_model: Iterable[Cell]) -> None:
    """Refuse files of the user's that are one network for several seeds (see `check_independent`)."""
    trained = {c.seed: (c.outside, c.spec["checkpoint"]) for c in of_model if "checkpoint" in c.spec}
    asked = [(f"checkpoint of {lineup.model}", trained)]
    compressed: defaultdict[str, list[Cell]] = defaultdict(list)
    for cell in of_model:
        if cell.kind == "compress":
            compressed[cell.variant].append(cell)
    for variant in lineup.variants:
        for index, stage in enumerate(variant.stages):
            for name in stage.method.networks:
                contents = {
                    c.seed: (c.outside, c.spec["variant"][index]["settings"][name]) for c in compressed[variant.label]
                }
                asked.append((f"method {stage.name!r}, setting {name!r}", contents))
    for where, by_seed in asked:
        named = {seed: (_name_of(outside, content), content) for seed, (outside, content) in by_seed.items()}
        try:
            check_independent(named)
        except InputError as error:
            raise InputError(f"{where}: {error}") from error


def _name_of(outside: Mapping[str, Path], content: str) -> str:
    """The path of a cell's file with some content; the only one of a checkpoint, whose name has no hash."""
    paths = [str(path) for name, path in outside.items() if name.startswith(f"{content}/")]
    return (paths or list(map(str, outside.values())))[0]


def compression(profile: Profile, model: str, seed: int, variant: Variant, fingerprint: str) -> Cell:
    """The cell that compresses by a variant, which need not be one of the profile's; the key is the same if it is.

    Args:
        variant: one that starts from the trained network, so none that starts from another seed.
    """
    entry = next(entry for entry in profile.file.models if entry.name == model)
    return _compress(profile, model, seed, variant, {seed: _train(profile, entry, seed, fingerprint)})


def only(plan: Plan, pattern: str) -> list[Cell]:
    """Cells whose name matches the glob, with all cells that they need, parents first.

    Raises:
        InputError: nothing matches.
    """
    chosen = [cell for cell in plan.cells if fnmatchcase(cell.name, pattern)]
    if not chosen:
        example = plan.cells[-1].name
        raise InputError(
            f"--only {pattern!r} matches none of the {len(plan.cells)} cells; a name looks like {example!r}"
        )
    return list(_parents_first(chosen))


def shard(cells: Sequence[Cell], which: int, count: int) -> list[Cell]:
    """The `which`-th (from 1) of `count` parts, with all cells that its cells need."""
    # Shards run on machines that share nothing, so what two of them need, each computes for itself. Cells of one
    # network (model and seed) need each other most and stay together; what remains shared is the other seed's training.
    # Networks are dealt out in turn, like cards, from a sorted list: every machine must come to the same parts.
    groups = [list(group) for _, group in groupby(sorted(cells, key=_network), key=_network)]
    chosen = {cell.key for group in groups[which - 1 :: count] for cell in group}
    return list(_parents_first(cell for cell in cells if cell.key in chosen))


def _network(cell: Cell) -> tuple[str, int]:
    return cell.model, cell.seed


def _parents_first(cells: Iterable[Cell]) -> Iterator[Cell]:
    # A depth-first topological order that keeps the given order where parents allow. Cells that are equal but were made
    # twice, such as the training that another seed also starts from, have one key and appear once.
    seen: set[str] = set()

    def visit(cell: Cell) -> Iterator[Cell]:
        seen.add(cell.key)
        for parent in cell.parents.values():
            if parent.key not in seen:
                yield from visit(parent)
        yield cell

    for cell in cells:
        if cell.key not in seen:
            yield from visit(cell)


def _train(profile: Profile, entry: Model, seed: int, fingerprint: str) -> Cell:
    # A recipe only counts if it is used: with a checkpoint, the file's content determines the network instead, and its
    # path does not, so moving it changes no key.
    model, checkpoint = entry.name, entry.checkpoint
    spec = {
        **_common(profile, model, seed, fingerprint),
        "training_version": training.VERSION,
        "recipe": None if checkpoint else profile.recipes[model].spec(),
    }
    if entry.weights:
        path = weights_of(entry)
        return Cell("train", model, seed, spec=spec, outside={path.name: path})
    if not checkpoint:
        return Cell("train", model, seed, spec=spec)
    path = checkpoint_of(checkpoint, seed)
    spec["checkpoint"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return Cell("train", model, seed, spec=spec, outside={path.name: path})


def _common(profile: Profile, model: str, seed: int, fingerprint: str) -> dict[str, Any]:
    # Threads count because sums that are split over more of them round differently. Host and device are no part of the
    # key, so that a run can resume elsewhere; they are in the cell's provenance.
    return {
        "model": model,
        "model_version": profile.versions[model],
        "seed": seed,
        "data": fingerprint,
        "threads": profile.file.threads,
        **profile.task_spec,
        **_begun(profile, model),
    }


def _begun(profile: Profile, model: str) -> dict[str, Any]:
    """What a network has besides if images are transformed for it or its weights were published; else nothing."""
    entry = next(entry for entry in profile.file.models if entry.name == model)
    begun: dict[str, Any] = {}
    if entry.weights:
        begun["weights"] = content_hash(weights_of(entry))
    if (normalisation := profile.normalisations[model]) is not None:
        begun["normalisation"] = [list(values) for values in normalisation]
    # Images that are neither resized nor cropped have no such entry: the keys of their cells are older than transforms.
    if (transform := profile.recipes[model].validation_transform) != ValidationTransform():
        begun["transform"] = asdict(transform)
    return begun


def _of_seed(profile: Profile, lineup: controls.Controls, seed: int, trained: dict[int, Cell]) -> Iterator[Cell]:
    """Compressions and comparisons of one trained network."""
    variants = [variant for variant in lineup.variants if variant.start != OTHER_SEED or len(trained) > 1]
    compressed = {variant.label: _compress(profile, lineup.model, seed, variant, trained) for variant in variants}
    yield from compressed.values()
    if profile.file.sensitivity is not None:
        yield _sensitivity(profile.file.sensitivity, compressed[ORIGINAL], trained[seed])
    references = {label: compressed[label] for label in REFERENCES if label in compressed}
    for variant in variants:
        if variant.label != ORIGINAL:
            cell, same_budget = compressed[variant.label], lineup.finetuned_alike(variant)
            yield _compare(profile, cell, {**references, CONTROL: compressed[same_budget]})
            yield from _diagnose(profile, cell, references)


def _compress(profile: Profile, model: str, seed: int, variant: Variant, trained: dict[int, Cell]) -> Cell:
    parent = trained[_next(seed, list(trained)) if variant.start == OTHER_SEED else seed]
    described, outside = _with_files(variant, model, seed)
    # Recipes and the version of the training code belong to the key only of variants that train, so that another
    # recipe for fine-tuning leaves the cells of post-training methods as they are. The last key is absent, not None,
    # where it does not apply: a None would have changed the keys of all cells that were there before it.
    spec = {
        **_common(profile, model, seed, parent.spec["data"]),
        "packing_version": PACKING_VERSION,
        "variant": described,
        "training_version": training.VERSION if variant.finetunes or variant.trains else None,
        "finetuning": profile.finetuning[model].spec() if variant.finetunes else None,
        **({"recipe": profile.recipes[model].spec()} if variant.trains else {}),
    }
    return Cell("compress", model, seed, variant.label, spec, {"trained": parent}, outside)


def _with_files(variant: Variant, model: str, seed: int) -> tuple[list[dict[str, Any]], dict[str, Path]]:
    """What `Variant.spec` says, with the hash of each file of the user's in place of its path, and the files."""
    described, outside = variant.spec(), {}
    for stage, link in zip(variant.stages, described, strict=True):
        if ":" in model and stage.method.revision:
            link["revision"] = stage.method.revision
        for setting in stage.method.outside:
            if files := link["settings"][setting]:
                try:
                    path = path_of(files, model, seed)
                    content = content_hash(path)
                except (InputError, OSError) as error:
                    raise InputError(f"method {stage.name!r}, setting {setting!r}: {error}") from error
                link["settings"][setting] = content
                outside[f"{content}/{path.name}"] = path
    return described, outside


def _compare(profile: Profile, compressed: Cell, others: dict[str, Cell]) -> Cell:
    # What the control, another seed or a random network scores stands in their own comparisons with the same original,
    # so that a comparison reads the original alone; the control's predictions say which answers fine-tuning changes.
    settings = profile.file.similarity
    spec = {
        **_about(compressed),
        "compare_version": COMPARE_VERSION,
        "features": list(profile.file.features),
        "measures": profile.measure_versions,
        "maps": list(settings.maps),
        **({"features_version": FEATURES_VERSION} if ":" in compressed.model else {}),
    }
    if any(isinstance(measure, ProbeMeasure) for measure in profile.measures.values()):
        spec |= {"training_images": settings.training_images, "training_seed": settings.training_seed}
    references = {label: cell for label, cell in _with_references(compressed, others).items() if label in COMPARED}
    return Cell("compare", compressed.model, compressed.seed, compressed.variant, spec, references)


def _diagnose(profile: Profile, compressed: Cell, others: dict[str, Cell]) -> Iterator[Cell]:
    parents = _with_references(compressed, others)
    for name, look in profile.diagnostics.items():
        if compressed.variant not in look.variants:
            continue
        spec = {
            **_about(compressed),
            "diagnostic": name,
            "version": profile.diagnostic_versions[name],
            # Only networks from elsewhere have activations that write in place, modules that are called twice, or
            # tokens in place of maps.
            **({"diagnose_version": DIAGNOSE_VERSION} if ":" in compressed.model else {}),
            "settings": look.diagnostic.settings(),
        }
        yield Cell("diagnose", compressed.model, compressed.seed, compressed.variant, spec, parents, diagnostic=name)


def _sensitivity(table: Sensitivity, original: Cell, trained: Cell) -> Cell:
    # Of the trained network and not of the packed original, whose normalisation is folded: running statistics could not
    # be taken again there.
    spec = {**_about(original), "sensitivity_version": SENSITIVITY_VERSION, "settings": table.model_dump()}
    return Cell("sensitivity", original.model, original.seed, ORIGINAL, spec, {"trained": trained})


def _about(compressed: Cell) -> dict[str, Any]:
    shared = ("model", "model_version", "seed", "data", "threads", "task", "normalisation", "transform")
    return {key: compressed.spec[key] for key in shared if key in compressed.spec}


def _with_references(compressed: Cell, others: dict[str, Cell]) -> dict[str, Cell]:
    """The compressed network and its references, by role."""
    references = {label: others[label] for label in REFERENCES if label in others}
    references.pop(compressed.variant, None)
    return {COMPRESSED: compressed, **references}


def _next(seed: int, seeds: list[int]) -> int:
    # In a ring, so that each seed's network is the "other seed" of exactly one network.
    return seeds[(seeds.index(seed) + 1) % len(seeds)]
