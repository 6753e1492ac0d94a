"""Runs folders as the runner writes them, filled with invented numbers of plausible size."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.analysis.results import load
from bench.analysis.study import Study
from bench.runner.cell import Cell
from bench.runner.store import Store, to_json
from tests import invented_inside
from tests.invented_inside import FEATURES

REFERENCES = ("original", "finetune", "other-seed", "random-weights")
VALIDATION = 144  # images
CLASSES = tuple(str(digit) for digit in range(10))


@dataclass(frozen=True)
class Invented:
    """One variant with the size of its effects: bytes kept, points lost, distance of the inside."""

    label: str
    title: str
    family: str
    kept: float = 1.0  # share of the payload
    lost: float = 0.0  # points of accuracy
    distance: float = 0.0  # 1 - CKA of the last block, mean over seeds
    finetunes: bool = False
    source: str = ""
    activation_bits: int = 32
    sparsity: float = 0.0
    epochs: tuple[float, float] | None = None  # fine-tuned and trained, as cells record it; older runs do not

    @property
    def control(self) -> bool:
        return self.family in ("original", "control")

    @property
    def probe_lost(self) -> float:
        """Points that the original's probe loses on the last block: all above chance where training began anew."""
        return 85.0 if self.label in ("other-seed", "random-weights") else max(self.lost, 0.0)

    def plan(self) -> dict[str, Any]:
        stages = [link.partition(":") for link in self.label.split("+")]
        return {
            "label": self.label,
            "title": self.title,
            "family": self.family,
            "sources": [self.source] if self.source else [],
            "control": self.control,
            "finetunes": self.finetunes,
            "stages": [
                {
                    "method": name,
                    "version": 1,
                    "settings": dict(p.split("=", 1) for p in settings.split(",") if "=" in p),
                }
                for name, _, settings in stages
            ],
        }


def _pruned(sparsity: float, lost: float, distance: float) -> Invented:
    label, title = f"magnitude:sparsity={sparsity}", f"Magnitude (sparsity {sparsity})"
    return Invented(label, title, "pruning", 1.06 - sparsity, lost, distance, False, "han2015learning", 32, sparsity)


def _retrained(sparsity: float, lost: float, distance: float) -> Invented:
    base = _pruned(sparsity, lost, distance)
    return replace(base, label=f"magnitude-finetune:sparsity={sparsity}", finetunes=True, title=(
        f"Magnitude, fine-tuned (sparsity {sparsity})"
    ))  # fmt: skip


CONTROLS = (
    Invented("original", "Original", "original"),
    Invented("finetune", "Fine-tuned control", "control", 1, -0.05, 0.006, True),
    Invented("other-seed", "Other seed", "control", 1, 0, 0.22),
    Invented("random-weights", "Random weights", "control", 1, 87, 0.85),
)
METHODS = (
    Invented("float16", "float16", "quantization", 0.5, 0.0, 1e-6),
    Invented("nncf-int8-ptq", "INT8 (NNCF PTQ)", "quantization", 0.262, 0.05, 0.004, False, "kozlov2021nncf", 8),
    Invented("nncf-int8-qat", "INT8 (NNCF QAT)", "quantization", 0.262, -0.05, 0.009, True, "kozlov2021nncf", 8),
    _pruned(0.5, 0.1, 0.01),
    _pruned(0.8, 2.0, 0.07),
    _pruned(0.9, 14.0, 0.2),
    _pruned(0.95, 45.0, 0.42),
    _retrained(0.8, 0.2, 0.04),
    _retrained(0.9, 0.8, 0.08),
    _retrained(0.95, 3.0, 0.16),
    Invented("random-pruning:sparsity=0.9", "Random pruning (sparsity 0.9)", "control", 0.16, 6.0, 0.25, True),
    Invented(
        "magnitude-finetune:sparsity=0.9+nncf-int8-ptq",
        "Magnitude, fine-tuned (sparsity 0.9) + INT8 (NNCF PTQ)",
        "pruning", 0.06, 0.9, 0.083, True, "han2015learning", 8, 0.9,
    ),
)  # fmt: skip
VARIANTS = (*CONTROLS, *METHODS)


