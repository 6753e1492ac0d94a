"""How the networks were trained and fine-tuned."""

from __future__ import annotations

from bench.analysis.study import Study
from bench.render.kit.table import Column, Datum, Group, Row, Table
from bench.render.text import captions

COLUMNS = (
    Column("model", "Model", "text", "Name of the network."),
    Column("phase", "Phase", "text", "Training, or fine-tuning after compression."),
    Column("recipe", "Recipe", "text", "Every hyper-parameter."),
)


def build(study: Study) -> Table:
    """The table: two rows a model."""
    rows = [
        Row((Datum(model.name), Datum(phase), Datum(_sentence(recipe))), about=(("model", model.name),))
        for model in study.plan.models
        for phase, recipe in (("training", model.recipe), ("fine-tuning", model.finetuning))
    ]
    return Table(
        "recipes",
        "Training recipes",
        captions.joined(
            "SGD with Nesterov momentum, one-cycle learning rate. Every fine-tuned variant and the fine-tuned "
            "control have the same budget.",
            captions.version(study),
        ),
        COLUMNS,
        (Group("", tuple(rows)),),
    )


def _sentence(recipe: dict[str, object] | None) -> str:
    if recipe is None:
        return "a checkpoint that was given"
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in recipe.items())
