"""Which layers of an original mind compression: sensitivity curves over seeds, and what each layer tolerates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from bench.analysis.study import Study, measurement
from bench.diagnose.sensitivity.levels import KINDS, rounds
from bench.diagnose.sensitivity.records import Joint, Single, tolerated
from bench.statistics.estimate import Estimate
from bench.statistics.intervals import seed_mean

KIND_TITLES = {
    "elements": "single weights",
    "channels": "channels",
    "bits": "bits",
    "stream-bits": "bits of whole streams",
}


@dataclass(frozen=True)
class SingleLayer:
    """One target of one network, over seeds.

    Attributes:
        model, kind, target, depth, layers, parameters: see `Single`.
        retaken: whether there are curves with statistics taken again.
        curves: by seed of the plan, then by whether statistics were taken again: the points from mild to harsh.
        rise: of the loss that is tolerated.
    """

    model: str
    kind: str
    target: str
    depth: int
    layers: int
    parameters: int
    retaken: bool
    curves: tuple[dict[bool, tuple[Single, ...]], ...]
    rise: float

    @property
    def levels(self) -> list[float]:
        """From mild to harsh."""
        curve = next((points for seed in self.curves for points in seed.values()), ())
        return [point.level for point in curve]

    def rises(self, *, retaken: bool) -> np.ndarray:
        """(S, levels) rises of the loss; NaN if not measured."""
        rows = [[point.rise for point in seed.get(retaken, ())] or [None] * len(self.levels) for seed in self.curves]
        return np.array(rows, dtype=np.float64)

    def level(self, *, retaken: bool) -> Estimate:
        """The harshest level that is tolerated, mean over seeds."""
        return self._tolerated("level", retaken=retaken)

    def saved(self, *, retaken: bool) -> Estimate:
        """Bytes of payload that the tolerated level saves, mean over seeds."""
        return self._tolerated("saved", retaken=retaken)

    def _tolerated(self, name: str, *, retaken: bool) -> Estimate:
        curves = (seed.get(retaken) for seed in self.curves)
        return seed_mean([getattr(tolerated(points, self.rise), name) if points else np.nan for points in curves])


@dataclass(frozen=True)
class Together:
    """All targets of a kind at one level, over seeds.

    Attributes:
        level: share or bits of all, or "tolerated": each at what it tolerates.
        joints: by seed of the plan, then by whether statistics were taken again.
    """

    model: str
    kind: str
    level: float | str
    joints: tuple[dict[bool, Joint], ...]

    def mean(self, name: str, *, retaken: bool) -> Estimate | None:
        """A field's mean over seeds; None if nothing was measured so."""
        values = [getattr(seed[retaken], name) if retaken in seed else None for seed in self.joints]
        if not any(retaken in seed for seed in self.joints):
            return None
        return seed_mean([np.nan if value is None else value for value in values])


def level_words(kind: str, level: float) -> str:
    """A level, or a mean of several, as people read it.

    >>> level_words("elements", 0.95), level_words("bits", 4.0), level_words("bits", 3.5)
    ('95%', '4 bits', '3.5 bits')
    """
    return f"{level:.1f}".removesuffix(".0") + " bits" if rounds(kind) else f"{100 * level:.3g}%"


def loss_unit(study: Study) -> str:
    """What losses are in; empty where the task does not say."""
    return "nats" if study.plan.task.classifies else ""


@measurement
def layers(study: Study) -> tuple[SingleLayer, ...]:
    """Every target of every network, by kind and in order of depth."""
    if study.plan.sensitivity is None:
        return ()
    by_target: dict[tuple[str, str, str], list[Mapping[Any, Any]]] = {}
    for row in study.results.singles.to_dict("records"):
        by_target.setdefault((row["model"], row["kind"], row["target"]), []).append(row)
    return tuple(_in_order(study, [_layer(study, rows) for rows in by_target.values()]))


@measurement
def together(study: Study) -> tuple[Together, ...]:
    """All targets of a kind at once, by level from mild to harsh."""
    by_level: dict[tuple[str, str, Any], list[Mapping[Any, Any]]] = {}
    for row in study.results.joints.to_dict("records"):
        by_level.setdefault((row["model"], row["kind"], row["level"]), []).append(row)
    return tuple(
        Together(model, kind, level, tuple(_of_seed(rows, seed) for seed in study.plan.seeds))
        for (model, kind, level), rows in sorted(by_level.items(), key=lambda item: study.models.index(item[0][0]))
    )


def _of_seed(rows: Sequence[Mapping[Any, Any]], seed: int) -> dict[bool, Joint]:
    return {row["retaken"]: _record(Joint, row) for row in rows if row["seed"] == seed}


def _layer(study: Study, rows: Sequence[Mapping[Any, Any]]) -> SingleLayer:
    curves = []
    for seed in study.plan.seeds:
        points = [_record(Single, row) for row in rows if row["seed"] == seed]
        treatments = dict.fromkeys(point.retaken for point in points)
        curves.append({retaken: tuple(p for p in points if p.retaken == retaken) for retaken in treatments})
    about = {name: rows[0][name] for name in ("model", "kind", "target", "depth", "layers", "parameters")}
    assert study.plan.sensitivity is not None
    return SingleLayer(
        **about, retaken=any(True in seed for seed in curves), curves=tuple(curves), rise=study.plan.sensitivity.rise
    )


def _record(kind: Any, row: Mapping[Any, Any]) -> Any:
    # A data frame has NaN where the file has null.
    values = {field.name: row[field.name] for field in fields(kind)}
    return kind(**{name: None if isinstance(x, float) and not np.isfinite(x) else x for name, x in values.items()})


def _in_order(study: Study, found: list[SingleLayer]) -> Iterator[SingleLayer]:
    for model in study.models:
        for kind in KINDS:
            yield from sorted((x for x in found if (x.model, x.kind) == (model, kind)), key=lambda layer: layer.depth)