@dataclass(frozen=True)
class Runs:
    """What to invent; `write` puts it on disk.

    Attributes:
        states: cell name to "failed", "refused" or "missing"; all others are done.
        alter: called with each cell's provenance, may change it.
        accuracy: instead of an invented one: of (model, seed, label), in percent; without answers to single images.
        right: instead of both: of (model, seed, label), (test,) whether each image is answered rightly.
    """

    models: tuple[str, ...] = ("resnet8", "mobilenet-small")
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4, 5)
    variants: tuple[Invented, ...] = VARIANTS
    blocks: int = 4
    probe: int = 64
    test: int = 360
    classes: tuple[str, ...] = CLASSES
    states: dict[str, str] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    exploratory: bool = False
    name: str = "digits"
    alter: Callable[[Cell, dict[str, Any]], None] = lambda cell, provenance: None
    accuracy: Callable[[str, int, str], float] | None = None
    right: Callable[[str, int, str], np.ndarray] | None = None

    def cells(self) -> list[Cell]:
        return [cell for model in self.models for cell in self._of_model(model)]

    def _of_model(self, model: str) -> Iterable[Cell]:
        trained = {seed: Cell("train", model, seed, spec={"model": model, "seed": seed}) for seed in self.seeds}
        for seed in self.seeds:
            yield trained[seed]
            compressed = {
                each.label: Cell(
                    "compress", model, seed, each.label, {"variant": each.label}, {"trained": trained[seed]}
                )
                for each in self.variants
            }
            yield from compressed.values()
            for label, cell in compressed.items():
                if label != "original":
                    parents = {"compressed": cell} | {r: compressed[r] for r in REFERENCES if r in compressed}
                    yield Cell("compare", model, seed, label, {}, parents)

    def plan(self, cells: list[Cell]) -> dict[str, Any]:
        return {
            "version": "0.1.0",
            "name": self.name,
            "title": "Handwritten digits, 8 x 8 pixels",
            "exploratory": self.exploratory,
            "report": {"title": "", "authors": [], "abstract": "", "logo": "", "accent": ""} | self.report,
            "alpha": 0.05,
            "margins": {"accuracy": 0.5, "inside": 0.1, "attribution": 0.25},
            "features": list(FEATURES),
            "similarity": {
                "measures": list(invented_inside.MEASURES),
                "maps": list(invented_inside.MAPS),
                "inside": ["debiased-cka", "knn-jaccard", "cross-probe"],
            },
            "seeds": list(self.seeds),
            "threads": 1,
            "profile_text": "seeds = [0, 1]\n# <b>&amp;</b>\n",
            "command": f"make bench PROFILE={self.name}",
            "data": {
                "source": "digits",
                "title": "Digits (scikit-learn)",
                "classes": list(self.classes),
                "counts": {"train": 1293, "validation": VALIDATION, "test": self.test, "probe": self.probe},
                "fingerprint": "0123456789abcdef" * 2,
                "content": "c0ffee",
                "size": 8,
                "channels": 1,
            },
            "models": [
                {"name": model, "recipe": {"epochs": 20, "batch_size": 128}, "finetuning": {"epochs": 5}}
                for model in self.models
            ],
            "variants": [each.plan() for each in self.variants],
            "cells": [{"name": c.name, **{k: v for k, v in c.as_dict().items() if k != "spec"}} for c in cells],
        }

    def write(self, root: Path) -> Path:
        """Write plan and cells to `root/<name>`, and give that folder."""
        store = Store(root / self.name)
        cells = self.cells()
        store.write_index("plan.json", self.plan(cells))
        for cell in cells:
            state = self.states.get(cell.name, "done")
            if state == "missing":
                continue
            files = self._files(cell) if state == "done" else _error(state, cell)
            provenance = _provenance(cell)
            self.alter(cell, provenance)
            store.write(cell, files, provenance, f"log of {cell.name}\n")
        return store.folder

    def _files(self, cell: Cell) -> dict[str, bytes]:
        invented = next((each for each in self.variants if each.label == cell.variant), VARIANTS[0])
        return {"train": self._train, "compress": self._compress, "compare": self._compare}[cell.kind](cell, invented)

    def _base(self, cell: Cell) -> float:
        return (
            97.4 - 1.5 * self.models.index(cell.model) + float(_random("base", cell.model, cell.seed).normal(0, 0.35))
        )

    def _accuracy(self, cell: Cell, invented: Invented) -> float:
        if self.right:
            return float(np.mean(self.right(cell.model, cell.seed, invented.label)))
        if self.accuracy:
            return self.accuracy(cell.model, cell.seed, invented.label) / 100
        noise = 0.0 if invented.label in ("original", "float16") else 0.15 + 0.1 * max(invented.lost, 0)
        drawn = float(_random("accuracy", cell.model, cell.seed, invented.label).normal(0, noise))
        percent = min(max(self._base(cell) - invented.lost + drawn, 4.0), 100.0)
        return round(percent / 100 * self.test) / self.test

    def _train(self, cell: Cell, invented: Invented) -> dict[str, bytes]:
        accuracy = self._accuracy(cell, invented)
        metrics = {"validation_accuracy": accuracy, "test_accuracy": accuracy, "parameters": 78_042}
        return {
            "network.safetensors": b"weights",
            "metrics.json": to_json(metrics),
            "history.json": to_json(_history(cell, 20, accuracy)),
        }

    def _compress(self, cell: Cell, invented: Invented) -> dict[str, bytes]:
        accuracy = self._accuracy(cell, invented)
        payload = round(312_168 * 0.7 ** self.models.index(cell.model) * invented.kept)
        payload += cell.seed if invented.sparsity else 0
        elements = 4096
        predictions = self._predictions(cell, invented, accuracy)
        if predictions and not self.right:
            predictions |= self._validation(cell, invented, accuracy)
        validated = predictions.pop("validation_right", np.full(1, accuracy))
        metrics = {
            "validation_accuracy": float(validated.mean()),
            "test_accuracy": accuracy,
            "payload_bytes": payload,
            "file_bytes": payload + 2_113,
            "peak_activation_bytes": elements * invented.activation_bits // 8,
            "peak_activation_elements": elements,
            "activation_bits": invented.activation_bits,
            "macs": 1_230_000,
            "parameters": 78_042,
            "nonzero_parameters": round(78_042 * (1 - invented.sparsity)),
            "sparsity": invented.sparsity,
            "logit_difference": 1e-7,
        }
        if invented.epochs is not None:
            finetuned, trained = invented.epochs
            metrics |= {"finetuned_images": 1293 * finetuned, "trained_images": 1293 * trained}
        layers = [
            {"name": f"block{i}.conv", "shape": [16, 16, 3, 3], "layout": "bitmask" if invented.sparsity else "dense",
             "bits": 8 if invented.activation_bits == 8 else 32, "payload_bytes": payload // self.blocks,
             "sparsity": invented.sparsity}
            for i in range(self.blocks)
        ]  # fmt: skip
        return {
            "network.innards": b"packed",
            "metrics.json": to_json(metrics),
            "layers.json": to_json(layers),
            "predictions.npz": _npz(predictions),
            "history.json": to_json(_history(cell, 5, accuracy) if invented.finetunes else []),
        }

    def _predictions(self, cell: Cell, invented: Invented, accuracy: float) -> dict[str, np.ndarray]:
        """Logits that are right for as large a share of the images; some images are hard for all networks of a model.

        Accuracies that a test names are of no whole number of images: nothing is said of images then.
        """
        if self.accuracy and not self.right:
            return {}
        labels = np.arange(self.test) % len(self.classes)
        alike = "original" if invented.label == "float16" else invented.label
        hard = _random("hard", cell.model).normal(size=self.test)
        hard = hard + _random("seed", cell.model, cell.seed).normal(0, 0.5, self.test)
        hard = hard + _random("variant", cell.model, cell.seed, alike).normal(0, 0.2, self.test)
        right = np.ones(self.test, bool)
        right[np.argsort(-hard)[: self.test - round(accuracy * self.test)]] = False
        if self.right:
            right = self.right(cell.model, cell.seed, invented.label)
        random = _random("logits", cell.model, cell.seed, alike)
        logits = random.normal(size=(self.test, len(self.classes))).astype(np.float32)
        answers = np.where(right, labels, (labels + 1 + labels % 3) % len(self.classes))
        logits[np.arange(self.test), answers] += 9
        return {"test_logits": logits, "test_labels": labels}

    def _validation(self, cell: Cell, invented: Invented, accuracy: float) -> dict[str, np.ndarray]:
        """Answers on the validation images, right for nearly as large a share of them; hard images are hard for all."""
        labels = np.arange(VALIDATION) % len(self.classes)
        alike = "original" if invented.label == "float16" else invented.label
        hard = _random("hard validation", cell.model).normal(size=VALIDATION)
        hard = hard + _random("validation", cell.model, cell.seed, alike).normal(0, 0.3, VALIDATION)
        right = np.ones(VALIDATION, bool)
        right[np.argsort(-hard)[: VALIDATION - round(accuracy * VALIDATION)]] = False
        logits = np.zeros((VALIDATION, len(self.classes)), np.float32)
        logits[np.arange(VALIDATION), np.where(right, labels, (labels + 1) % len(self.classes))] = 9
        return {"validation_logits": logits, "validation_labels": labels, "validation_right": right}

    def _compare(self, cell: Cell, invented: Invented) -> dict[str, bytes]:
        original = self._accuracy(cell, self.variants[0])
        accuracy = self._accuracy(cell, invented)
        random = _random("compare", cell.model, cell.seed, invented.label)
        churn = min(0.004 + abs(original - accuracy) * 1.3 + 0.2 * invented.distance * random.uniform(0.7, 1.3), 1.0)
        metrics = {
            "test_accuracy": accuracy,
            "original_test_accuracy": original,
            "accuracy_difference": accuracy - original,
            "churn": churn,
            "jensen_shannon": churn / 4,
            "nll_difference": churn * random.uniform(0.3, 1),
            "brier_difference": churn / 3,
            "ece_difference": 0.01 * random.normal(),
        }
        if invented.label != "finetune":
            metrics["churn_finetune"] = churn * 1.05
        size = (invented.distance, invented.probe_lost / 100, self.blocks, self.probe)
        arrays = invented_inside.similarity(cell.model, cell.seed, invented.label, *size)
        return {"metrics.json": to_json(metrics), "similarity.npz": _npz(arrays), "notes.json": to_json({})}


