"""What the metrics of cells are in, and every one of them by network and seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from bench.analysis.study import Study, judgement
from bench.roles import ORIGINAL
from bench.task import DEFAULT, task


@dataclass(frozen=True)
class Metric:
    """How a metric is printed.

    Attributes:
        unit: of the printed number; empty if it has none.
        scale: from the metric to the printed number.
    """

    unit: str = ""
    scale: float = 1.0


@dataclass(frozen=True)
class Measured:
    """One metric of one network and seed, in the unit that pages print.

    Attributes:
        value: None where the cell has no result, and where judgements leave the seed out.
        state: "done", why there is no result (one of `HOLES`), or "left out".
    """

    model: str
    variant: str
    seed: int
    metric: str
    value: float | None
    unit: str
    state: str


SHARE = Metric("%", 100.0)
SHARES = (
    "sparsity", "activation-statistics.dead", "activation-statistics.dimension", "activation-statistics.zeros",
    "class-images.recognised", "feature-inversion.features", "filters.zero",
)  # fmt: skip
OF_OUTPUTS = {"logit_difference": "output_difference"}  # what cells call it, where outputs are no logits
LEFT_OUT = "left out"
TRAINED = "trained_"  # before metrics of the network as it was trained, which the packed file has too
_ABOUT = ("key", "model", "seed", "variant", "diagnostic")


def metric_of(study: Study, name: str) -> Metric:
    """How a metric is printed; as it was measured where nobody says."""
    # Longer names go first, since a metric's name begins those that are derived from it, such as `churn_finetune`.
    known = _known(study)
    for start in sorted(known, key=len, reverse=True):
        if name == start or name.startswith((f"{start}.", f"{start}_")):
            return known[start]
    return Metric("B") if name.endswith("_bytes") else Metric()


@judgement
def _known(study: Study) -> dict[str, Metric]:
    primary, planned = study.primary, study.plan.task.changes
    level, difference = Metric(primary.level_unit, primary.scale), Metric(primary.unit, primary.scale)
    changes = task(DEFAULT).changes if planned is None else planned
    printed = {change.metric: Metric(change.unit, change.scale) for change in changes if not change.beyond_control}
    levels = (
        primary.test, primary.validation, f"{ORIGINAL}_{primary.test}", "corruptions", "sensitivity.accuracy",
    )  # fmt: skip
    differences = (f"{primary.metric}_difference", "corruptions.loss", "corruptions.loss_difference")
    alike = study.per_image.task.alike if study.per_image.task else ()
    of_alike = [f"{split}_{name}" for name in alike for split in ("test", "validation")]
    return (
        dict.fromkeys(SHARES, SHARE)
        | printed
        | {"activation_bits": Metric("bits")}
        | dict.fromkeys([*levels, *(f"{TRAINED}{name}" for name in (*levels, *of_alike)), *of_alike], level)
        | dict.fromkeys([*differences, *(f"{name}_difference" for name in alike)], difference)
    )


def measured(study: Study) -> Iterator[Measured]:
    """Every metric of every network and seed, in the plan's order; a row of each where its cell has no result."""
    # A cell without a result has the metrics that the cells of its kind have, so that no mean over seeds quietly
    # leaves one out. Where no cell of a kind is done, nobody knows them: the kind's own name stands for them.
    cells = study.results.cells.to_dict("records")
    planned = [cell.diagnostic for cell in study.plan.cells]
    values = _values(study)
    names: dict[str, dict[str, None]] = {}
    kinds = [look or cell["kind"] for cell, look in zip(cells, planned, strict=True)]
    for cell, kind in zip(cells, kinds, strict=True):
        names.setdefault(kind, {}).update(dict.fromkeys(values.get(cell["key"], ())))
    gone = _left_out(study)
    metrics = {name: metric_of(study, name) for kind in names for name in names[kind] or [kind]}
    for cell, kind in zip(cells, kinds, strict=True):
        numbers = values.get(cell["key"], {})
        for name in sorted(numbers if cell["state"] == "done" else names[kind] or [kind]):
            network = (cell["model"], cell["variant"] or ORIGINAL, cell["seed"])
            printed, value = metrics[name], numbers.get(name)
            out = name == study.primary.test and network in gone
            state = LEFT_OUT if out and cell["state"] == "done" else cell["state"]
            value = None if value is None or out else value * printed.scale
            yield Measured(*network, name, value, printed.unit, state)


def _values(study: Study) -> dict[str, dict[str, float]]:
    """Metrics of finished cells by the cell's key, by a name that no other cell of the same network and seed has."""
    results = study.results
    frames = {
        "train": results.trained,
        "compress": results.compressed,
        "compare": results.compared,
        "diagnose": results.diagnosed,
        "sensitivity": results.sensed,
    }
    packed = set(map(str, results.compressed))
    values: dict[str, dict[str, float]] = {}
    for kind, frame in frames.items():
        for record in frame.to_dict("records"):
            numbers = {str(name): value for name, value in record.items() if name not in _ABOUT and _is_number(value)}
            if not study.plan.task.classifies:
                numbers = {OF_OUTPUTS.get(name, name): value for name, value in numbers.items()}
            if kind == "train":
                numbers = {f"{TRAINED}{name}": value for name, value in numbers.items()}
            if kind == "compare":  # which repeats what the packed file's own cell says
                numbers = {name: value for name, value in numbers.items() if name not in packed}
            if kind == "diagnose":
                numbers = {f"{record['diagnostic']}.{name}": value for name, value in numbers.items()}
            if kind == "sensitivity":
                numbers = {f"{kind}.{name}": value for name, value in numbers.items()}
            values[record["key"]] = numbers
    return values


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and isfinite(value)


def _left_out(study: Study) -> set[tuple[str, str, int]]:
    """Networks and seeds whose primary outcome no interval rests on."""
    return {
        (model, variant.label, seed)
        for model in study.models
        for variant in study.plan.variants
        for seed, out in zip(study.plan.seeds, study.per_image.left_out(model, variant.label), strict=True)
        if np.any(out)
    }
