"""How the networks were trained and fine-tuned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.render.kit.table import Column, Datum, Table, tabulate

USUAL = {"optimizer": "sgd", "nesterov": True, "schedule": "one-cycle"}


@dataclass(frozen=True)
class Phase:
    """One model's training, or its fine-tuning.

    Attributes:
        network: the model's title.
        recipe: None for a checkpoint that came from elsewhere.
    """

    model: str
    network: str
    title: str
    recipe: dict[str, Any] | None
    begun: str = ""  # what came before, to start the words with

    @property
    def about(self) -> tuple[tuple[str, str], ...]:
        """Names the model for scripts."""
        return (("model", self.model),)

    @property
    def words(self) -> str:
        """Every hyper-parameter."""
        if self.recipe is None:
            return "a checkpoint that was given"
        return self.begun + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in self.recipe.items())


COLUMNS: tuple[Column[Phase], ...] = (
    Column(
        "model",
        "Network",
        "text",
        "Name of the network.",
        lambda phase: Datum(phase.model, instead=phase.network),
        identifies=True,
    ),
    Column(
        "phase",
        "Phase",
        "text",
        "Training, or fine-tuning after compression.",
        lambda phase: phase.title,
        identifies=True,
    ),
    Column("recipe", "Recipe", "text", "Every hyper-parameter.", lambda phase: phase.words),
)


def build(study: Study) -> Table | None:
    """The table: two rows per model."""
    phases = [
        Phase(
            model.name,
            title_of(study, model.name),
            title,
            recipe,
            "from published weights, " if model.weights and title == "training" else "",
        )
        for model in study.plan.models
        for title, recipe in (("training", model.recipe), ("fine-tuning", model.finetuning))
    ]
    text = f"{_alike(phases)}A method that is fine-tuned gets a word beside a control with the same budget alone."
    return tabulate("recipes", "Training recipes", text, COLUMNS, {"": phases})


def _alike(phases: Sequence[Phase]) -> str:
    """How all are trained, if all are trained by the usual optimiser and schedule; else each recipe says it."""
    recipes = [phase.recipe for phase in phases if phase.recipe is not None]
    usual = all(recipe.get(name, value) == value for recipe in recipes for name, value in USUAL.items())
    return "SGD with Nesterov momentum and a one-cycle learning rate. " if usual else ""
