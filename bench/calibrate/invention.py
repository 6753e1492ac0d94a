"""Whole studies whose truth is known: one network, its controls and many methods, over several seeds.

Answers follow the model of `bench/calibrate/answers.py`: effects of seeds, images, both together, and of each method.
The inside of a block follows three models, so that each of the measures that decide has a known distance δ, in units of
another training's: 0 is the original's inside, 1 as far as another seed's.

- *Debiased CKA*, of real activations. Seed s has z_s = √c·z + √(1-c)·w_s, its compressed version √ρ·z_s + √(1-ρ)·e,
  all of z, w, e standard normal with decaying singular values. CKA between two seeds is then c², that to the original ρ
  (`bench/statistics/simulate.py`), so that ρ = 1 - δ(1 - c²).
- *k-NN Jaccard*: A = 1 - δ·U + the mean influence of the probe images, which is normal, a part of it the same in all
  seeds.
- *Cross-probe*: right answers of two networks by the model of answers; the truth is the loss in points.

A seed scatters δ by a factor of mean 1. All methods that fine-tune are compared with the control, which is itself at a
distance; their truth is beyond it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from bench.analysis.results import Results, gathered
from bench.calibrate.answers import Answers
from bench.calibrate.memory_store import CellFiles, MemoryStore
from bench.roles import CONTROL, ORIGINAL, OTHER_SEED
from bench.runner.plan_file import (
    DataDescription,
    PlanFile,
    PlannedCell,
    PlannedMargins,
    PlannedModel,
    PlannedSimilarity,
    PlannedStage,
    PlannedVariant,
)
from bench.similarity.battery import Prepared, battery, prepare

NETWORK, FEATURE = "network", "pooled"
CKA, KNN, PROBE = "debiased-cka", "knn-jaccard", "cross-probe"
COMMON = 0.9  # c: two seeds' inside have CKA 0.81
KNN_UNIT, KNN_SCATTER = 0.6, 0.5  # 1 - A between two seeds; SD over images of the influence at a distance of 1
PROBED, CLASSES, UNITS = 0.9, 4, 16  # accuracy of the original's probe; classes; units of a block
SEED_SCATTER, CUT = 0.15, 3.0  # SD of a seed's factor of the distance, and where it is cut off
EPOCH = 1000  # training images


@dataclass(frozen=True)
class InventedMethod:
    """A compressed version with its truth.

    Attributes:
        accuracy: true accuracy over new seeds and new images.
        distance: δ from the original, in units of another training's.
        lost: points that the cross-probe loses.
        finetunes: whether it is compared with the control.
        copies: whether its answers and activations are the original's, bit for bit.
        twin: whether the original's images are hard for it too, so that luck of training alone parts their answers.
        payload: bytes.
    """

    label: str
    accuracy: float
    distance: float = 0.0
    lost: float = 0.0
    finetunes: bool = False
    copies: bool = False
    twin: bool = False
    payload: int = 10_000


@dataclass(frozen=True)
class Invention:
    """A study to be drawn.

    Attributes:
        original: true accuracy of the original.
        control: the fine-tuned original.
        methods: what is compressed.
        test, validation, probe: numbers of images.
        margin: of accuracy, points.
        measures: computed of the activations, beside the k-NN Jaccard and cross-probe that are drawn; all measures of a
            profile if it names those two as well.
    """

    seeds: int
    original: float
    control: InventedMethod
    methods: tuple[InventedMethod, ...]
    test: int = 599
    validation: int = 120
    probe: int = 128
    margin: float = 0.5
    blocks: int = 2
    measures: tuple[str, ...] = (CKA,)
    answers: Answers = field(default_factory=lambda: Answers(of_method=0.3))
    probed: Answers = field(default_factory=lambda: Answers(of_method=0.1))

    def draw(self, rng: np.random.Generator) -> Results:
        """One sample of it, as a report reads it."""
        variants = [InventedMethod(ORIGINAL, self.original, copies=True), self.control, *self.methods]
        cells = {cell.key: cell for cell in _cells(self.seeds, [each.label for each in variants])}
        contents = {key: CellFiles({"metrics.json": {}, "history.json": []}) for key in cells if "train" in key}
        contents |= self._answered(variants, rng)
        contents |= self._compared([*variants[1:], InventedMethod(OTHER_SEED, self.original, 1.0, 50.0)], rng)
        return gathered(self._plan(variants, tuple(cells.values())), MemoryStore(contents))

    def _plan(self, variants: list[InventedMethod], cells: tuple[PlannedCell, ...]) -> PlanFile:
        decided = (CKA, KNN, PROBE)
        return PlanFile(
            version="", name="invented", margins=PlannedMargins(accuracy=self.margin), features=(FEATURE,),
            seeds=tuple(range(self.seeds)),
            similarity=PlannedSimilarity(
                measures=tuple(dict.fromkeys((*self.measures, *decided))), maps=(), inside=decided
            ),
            data=DataDescription(
                classes=tuple(map(str, range(CLASSES))),
                counts={"train": EPOCH, "validation": self.validation, "test": self.test, "probe": self.probe},
            ),
            models=(PlannedModel(name=NETWORK, recipe={"epochs": 20}, finetuning={"epochs": 5}),),
            variants=tuple(map(_variant, [*variants, InventedMethod(OTHER_SEED, self.original)])),
            cells=cells,
        )  # fmt: skip

    def _answered(self, variants: list[InventedMethod], rng: np.random.Generator) -> Iterator[tuple[str, CellFiles]]:
        """Files of the compress cells."""
        labels, others = (rng.integers(CLASSES, size=n) for n in (self.test, self.validation))
        truth = [each.accuracy for each in variants]
        sizes = [self.validation, self.test]
        images_of = [0 if each.twin else number for number, each in enumerate(variants)]
        drawn = self.answers.margins(truth, self.seeds, sizes, rng, images_of=images_of)
        on_validation, on_test = (part[0] for part in drawn)
        for number, variant in enumerate(variants):
            source = 0 if variant.copies else number
            for seed in range(self.seeds):
                right = on_test[source, seed] > 0
                metrics = {
                    "validation_accuracy": float(np.mean(on_validation[source, seed] > 0)),
                    "test_accuracy": float(right.mean()),
                    "payload_bytes": variant.payload,
                    "file_bytes": variant.payload,
                    "finetuned_images": 5 * EPOCH if variant.finetunes else 0,
                    "trained_images": 0,
                }
                arrays = {"test_logits": logits(on_test[source, seed], labels), "test_labels": labels}
                margins = on_validation[source, seed]
                arrays |= {"validation_logits": logits(margins, others), "validation_labels": others}
                files = {"metrics.json": metrics, "history.json": [], "layers.json": []}
                yield _key("compress", seed, variant.label), CellFiles(files, {"predictions.npz": arrays})

    def _compared(self, variants: list[InventedMethod], rng: np.random.Generator) -> Iterator[tuple[str, CellFiles]]:
        """Files of the compare cells."""
        # One factor per seed and variant for all measures, cut symmetrically so that its mean is 1.
        factors = 1 + SEED_SCATTER * np.clip(rng.standard_normal((len(variants), self.seeds)), -CUT, CUT)
        inside = _Inside(self, rng)
        drawn = {KNN: self._neighbours(variants, factors, rng), PROBE: self._probes(variants, rng)}
        for number, variant in enumerate(variants):
            for seed in range(self.seeds):
                distance = 0.0 if variant.copies else variant.distance * factors[number, seed]
                layers = inside.of(variant, seed, distance, rng)
                arrays: dict[str, np.ndarray] = {
                    "layers": np.array([f"block {block}" for block in range(self.blocks)]),
                    "identical": np.full(self.blocks, variant.copies),
                }
                computed = battery(inside.original(seed), prepare(layers, self.measures), self.measures)
                for measure, found in computed.items():
                    for name in ("value", "low", "high", "influence"):
                        arrays[f"{FEATURE}/{measure}/{name}"] = getattr(found, name)
                for measure, of_all in drawn.items():
                    if measure not in computed:
                        arrays |= {f"{FEATURE}/{measure}/{name}": each for name, each in of_all[number][seed].items()}
                files = {"metrics.json": {"churn": 0.0}, "notes.json": {}}
                yield _key("compare", seed, variant.label), CellFiles(files, {"similarity.npz": arrays})

    def _neighbours(
        self, variants: list[InventedMethod], factors: np.ndarray, rng: np.random.Generator
    ) -> list[list[dict[str, np.ndarray]]]:
        shape = (self.blocks, self.probe)
        shared = rng.standard_normal(shape)
        found = []
        for number, variant in enumerate(variants):
            size = KNN_SCATTER * np.sqrt(0.0 if variant.copies else variant.distance)
            own, of_seeds = rng.standard_normal(shape), rng.standard_normal((self.seeds, *shape))
            psi = size * (0.5 * shared + 0.5 * own + np.sqrt(0.5) * of_seeds)
            means = psi.mean(-1)
            values = 1 - KNN_UNIT * variant.distance * factors[number][:, None] + means
            influence = psi - means[..., None]
            found.append([_interval(values[seed], influence[seed]) for seed in range(self.seeds)])
        return found

    def _probes(self, variants: list[InventedMethod], rng: np.random.Generator) -> list[list[dict[str, np.ndarray]]]:
        truth = [PROBED, *(PROBED - each.lost / 100 for each in variants)]
        blocks = [next(iter(self.probed.margins(truth, self.seeds, [self.probe], rng)))[0] for _ in range(self.blocks)]
        right = np.stack(blocks, axis=2) > 0  # (1 + variants, S, L, n)
        found = []
        for number, variant in enumerate(variants, start=1):
            of_all = []
            for seed in range(self.seeds):
                both = right[[0, 0 if variant.copies else number], seed]
                losses = both[0].astype(np.float64) - both[1]
                value = losses.mean(-1)
                of_all.append(
                    _interval(value, losses - value[:, None]) | {"right": both, "kind": np.full(self.blocks, "shared")}
                )
            found.append(of_all)
        return found


class _Inside:
    """Activations of the probe images in every block."""

    def __init__(self, invention: Invention, rng: np.random.Generator):
        self.shape = (invention.blocks, invention.probe, UNITS)
        shared, of_seeds = rng.standard_normal(self.shape), rng.standard_normal((invention.seeds, *self.shape))
        self.latent = np.sqrt(COMMON) * shared + np.sqrt(1 - COMMON) * of_seeds
        self.noise = rng.standard_normal(self.shape)  # of compression, seen by all methods alike
        self.prepared = [prepare(_layers(z), invention.measures) for z in self.latent]

    def original(self, seed: int) -> Prepared:
        """The original's blocks, with what the measures need of it alone."""
        return self.prepared[seed]

    def of(self, variant: InventedMethod, seed: int, distance: float, rng: np.random.Generator) -> list[np.ndarray]:
        """A variant's blocks, at a distance in units of another seed's."""
        if variant.label == OTHER_SEED:
            return _layers(self.latent[(seed + 1) % len(self.latent)])
        rho = 1 - distance * (1 - COMMON**2)
        own = np.sqrt(0.5) * (self.noise + rng.standard_normal(self.shape))
        return _layers(np.sqrt(rho) * self.latent[seed] + np.sqrt(1 - rho) * own)