def _history(cell: Cell, epochs: int, accuracy: float) -> list[dict[str, float]]:
    random = _random("history", cell.name)
    return [
        {
            "epoch": epoch + 1,
            "loss": 2.2 * np.exp(-epoch / 5) + 0.5 + float(random.normal(0, 0.02)),
            "learning_rate": 0.1 * (1 - epoch / epochs),
            "validation_accuracy": float(accuracy * (1 - 0.7 * np.exp(-(epoch + 1) / 3))),
        }
        for epoch in range(epochs)
    ]


def _error(kind: str, cell: Cell) -> dict[str, bytes]:
    reason = {"failed": "FloatingPointError: the loss is not a number", "refused": "grouped convolution"}[kind]
    return {"error.json": to_json({"kind": kind, "reason": reason, "traceback": "Traceback ..."})}


def _provenance(cell: Cell) -> dict[str, Any]:
    seconds = {"train": 4.2, "compress": 1.1, "compare": 0.6}[cell.kind]
    return {
        "started": "2025-03-01T12:00:00+00:00",
        "wall_seconds": seconds,
        "cpu_seconds": seconds * 0.9,
        "host": "workstation",
        "platform": "Linux",
        "device": "cpu",
        "threads": 1,
        "processor": "Example CPU @ 2.0 GHz",
        "cores": 8,
        "versions": {"innards": "0.1.0", "python": "3.11.9", "torch": "2.11.0", "nncf": "3.4.0"},
        "commit": "a" * 40,
        "dirty": False,
        "peak_memory_bytes": 812_000_000,
    }


