"""How the networks were trained and fine-tuned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench.analysis.study import Study
from bench.render.kit.table import Column, Table, tabulate


@dataclass(frozen=True)
class Phase:
    """One model's training, or its fine-tuning; `recipe` is None for a checkpoint that came from elsewhere."""

    model: str
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
    Column("model", "Model", "text", "Name of the network.", lambda phase: phase.model),
    Column("phase", "Phase", "text", "Training, or fine-tuning after compression.", lambda phase: phase.title),
    Column("recipe", "Recipe", "text", "Every hyper-parameter.", lambda phase: phase.words),
)


def build(study: Study) -> Table | None:
    """The table: two rows per model."""
    phases = [
        Phase(model.name, title, recipe, "from published weights, " if model.weights and title == "training" else "")
        for model in study.plan.models
        for title, recipe in (("training", model.recipe), ("fine-tuning", model.finetuning))
    ]
    text = (
        "SGD with Nesterov momentum, one-cycle learning rate. Every fine-tuned variant and the fine-tuned control have "
        "the same budget."
    )
    return tabulate("recipes", "Training recipes", text, COLUMNS, {"": phases})
