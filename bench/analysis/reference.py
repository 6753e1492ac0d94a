"""What each compressed network is compared with: it follows from what its method called, and for how long.

Three kinds, by the training that a network went through after the trained original:

- *original*: none (rounding, one-shot pruning, recalibration, reconstruction without labels);
- *control*: fine-tuned, so that the original, fine-tuned for as many epochs x images, shows what training alone does;
- *retrained*: trained from initial weights (a small dense network, a lottery ticket). Its inside is that of a second
  training, so another seed is its reference; for accuracy a dense network trained for the same total is.

A chain is *retrained* if any of its stages is, and its length of training is the total of all stages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Any, Literal

import numpy as np

from bench.analysis.study import Study, measurement
from bench.compress.budget import Budget, alike
from bench.compress.variant import Stage, Variant
from bench.errors import InputError
from bench.roles import CONTROL, ORIGINAL, OTHER_SEED, REFERENCES, RETRAINED
from bench.runner.plan_file import PlannedModel, PlannedVariant

Kind = Literal["original", "control", "retrained"]


@dataclass(frozen=True)
class Reference:
    """What one network is compared with.

    Attributes:
        kind: see the module.
        label: of the variant that its accuracy is compared with; None if no network trained as long.
        inside_label: of the variant that its inside is compared with; None likewise.
        budget: images that it trained on after the original, over all stages (epochs x training images).
        epochs: the same in epochs.
        reason: why a label is None, one sentence; empty if none is.
    """

    kind: Kind
    label: str | None
    inside_label: str | None
    budget: float
    epochs: float
    reason: str = ""


def reference(study: Study, model: str, variant: str) -> Reference:
    """What a network is compared with; a control that does nothing but train is compared with the original."""
    return references(study)[model, variant]


@measurement
def references(study: Study) -> dict[tuple[str, str], Reference]:
    """By (model, variant), of every variant."""
    return {
        (model, variant.label): _reference(study, model, variant)
        for model in study.models
        for variant in study.plan.variants
    }


def trained_for(study: Study, model: str, variant: str) -> Budget:
    """Images that a network trained on, as its cells recorded it, mean over the finished seeds.

    Where nothing is recorded, in older runs or before a cell is done, the plan's account counts.
    """
    recorded = [study.per_seed(f"{name}_images", model, variant) for name in ("finetuned", "trained")]
    finetuned, trained = (by_seed[np.isfinite(by_seed)] for by_seed in recorded)
    if len(finetuned) and len(trained):
        return Budget(float(finetuned.mean()), float(trained.mean()))
    return _planned(study, model, study.plan.variant(variant))


def original_trained_for(study: Study, model: str) -> float:
    """Images that the original was trained on (epochs x training images); NaN if it was trained elsewhere."""
    history, planned = study.results.history, _network(study, model)
    known = not (planned.checkpoint or planned.weights)
    if known and len(history) and "kind" in history:
        of_model = (history["model"] == model) & (history["kind"] == "train")
        known = bool(of_model.any()) or study.results.hole("train", model, "") != ""
    return _recipe_epochs(planned.recipe) * images(study) if known else nan


def images(study: Study) -> float:
    """Number of training images; 1 if the plan does not say it, so that lengths are in epochs."""
    return float(study.plan.data.counts.get("train", 0)) or 1.0


def _reference(study: Study, model: str, variant: PlannedVariant) -> Reference:
    went = trained_for(study, model, variant.label)
    epochs = went.total / images(study)
    if variant.label in REFERENCES or _only_trains(variant):
        return Reference("original", ORIGINAL, ORIGINAL, went.total, epochs)
    if not went.total:
        return Reference("original", ORIGINAL, ORIGINAL, 0.0, 0.0)
    unequal = _unequal(study, model, variant.label)
    if not went.trained:
        label = None if unequal else _nearest(_finetuned(study, model), went.finetuned)
        reason = "" if label else unequal or f"No control was fine-tuned for {_length(epochs)}."
        return Reference("control", label, label, went.total, epochs, reason)
    dense = None if unequal else _nearest(_dense(study, model), went.total)
    reason = "" if dense else unequal or f"No dense network was trained for {_length(epochs)} in all."
    inside = OTHER_SEED if any(other.label == OTHER_SEED for other in study.plan.variants) else None
    return Reference("retrained", dense, inside, went.total, epochs, reason)


def _unequal(study: Study, model: str, variant: str) -> str:
    """A sentence where seeds trained for different lengths, so that no one control fits all; else empty."""
    total = sum(study.per_seed(f"{name}_images", model, variant) for name in ("finetuned", "trained"))
    finite = np.asarray(total)[np.isfinite(total)]
    if len(finite) and not alike(float(finite.min()), float(finite.max())):
        epochs = (length / images(study) for length in (float(finite.min()), float(finite.max())))
        few, many = (f"{length:.3g}" for length in epochs)
        return f"It trained for {few} epochs in one seed and for {many} in another."
    return ""


def _length(epochs: float) -> str:
    return f"its {epochs:.3g} epoch{'' if f'{epochs:.3g}' == '1' else 's'}"


def _finetuned(study: Study, model: str) -> dict[str, float]:
    """Images that each fine-tuned control trained on."""
    controls = [variant.label for variant in study.plan.variants if _only_trains(variant, CONTROL)]
    return {label: trained_for(study, model, label).finetuned for label in controls}


def _dense(study: Study, model: str) -> dict[str, float]:
    """Images that each dense network was trained on in all: the original, trained on, and trained anew."""
    before = original_trained_for(study, model)
    anew = [variant.label for variant in study.plan.variants if _only_trains(variant, RETRAINED)]
    return (
        {ORIGINAL: before}
        | {label: before + more for label, more in _finetuned(study, model).items()}
        | {label: trained_for(study, model, label).trained for label in anew}
    )


def _only_trains(variant: PlannedVariant, *names: str) -> bool:
    """Whether it trains and does nothing else; who listens to the original has another teacher."""
    if len(variant.stages) != 1 or variant.stages[0].method not in (names or (CONTROL, RETRAINED)):
        return False
    return not variant.stages[0].settings.get("distill")


def _nearest(lengths: Mapping[str, float], wanted: float) -> str | None:
    near = {label: abs(length - wanted) for label, length in lengths.items() if alike(length, wanted)}
    return min(near, key=near.__getitem__, default=None)


def _planned(study: Study, model: str, variant: PlannedVariant) -> Budget:
    """Images by the plan's account."""
    epochs, of_epoch = _declared(study, model, variant), images(study)
    return Budget(epochs.finetuned * of_epoch, epochs.trained * of_epoch)


def _declared(study: Study, model: str, variant: PlannedVariant) -> Budget:
    """Epochs; plans of older runs hold the settings alone, of methods that may be gone or have others by now."""
    if model in variant.budgets:
        declared = variant.budgets[model]
        return Budget(declared.finetuned, declared.trained)
    if not variant.finetunes:
        return Budget()
    network = _network(study, model)
    finetuning, training = _recipe_epochs(network.finetuning), _recipe_epochs(network.recipe)
    stages = (Stage(stage.method, tuple(stage.settings.items())) for stage in variant.stages)
    try:
        return Variant(tuple(stages)).budget(finetuning, training)
    except InputError:
        return Budget(finetuned=finetuning)


def _network(study: Study, model: str) -> PlannedModel:
    return next(network for network in study.plan.models if network.name == model)


def _recipe_epochs(recipe: Mapping[str, Any] | None) -> float:
    return float((recipe or {}).get("epochs", nan))