def _npz(arrays: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def _random(*parts: object) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(json.dumps([str(part) for part in parts]).encode()))


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole runs/digits: 2 models, 6 seeds, 16 variants; read only."""
    return Runs().write(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="session")
def study(digits: Path) -> Study:
    """What is known of `digits`."""
    return Study(load(digits))


@pytest.fixture(scope="session")
def five(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Five networks with three methods each, which can be ranked."""
    labels = ("original", "finetune", "other-seed", "random-weights", "nncf-int8-ptq", "magnitude:sparsity=0.9")
    labels += ("magnitude:sparsity=0.95",)
    chosen = tuple(each for each in VARIANTS if each.label in labels)
    models = tuple(f"net{number}" for number in range(5))
    return Study(load(Runs(models=models, variants=chosen).write(tmp_path_factory.mktemp("five"))))


@pytest.fixture
def steady():
    """Accuracies for `study_of` with so little scatter that two methods are shown to lose little to the best."""
    means = {"nncf-int8-qat": 98.6, "nncf-int8-ptq": 98.5, "magnitude-finetune:sparsity=0.8": 98.4}

    def accuracy(model: str, seed: int, label: str) -> float:
        scatter = np.random.default_rng([seed, *label.encode()]).normal()
        return means.get(label, 96.0) + 0.05 * scatter

    return accuracy