def logits(margins: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n, classes) logits that are right where the margin is above 0, and else name the next class."""
    found = np.full((len(labels), CLASSES), -20.0, dtype=np.float32)
    rows = np.arange(len(labels))
    found[rows, labels] = margins
    found[rows, (labels + 1) % CLASSES] = 0.0
    return found


def _layers(latent: np.ndarray) -> list[np.ndarray]:
    return list(latent / np.sqrt(np.arange(1, UNITS + 1)))


def _interval(value: np.ndarray, influence: np.ndarray) -> dict[str, np.ndarray]:
    n = influence.shape[-1]
    half = 2 * np.sqrt((influence**2).sum(-1) / (n * (n - 1)))
    return {"value": value, "low": value - half, "high": value + half, "influence": influence.astype(np.float32)}


def _variant(method: InventedMethod) -> PlannedVariant:
    control = method.label in (ORIGINAL, CONTROL, OTHER_SEED)
    return PlannedVariant(
        label=method.label,
        title=method.label,
        family="control" if control else "pruning",
        control=control,
        finetunes=method.finetunes,
        stages=(PlannedStage(method=method.label, title=method.label),),
    )


def _cells(seeds: int, labels: list[str]) -> Iterator[PlannedCell]:
    for seed in range(seeds):
        yield _cell("train", seed, "")
        yield from (_cell("compress", seed, label) for label in labels)
        yield from (_cell("compare", seed, label) for label in (*labels[1:], OTHER_SEED))


def _cell(kind: str, seed: int, label: str) -> PlannedCell:
    key = _key(kind, seed, label)
    return PlannedCell(name=key, key=key, kind=kind, model=NETWORK, seed=seed, variant=label)


def _key(kind: str, seed: int, label: str) -> str:
    return f"{kind}/{NETWORK}/{seed}/{label}"
