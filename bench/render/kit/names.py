"""Names of variants where there is little room: of a whole sweep, and of one of its points."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from bench.runner.plan_file import PlanFile, PlannedVariant

LONGEST_NAME = 30  # characters of a line
_SETTING = re.compile(r"([a-z][a-z ]*) ([\w.+-]+)")


def methods(variant: PlannedVariant) -> tuple[str, ...]:
    """The methods that make it, without their settings: the same for all points of a sweep."""
    return tuple(stage.method for stage in variant.stages)


def in_parts(variant: PlannedVariant) -> tuple[str, str]:
    """The name of a variant of one method, and its settings in words.

    >>> in_parts(PlannedVariant(label="han:sparsity=0.9", title="In rounds (Han) (sparsity 0.9)", family="pruning"))
    ('In rounds (Han)', 'sparsity 0.9')
    >>> in_parts(PlannedVariant(label="nncf-int8-ptq", title="INT8 (NNCF PTQ)", family="quantization"))
    ('INT8 (NNCF PTQ)', '')
    """
    if ":" not in variant.label:
        return variant.title, ""
    name, _, settings = variant.title.rpartition(" (")
    return name, settings.removesuffix(")")


def sweep_names(variants: Sequence[PlannedVariant]) -> tuple[str, list[str], list[str]]:
    """A sweep's common name, the settings that are swept, and each member's values of them.

    Of "Magnitude (sparsity 0.5)" and "Magnitude (sparsity 0.9)": "Magnitude", ["sparsity"], ["0.5", "0.9"].
    """
    settings = [
        {(i, name): value for i, stage in enumerate(variant.stages) for name, value in stage.settings.items()}
        for variant in variants
    ]
    swept = [key for key in settings[0] if len({str(each.get(key)) for each in settings}) > 1]
    names = [name.replace("_", " ") for _, name in swept]
    title = variants[0].title
    for name in names:
        title = re.sub(rf" \([^()]*\b{re.escape(name)}\b[^()]*\)", "", title)
    return title, names, ["/".join(str(each.get(key)) for key in swept) for each in settings]


def compact(plan: PlanFile) -> dict[str, str]:
    """By label: a variant's name in one line, its settings by their values alone; whole where two would be the same."""
    names = {variant.label: values_alone(variant.title) for variant in plan.variants}
    found = list(names.values())
    return {v.label: v.title if found.count(names[v.label]) > 1 else names[v.label] for v in plan.variants}


def values_alone(title: str) -> str:
    """A title with the values of its settings.

    >>> values_alone("Li (ratio 0.5) + NNCF QAT (weight bits 4)"), values_alone("PCA (rank 0.4, hessian False)")
    ('Li 0.5 + NNCF QAT 4', 'PCA 0.4, not hessian')
    >>> values_alone("INT8 (NNCF PTQ)")
    'INT8 (NNCF PTQ)'
    """

    def short(found: re.Match[str]) -> str:
        told = [_SETTING.fullmatch(setting) for setting in found[1].split(", ")]
        if not all(told):
            return found[0]
        said = {"True": "{}", "False": "not {}"}
        return " " + ", ".join(said.get(each[2], each[2]).format(each[1]) for each in told if each)

    return re.sub(r" \(([^()]*)\)", short, title)


def cut(name: str, most: int) -> str:
    """A name of at most so many characters: cut in its middle, since the last words often tell it apart.

    >>> cut("Magnitude, fine-tuned 0.95", 22), cut("mobilenet_v3_large", 12)
    ('Magnitude, fine-… 0.95', 'mobile…large')
    """
    if len(name) <= most:
        return name
    tail = name[len(name) - min((most - 1) // 2, most - 2) :]
    if " " in tail.rstrip():  # whole words of it
        tail = tail[tail.index(" ") :].rstrip()
    return f"{name[: most - 1 - len(tail)].rstrip()}…{tail}"


def shortened(text: str) -> str:
    r"""A name in one line or two, cut where that is not enough.

    >>> shortened("Magnitude, fine-tuned (sparsity 0.9) + INT8 (NNCF PTQ)")
    'Magnitude, fine-tuned (sparsity\n0.9) + INT8 (NNCF PTQ)'
    """
    if len(text) <= LONGEST_NAME:
        return text
    width = min(len(text) // 2 + 6, 2 * LONGEST_NAME)
    return "\n".join(textwrap.wrap(text, width, max_lines=2, placeholder="…"))
