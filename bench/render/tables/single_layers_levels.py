"""Every layer alone at every level, seed by seed, for the data files; and all of them together."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from bench.analysis.single_layers import loss_unit
from bench.analysis.study import Study
from bench.render.kit.dataset import Dataset, Field, dataset


def build(study: Study) -> list[Dataset]:
    """One row per network, seed, target and level, and one per level of all together; none if nothing was measured."""
    primary, unit = study.primary, loss_unit(study)
    about = {
        "model": Field("Name of the network.", identifies=True),
        "seed": Field("Of the training.", "number", identifies=True),
        "kind": Field("What is changed: elements, channels, bits or stream-bits.", identifies=True),
    }
    target = {
        "target": Field("The first layer that is changed.", identifies=True),
        "depth": Field("Position among those of its kind, from the input.", "number"),
        "layers": Field("How many weights are changed together.", "number"),
        "parameters": Field("Numbers that the tensor or the group of channels holds.", "number"),
    }
    retaken = {"retaken": Field("Whether statistics of batch normalisation were taken again.", identifies=True)}
    scores = {
        "saved": Field("Payload that the packed network has less than the original.", "number", unit="B"),
        "loss": Field("On validation images, mean.", "number", unit=unit),
        "rise": Field("Of the loss, above the first level's.", "number", unit=unit),
        "accuracy": Field(f"{primary.name} on validation images.", "number", unit=primary.level_unit),
        "agreement": Field("Images that are answered as by the original.", "number", unit="%"),
        "similarity": Field("Debiased CKA of the last block's pooled output to the original's.", "number"),
    }
    level = Field("Share that is pruned, or bits of a weight; 0 and 32 are the original.", "number", identifies=True)
    of_all = Field("Share that is pruned or bits, of all; or tolerated: what each tolerates alone.", identifies=True)
    total = {
        "targets": Field("How many are changed.", "number"),
        "sum": Field("Of the rises that the changes cause alone.", "number", unit=unit),
    }
    return [
        *_dataset(
            study,
            "single-layers-levels",
            "Layers alone, level by level",
            study.results.singles,
            about | target | {"level": level} | retaken | scores,
        ),
        *_dataset(
            study,
            "single-layers-together-levels",
            "All layers at once, level by level",
            study.results.joints.assign(level=study.results.joints["level"].map(_plain)),
            about | {"level": of_all} | retaken | total | scores,
        ),
    ]


def _dataset(study: Study, id_: str, title: str, frame: pd.DataFrame, fields: dict[str, Field]) -> Iterable[Dataset]:
    scales = {"accuracy": study.primary.scale, "agreement": 100.0}
    rows = frame[list(fields)].assign(**{name: frame[name].astype(float) * scale for name, scale in scales.items()})
    made = dataset(id_, title, "One row per network, seed and level.", rows, fields)
    return [made] if made else []


def _plain(level: float | str) -> str:
    return level if isinstance(level, str) else f"{level:g}"
