"""Several profiles in one report: what they have in common, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.render.claims import Claim
from bench.render.plan import Variant
from bench.render.prose import Sentence, Strong
from bench.render.rows import NAMES, row
from bench.render.study import BASELINE, Study
from bench.render.table import Cell, Column, Group, Row, Table, estimate

ACCURACY = "accuracy"
ALONE = "The profiles share no method on a network of the same name, so that nothing can stand side by side."


@dataclass(frozen=True)
class Comparison:
    """What stands before the parts of several profiles.

    Attributes:
        table: None where the profiles share nothing.
    """

    text: tuple[Sentence, ...]
    table: Table | None


def side_by_side(studies: Sequence[Study]) -> Comparison | None:
    """The methods that at least two profiles measured on a network of the same name; None for a single profile."""
    if len(studies) < 2:
        return None
    inside = _inside(studies)
    groups = tuple(group for group in (_group(studies, model, inside) for model in _models(studies)) if group.rows)
    if not groups:
        return Comparison(((ALONE,),), None)
    table = Table(
        "side-by-side",
        "The profiles side by side",
        _caption(studies, inside),
        (*NAMES, *(column for study in studies for column in _columns(study)), SAME),
        groups,
    )
    return Comparison((_sentence(studies, inside, groups),), table)


SAME = Column("same", "Verdicts", "text", "Whether all profiles that have one come to the same verdict.", "agree")


def _columns(study: Study) -> Iterator[Column]:
    name = study.plan.name
    yield Column(
        f"{name}-accuracy", name, "estimate", "Top-1 of the packed file less the original's.", "points", 2, signed=True
    )
    yield Column(f"{name}-smaller", name, "number", "Payload of the original by that of the packed file.", "smaller", 1)
    yield Column(f"{name}-inside", name, "verdict", "On the inside, against the fine-tuned control.", "inside")
    yield Column(f"{name}-seeds", name, "number", "Seeds behind the difference.", "n", shown=False)


def _caption(studies: Sequence[Study], inside: str) -> str:
    margins = "; ".join(f"{study.plan.name}: ±{study.plan.margins.cka:g}" for study in studies)
    seeds = "; ".join(f"{study.plan.name}: {study.seeds}" for study in studies)
    return (
        "Methods that at least two profiles measured on a network of the same name. Points: top-1 of the packed file "
        "less the original's, mean over seeds with its 95% interval (t). Smaller: payload of the original by that of "
        f"the packed file. Inside: verdict on debiased linear CKA ({inside} features, mean over blocks) to the "
        f"original, less the fine-tuned control's, after Holm within a model of a profile; margin {margins}. Seeds "
        f"(n): {seeds}. Data, budgets and margins differ between profiles: compare verdicts and signs, not sizes; no "
        f"test between profiles. Innards {studies[0].plan.version}."
    )


def _inside(studies: Sequence[Study]) -> str:
    """The features whose verdict is shown: the first that all profiles have, else each one's first."""
    shared = [name for name in studies[0].plan.features if all(name in study.plan.features for study in studies)]
    return (shared or list(studies[0].plan.features))[0]


def _models(studies: Sequence[Study]) -> list[str]:
    found = [model for study in studies for model in study.models]
    return [model for model in dict.fromkeys(found) if found.count(model) > 1]


def _group(studies: Sequence[Study], model: str, inside: str) -> Group:
    there = [study for study in studies if model in study.models]
    methods = [variant for study in there for variant in study.plan.methods]
    labels = [variant.label for variant in methods]
    shared = {variant.label: variant for variant in reversed(methods) if labels.count(variant.label) > 1}
    ordered = [shared[label] for label in dict.fromkeys(labels) if label in shared]
    return Group(model, tuple(_row(studies, model, variant, inside) for variant in ordered))


def _row(studies: Sequence[Study], model: str, variant: Variant, inside: str) -> Row:
    cells = [cell for study in studies for cell in _cells(study, model, variant.label, inside)]
    words = [word for study in studies if (word := _verdict(study, model, variant.label, inside))]
    same = ("yes" if len(set(words)) == 1 else "no") if len(words) > 1 else ""
    return row(model, variant, (*cells, Cell(same) if same else Cell(hole="–")))


def _cells(study: Study, model: str, label: str, inside: str) -> Iterator[Cell]:
    if model not in study.models or not any(variant.label == label for variant in study.plan.variants):
        yield from (Cell(hole="–"),) * 4
        return
    hole = study.hole(model, label) or "missing"
    accuracy = _claim(study, model, label, ACCURACY)
    yield estimate(accuracy.evidence.difference, stars=accuracy.stars) if accuracy else Cell(hole=hole)
    ours, theirs = (study.mean("payload_bytes", model, each).value for each in (label, BASELINE))
    yield Cell(theirs / ours) if ours > 0 and theirs == theirs else Cell(hole=hole)
    word = _verdict(study, model, label, inside)
    yield Cell(word) if word else Cell(hole=study.hole(model, label, "compare") or "none")
    yield Cell(accuracy.evidence.difference.n if accuracy else 0)


def _claim(study: Study, model: str, label: str, outcome: str) -> Claim | None:
    return study.claims.get((model, label, outcome))


def _verdict(study: Study, model: str, label: str, inside: str) -> str:
    claim = _claim(study, model, label, f"inside-{inside}")
    return claim.verdict.word if claim else ""


def _sentence(studies: Sequence[Study], inside: str, groups: Sequence[Group]) -> Sentence:
    pairs = [(str(row.cells[0].value), str(row.cells[1].value)) for group in groups for row in group.rows]
    words = [[_verdict(study, *pair, inside) for study in studies] for pair in pairs]
    judged = [[word for word in each if word] for each in words]
    both = [each for each in judged if len(each) > 1]
    same = sum(len(set(each)) == 1 for each in both)
    names = " and ".join(study.plan.name for study in studies) if len(studies) == 2 else f"{len(studies)} profiles"
    count = f"{len(pairs)} method{'s' * (len(pairs) != 1)}"
    if not both:
        return (f"{names} share ", Strong(count), ", of which none has a verdict on the inside in both.")
    return (
        f"{names} share ", Strong(count), f"; on the inside they come to the same verdict for {same} of the "
        f"{len(both)} that both could judge." if len(studies) == 2 else
        f"; on the inside those that judged come to the same verdict for {same} of {len(both)}.",
    )  # fmt: skip
