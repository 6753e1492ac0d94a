"""What each compressed network is compared with: it follows from what its method called, and for how long.

Three kinds, by the training that a network went through after the trained original:

- *original*: none (rounding, one-shot pruning, recalibration, reconstruction without labels);
- *control*: fine-tuned, so that the original, fine-tuned for as many epochs x images, shows what training alone does;
- *retrained*: trained from initial weights (a small dense network, a lottery ticket). Its inside is that of a second
  training, so another seed is its reference; for accuracy a dense network trained for the same total is.

A chain is of the kind of its most trained stage, and its budget is the total of all stages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bench.analysis.study import Study, judgement
from bench.roles import CONTROL, ORIGINAL, OTHER_SEED, REFERENCES
from bench.runner.plan_file import PlannedStage, PlannedVariant

Kind = Literal["original", "control", "retrained"]
ROUNDING = 0.025  # of a budget: every training is rounded to whole steps, and an epoch to whole batches
FROM_INITIAL = ("small-dense", "lottery-ticket")  # in plans that do not say it


@dataclass(frozen=True)
class Reference:
    """What one network is compared with.

    Attributes:
        kind: see the module.
        label: of the variant that its accuracy is compared with; None if no network has its budget.
        inside_label: of the variant that its inside is compared with; None likewise.
        budget: training images that it went through after the original, over all stages (epochs x images).
        epochs: the same in epochs; NaN if the number of training images is unknown.
        reason: why a label is None, one sentence; empty if none is.
    """

    kind: Kind
    label: str | None
    inside_label: str | None
    budget: float
    epochs: float
    reason: str = ""


@dataclass(frozen=True)
class Training:
    """Training images that a network went through after the original: fine-tuned, and from initial weights."""

    finetuned: float
    trained: float

    @property
    def total(self) -> float:
        """Both together."""
        return self.finetuned + self.trained

    @property
    def kind(self) -> Kind:
        """Of the reference."""
        return "retrained" if self.trained else "control" if self.finetuned else "original"


def reference(study: Study, model: str, variant: str) -> Reference:
    """What a network is compared with; a control of every profile is compared with the original."""
    return references(study)[model, variant]


@judgement
def references(study: Study) -> dict[tuple[str, str], Reference]:
    """By (model, variant), of every variant."""
    return {
        (model, variant.label): _reference(study, model, variant)
        for model in study.models
        for variant in study.plan.variants
    }


def training(study: Study, model: str, variant: str) -> Training:
    """What a network went through, as its cells recorded it; what older runs do not say is taken from the plan.

    Mean over the finished seeds.
    """
    recorded = [study.per_seed(f"{name}_images", model, variant) for name in ("finetuned", "trained")]
    finetuned, trained = (by_seed[np.isfinite(by_seed)] for by_seed in recorded)
    if len(finetuned) and len(trained):
        return Training(float(finetuned.mean()), float(trained.mean()))
    return _planned(study, model, study.plan.variant(variant))


def original_training(study: Study, model: str) -> float:
    """Images that the original was trained on (epochs x images); NaN if it is a checkpoint."""
    history = study.results.history
    if len(history) and not ((history["model"] == model) & (history["kind"] == "train")).any():
        return float("nan")
    return _epochs(study, model, "recipe") * _images(study)


def _reference(study: Study, model: str, variant: PlannedVariant) -> Reference:
    if variant.label in REFERENCES:
        return Reference("original", ORIGINAL, ORIGINAL, 0.0, 0.0)
    went = training(study, model, variant.label)
    epochs = went.total / images if (images := _images(study)) else float("nan")
    if went.kind == "original":
        return Reference("original", ORIGINAL, ORIGINAL, 0.0, 0.0)
    if went.kind == "control":
        label = _control(study, model, went.total)
        reason = "" if label else f"no control was fine-tuned for its {epochs:.3g} epochs"
        return Reference("control", label, label, went.total, epochs, reason)
    dense = _dense(study, model, went.total)
    reason = "" if dense else f"no dense network was trained for its {epochs:.3g} epochs"
    inside = OTHER_SEED if _is_planned(study, OTHER_SEED) else None
    return Reference("retrained", dense, inside, went.total, epochs, reason)


def _control(study: Study, model: str, budget: float) -> str | None:
    """The fine-tuned control of a budget."""
    budgets = {label: training(study, model, label).total for label in _controls(study)}
    return _nearest(budgets, budget)


def _dense(study: Study, model: str, budget: float) -> str | None:
    """A dense network that was trained for a total: the original, or the original trained on."""
    before = original_training(study, model)
    on = {label: before + training(study, model, label).total for label in _controls(study)}
    return _nearest({ORIGINAL: before, **on}, budget)


def _controls(study: Study) -> list[str]:
    """The variants that fine-tune and do nothing else, whatever their settings but distillation."""
    return [
        variant.label
        for variant in study.plan.variants
        if [stage.method for stage in variant.stages] == [CONTROL] and not variant.stages[0].settings.get("distill")
    ]


def _nearest(budgets: dict[str, float], wanted: float) -> str | None:
    label = min(budgets, key=lambda label: abs(budgets[label] - wanted), default=None)
    return label if label and abs(budgets[label] - wanted) <= ROUNDING * wanted else None


def _planned(study: Study, model: str, variant: PlannedVariant) -> Training:
    """By the plan alone: every stage that trains does so by its recipe, once."""
    if not variant.finetunes:
        return Training(0.0, 0.0)
    images = _images(study) or 1.0
    if any(stage.method in FROM_INITIAL for stage in variant.stages):
        return Training(0.0, images * _epochs(study, model, "recipe"))
    return Training(images * (_chosen(variant.stages) or _epochs(study, model, "finetuning")), 0.0)


def _chosen(stages: tuple[PlannedStage, ...]) -> float:
    given: list[Any] = [stage.settings.get("epochs") for stage in stages]
    return float(sum(epochs for epochs in given if isinstance(epochs, int | float)))


def _epochs(study: Study, model: str, name: Literal["recipe", "finetuning"]) -> float:
    planned = next(network for network in study.plan.models if network.name == model)
    recipe = planned.recipe if name == "recipe" else planned.finetuning
    return float((recipe or {}).get("epochs", np.nan))


def _images(study: Study) -> float:
    return float(study.plan.data.counts.get("train", 0))


def _is_planned(study: Study, label: str) -> bool:
    return any(variant.label == label for variant in study.plan.variants)
