"""Short names of variants, for figures: of a whole sweep, of one of its points, and in few letters."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

from bench.compress.variant import plain, titled
from bench.runner.plan_file import PlanFile, PlannedStage, PlannedVariant

LONGEST_NAME = 30  # characters of a line
_SHORT = {
    "Debiased linear CKA": "CKA",
    "Angular shape distance": "Angular",
    "PWCCA (weighted by the first)": "PWCCA",
    "Cross-probe loss": "Cross-probe",
}  # of measures, as heads of columns and panels


def methods(variant: PlannedVariant) -> tuple[str, ...]:
    """The names of a variant's methods, which all points of a sweep share."""
    return tuple(stage.method for stage in variant.stages)


def sweep_names(variants: Sequence[PlannedVariant]) -> tuple[str, list[str], list[str]]:
    """A sweep's common name, the settings that it varies, and their values for each variant.

    For "Magnitude (sparsity 0.5)" and "Magnitude (sparsity 0.9)": "Magnitude", ["sparsity"], ["0.5", "0.9"].
    """
    settings = [
        {(position, name): value for position, stage in enumerate(v.stages) for name, value in stage.settings.items()}
        for v in variants
    ]
    swept = [key for key in settings[0] if len({str(chosen.get(key)) for chosen in settings}) > 1]
    varied = {position for position, _ in swept}
    stages = enumerate(variants[0].stages)
    titles = [stage.title if position in varied else titled(stage.title, stage.chosen) for position, stage in stages]
    names = [name.replace("_", " ") for _, name in swept]
    values = [[chosen.get(key) for key in swept] for chosen in settings]
    return " + ".join(titles), names, ["/".join(map(_setting, chosen)) for chosen in values]


def _setting(value: Any) -> str:
    """A swept setting's value; None stands for what the profile says of all methods."""
    if value is None:
        return "default"
    return f"{value:g}" if isinstance(value, float) else plain(value)


def compact(plan: PlanFile) -> dict[str, str]:
    """One-line names by label, with the values of settings alone; the full title if two would be the same."""
    names = {variant.label: values_alone(variant) for variant in plan.variants}
    shared = list(names.values())
    return {v.label: v.title if shared.count(names[v.label]) > 1 else names[v.label] for v in plan.variants}


def values_alone(variant: PlannedVariant) -> str:
    """A variant's title with the values of its settings, but not the settings' names.

    >>> li = PlannedStage(method="li", title="Li", chosen={"ratio": 0.5})
    >>> qat = PlannedStage(method="nncf-int8-qat", title="NNCF QAT", chosen={"weight_bits": 4, "per_channel": False})
    >>> values_alone(PlannedVariant(label="", title="", family="", stages=(li, qat)))
    'Li 0.5 + NNCF QAT 4, not per channel'
    """
    return " + ".join(map(_values_alone, variant.stages)) or variant.title


def _values_alone(stage: PlannedStage) -> str:
    values = ", ".join(_value(name.replace("_", " "), value) for name, value in stage.chosen.items())
    return f"{stage.title} {values}" if values else stage.title


def _value(name: str, value: Any) -> str:
    """A setting's value; a switch is named, since its value alone says nothing."""
    return {"True": name, "False": f"not {name}"}.get(plain(value), plain(value))


def short(title: str) -> str:
    """A measure's title in few letters."""
    return _SHORT.get(title, title)


def key_of(name: str) -> str:
    """A measure's name as a part of a column's.

    >>> key_of("knn-jaccard"), key_of("mine.measures:Mine")
    ('knn_jaccard', 'mine_measures_Mine')
    """
    return re.sub(r"\W+", "_", name)


def cut(name: str, most: int) -> str:
    """Shorten a name to at most so many characters.

    >>> cut("Magnitude, fine-tuned 0.95", 22), cut("mobilenet_v3_large", 12)
    ('Magnitude, fine-… 0.95', 'mobile…large')
    """
    # The middle goes, not the end: names of a sweep or of a family of networks differ in their last words. The tail
    # gets about half of the letters, and begins at a word if it holds a space.
    if len(name) <= most:
        return name
    tail = name[len(name) - min((most - 1) // 2, most - 2) :]
    if " " in tail.rstrip():
        tail = tail[tail.index(" ") :].rstrip()
    return f"{name[: most - 1 - len(tail)].rstrip()}…{tail}"


def shortened(text: str) -> str:
    r"""A name in at most two lines, cut if it is longer.

    >>> shortened("Magnitude, fine-tuned (sparsity 0.9) + INT8 (NNCF PTQ)")
    'Magnitude, fine-tuned (sparsity\n0.9) + INT8 (NNCF PTQ)'
    """
    if len(text) <= LONGEST_NAME:
        return text
    return in_two_lines(text, min(len(text) // 2 + 6, 2 * LONGEST_NAME))


def in_two_lines(text: str, width: int) -> str:
    """Break a text between words into lines of at most `width` characters; what the second line cannot hold is cut."""
    return "\n".join(textwrap.wrap(text, width, max_lines=2, placeholder="…"))


def anchors(names: Iterable[str]) -> dict[str, str]:
    """Parts of ids and file names for names of any letters: no two alike.

    >>> anchors(["resnet8", "mine.nets:Net", "mine nets Net"])
    {'resnet8': 'resnet8', 'mine.nets:Net': 'mine-nets-net', 'mine nets Net': 'mine-nets-net-2'}
    """
    taken: dict[str, str] = {}
    for name in names:
        plain_name = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "network"
        numbered = (plain_name if number == 1 else f"{plain_name}-{number}" for number in count(1))
        taken[name] = next(anchor for anchor in numbered if anchor not in taken.values())
    return taken
