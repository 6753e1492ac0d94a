"""Several profiles in one report: what they have in common, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.analysis.claims import Claim, claim_on
from bench.analysis.outcomes import inside, primary
from bench.analysis.study import Study
from bench.render.kit.prose import Sentence, Strong, counted, listed
from bench.render.kit.rows import NAMES, row
from bench.render.kit.table import Column, Datum, Group, Row, Table, estimate
from bench.render.text import captions
from bench.roles import ORIGINAL
from bench.runner.plan_file import PlannedVariant
from bench.statistics.equivalence import DIFFERENT, DIFFERENT_BUT_SMALL

DIFFERING = (DIFFERENT, DIFFERENT_BUT_SMALL)
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
    groups = tuple(group for group in (_group(studies, model) for model in _models(studies)) if group.rows)
    if not groups:
        return Comparison(((ALONE,), _command(studies)), None)
    table = Table(
        "side-by-side",
        "The profiles side by side",
        _caption(studies),
        (*NAMES, *(column for study in studies for column in _columns(study)), SAME),
        groups,
    )
    return Comparison((_sentence(studies, groups), _command(studies)), table)


def _command(studies: Sequence[Study]) -> Sentence:
    names = " ".join(study.plan.name for study in studies)
    return ("To make this report again: ", Strong(f'make bench report PROFILE="{names}"'), ".")


SAME = Column(
    "same", "Insides", "text", "Whether all profiles that judge the inside come to the same verdict and sign.", "agree"
)


def _columns(study: Study) -> Iterator[Column]:
    name = study.plan.name
    yield Column(
        f"{name}-accuracy", name, "estimate", "Top-1 of the packed file less the original's.", "points", 2, signed=True
    )
    yield Column(f"{name}-smaller", name, "number", "Payload of the original by that of the packed file.", "smaller", 1)
    yield Column(
        f"{name}-cka", name, "estimate", f"Similarity ({_feature(study)} features), less the control's.", "CKA", 3,
        signed=True,
    )  # fmt: skip
    yield Column(f"{name}-inside", name, "verdict", "On that difference, after Holm.", "inside")
    yield Column(f"{name}-seeds", name, "number", "Seeds behind the difference of accuracy.", "n", shown=False)


def _caption(studies: Sequence[Study]) -> str:
    told = "; ".join(
        f"{study.plan.name}: {study.seeds} seeds, {_feature(study)} features, margin ±{study.plan.margins.cka:g}, "
        f"{captions.version(study).rstrip('.')}"
        for study in studies
    )
    stars = " ".join(dict.fromkeys(captions.stars(study) for study in studies))
    return captions.joined(
        "Methods that at least two profiles measured on a network of the same name. Points: top-1 of the packed file "
        "less the original's, mean over seeds with its 95% interval (t). Smaller: payload of the original by that of "
        "the packed file. CKA: debiased linear CKA to the original, mean over blocks, less the fine-tuned control's; "
        "inside: the verdict on it, after Holm within a model of a profile.",
        stars,
        f"{told}.",
        "Data, budgets and margins differ between profiles: compare verdicts and signs, not sizes; no test between "
        "profiles.",
    )


def _feature(study: Study) -> str:
    """How feature maps become vectors where the inside is judged in sentences."""
    return study.plan.features[0]


def _models(studies: Sequence[Study]) -> list[str]:
    found = [model for study in studies for model in study.models]
    return [model for model in dict.fromkeys(found) if found.count(model) > 1]


def _group(studies: Sequence[Study], model: str) -> Group:
    there = [study for study in studies if model in study.models]
    methods = [variant for study in there for variant in study.plan.methods]
    labels = [variant.label for variant in methods]
    shared = {variant.label: variant for variant in reversed(methods) if labels.count(variant.label) > 1}
    ordered = [shared[label] for label in dict.fromkeys(labels) if label in shared]
    return Group(model, tuple(_row(studies, model, variant) for variant in ordered))


def _row(studies: Sequence[Study], model: str, variant: PlannedVariant) -> Row:
    cells = [cell for study in studies for cell in _cells(study, model, variant.label)]
    same = _agree(studies, model, variant.label)
    return row(model, variant, (*cells, Datum(hole="–") if same is None else Datum("yes" if same else "no")))


def _cells(study: Study, model: str, label: str) -> Iterator[Datum]:
    if model not in study.models or not any(variant.label == label for variant in study.plan.variants):
        yield from (Datum(hole="–"),) * 5
        return
    hole = study.hole(model, label) or "missing"
    accuracy, insides = claim_on(study, model, label, primary(study)), _inside(study, model, label)
    yield estimate(accuracy.evidence.difference, stars=accuracy.stars) if accuracy else Datum(hole=hole)
    ours, theirs = (study.mean("payload_bytes", model, each).value for each in (label, ORIGINAL))
    yield Datum(theirs / ours) if ours > 0 and theirs == theirs else Datum(hole=hole)
    hole = study.hole(model, label, "compare") or "none"
    yield estimate(insides.evidence.difference, stars=insides.stars) if insides else Datum(hole=hole)
    yield Datum(insides.verdict.word) if insides else Datum(hole=hole)
    yield Datum(accuracy.evidence.difference.n if accuracy else 0)


def _inside(study: Study, model: str, label: str) -> Claim | None:
    return claim_on(study, model, label, inside(study))


def _agree(studies: Sequence[Study], model: str, label: str) -> bool | None:
    """Whether those that judge the inside say the same of it; None where fewer than two do."""
    judged = [claim for study in studies if (claim := _inside(study, model, label))]
    said = {
        (claim.verdict.word, claim.evidence.difference.value < 0 if claim.verdict.word in DIFFERING else None)
        for claim in judged
    }
    return len(said) == 1 if len(judged) > 1 else None


def _sentence(studies: Sequence[Study], groups: Sequence[Group]) -> Sentence:
    pairs = [(str(row.cells[0].value), str(row.cells[1].value)) for group in groups for row in group.rows]
    judged = [same for pair in pairs if (same := _agree(studies, *pair)) is not None]
    methods = counted(len({label for _, label in pairs}), "method")
    networks = counted(len(groups), "network")
    names = listed([study.plan.name for study in studies])
    if not judged:
        return (f"{names} share ", Strong(methods), f" on {networks}; the inside was judged by no two of them.")
    return (
        f"{names} share ",
        Strong(methods),
        f" on {networks}; on the inside they come to the same verdict, with the same sign, for {sum(judged)} of the "
        f"{counted(len(judged), 'pair')} of method and network that at least two could judge.",
    )