@pytest.fixture
def guessing() -> Callable[[str, int, str], np.ndarray]:
    """For `Runs.right`: every network answers a tenth of 360 images of ten classes rightly, as without looking."""
    return lambda model, seed, label: np.random.default_rng([seed, *label.encode()]).random(360) < 0.1


@pytest.fixture
def study_of(tmp_path: Path) -> Callable[..., Study]:
    """Studies of other runs: one model and few variants unless told otherwise."""

    def make(**changes: Any) -> Study:
        return Study(load(Runs(**{"models": ("resnet8",), **changes}).write(tmp_path)))

    return make


@pytest.fixture
def runs() -> type[Runs]:
    """What makes runs folders."""
    return Runs


@pytest.fixture
def small() -> Runs:
    """As little as makes a whole report: one network, one seed, one method."""
    return Runs(models=("resnet8",), seeds=(0,), variants=(*CONTROLS[:2], METHODS[1]))


@pytest.fixture
def variants() -> dict[str, Invented]:
    """Every invented variant by its label."""
    return {each.label: each for each in VARIANTS}


@pytest.fixture
def without_latex(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that has no LaTeX."""
    monkeypatch.setattr("bench.render.writers.typesetting._command", lambda name: [])


@pytest.fixture(scope="session")
def rendered(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of `digits` with its test images, and with its PDF where LaTeX is there."""
    from bench.data import _cache
    from bench.render import report

    images = np.random.default_rng(0).integers(0, 256, (360, 1, 8, 8), dtype=np.uint8)
    _cache.write(digits.parent / ".data" / "images" / "c0ffee", _cache.Contents({"test_images": images}, {}))

    out = tmp_path_factory.mktemp("report")
    report([digits], out, full=True)
    return out
