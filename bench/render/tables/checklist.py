"""A draft of the NeurIPS paper checklist: answered where the store proves the answer, left open where it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.analysis.claims import claims
from bench.analysis.provenance import distinct
from bench.analysis.study import Study
from bench.render.kit.prose import counted
from bench.render.kit.table import Column, Datum, Group, Row, Table
from bench.render.text import captions
from bench.render.text.banner import warnings

OPEN = "[the authors answer]"

COLUMNS = (
    Column("question", "Question", "text", "Heading of the checklist's question."),
    Column("answer", "Answer", "text", "Yes where this run proves it; else left to the authors."),
    Column("why", "Justification", "text", "What proves it, or what is missing."),
)


@dataclass(frozen=True)
class Answer:
    """What the run says to a question: `proven`, or what stands in the way."""

    proven: bool
    why: str


def build(study: Study) -> Table:
    """The table: every question of the checklist in its order."""
    rows = [_row(question, answer(study) if answer else None) for question, answer in QUESTIONS]
    return Table(
        "checklist",
        "Draft of the NeurIPS checklist",
        captions.joined(
            "A draft for the part of a paper that rests on this run. “Yes” stands only where the recorded cells prove "
            "it; everything else is for the authors to answer.",
            captions.version(study),
        ),
        COLUMNS,
        (Group("", tuple(rows)),),
    )


def _row(question: str, answer: Answer | None) -> Row:
    if answer is None:
        return Row((Datum(question), Datum(OPEN), Datum("Not a matter of what was run.")))
    return Row((Datum(question), Datum("Yes" if answer.proven else OPEN), Datum(answer.why)))


def _limitations(study: Study) -> Answer:
    found = warnings(study)
    told = " ".join(found) or "The run gives no warning of its own."
    return Answer(False, f"To be discussed with the others: {told}")


def _reproducible(study: Study) -> Answer:
    found = list(_doubts(study))
    if found:
        return Answer(False, f"Not proven: {'; '.join(found)}.")
    return Answer(
        True,
        f"Every cell ran from commit {distinct(study, 'commit')[:12]} without uncommitted changes, with the profile, "
        "settings, seeds, data fingerprint and versions recorded; Table “Provenance” has the commands.",
    )


def _doubts(study: Study) -> Iterator[str]:
    found = study.results.provenance
    lost = len(study.results.cells) - study.results.count("done")
    if lost:
        yield f"{counted(lost, 'cell')} without a result"
    if "commit" not in found or found["commit"].isna().any() or found["commit"].nunique() != 1:
        yield "not all cells come from one recorded commit"
    if "dirty" not in found or not (found["dirty"] == False).all():  # noqa: E712 - None is neither
        yield "changes were not committed, or it is not known"
    if not study.plan.data.fingerprint:
        yield "the data have no fingerprint"


def _details(study: Study) -> Answer:
    whole = all(model.recipe is not None for model in study.plan.models)
    if not whole:
        return Answer(False, "Some networks came trained: their recipes are not recorded.")
    return Answer(True, "Splits, recipes and every method's settings are in the tables of this report.")


def _significance(study: Study) -> Answer:
    if study.seeds < 2:
        return Answer(False, "One seed has no interval.")
    lost = [claim for claim in claims(study).values() if claim.evidence.seeds < study.seeds]
    if lost or not claims(study):
        return Answer(False, f"Not proven: {counted(len(lost), 'comparison')} of {len(claims(study))} lack seeds.")
    if all(claim.withheld for claim in claims(study).values()):
        return Answer(False, f"With {counted(study.seeds, 'seed')} no exact test can reach {study.plan.alpha:g}.")
    return Answer(
        True,
        f"Every comparison has an interval (95%) over n = {study.seeds} seeds, a test and its correction: Table "
        "“Verdicts”; Section “Statistics” says what was computed and how.",
    )


def _compute(study: Study) -> Answer:
    found = study.results.provenance
    if found.empty or "wall_seconds" not in found or found["wall_seconds"].isna().any():
        return Answer(False, "Some cells have no recorded time.")
    hours, cpu = (float(found[field].sum()) / 3600 for field in ("wall_seconds", "cpu_seconds"))
    return Answer(
        True,
        f"{len(found)} cells: {hours:.2f} hours of wall time one after the other, {cpu:.2f} of CPU, on "
        f"{distinct(study, 'device')}. Whether runs that are not reported took more is for the authors to say.",
    )


QUESTIONS: tuple[tuple[str, Callable[[Study], Answer] | None], ...] = (
    ("Claims", None),
    ("Limitations", _limitations),
    ("Theory assumptions and proofs", None),
    ("Experimental result reproducibility", _reproducible),
    ("Open access to data and code", None),
    ("Experimental setting/details", _details),
    ("Experiment statistical significance", _significance),
    ("Experiments compute resources", _compute),
    ("Code of ethics", None),
    ("Broader impacts", None),
    ("Safeguards", None),
    ("Licenses for existing assets", None),
    ("New assets", None),
    ("Crowdsourcing and research with human subjects", None),
    ("Institutional review board (IRB) approvals", None),
    ("Declaration of LLM usage", None),
)
