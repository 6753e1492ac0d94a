"""A draft of the NeurIPS paper checklist: answered where the store proves the answer, left open where it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.analysis.claims import claims
from bench.analysis.preset import changes, fixed
from bench.analysis.study import Study
from bench.render.kit.prose import counted
from bench.render.kit.table import Column, Table, tabulate
from bench.render.text.banner import warnings

OPEN = "[the authors answer]"


@dataclass(frozen=True)
class Answer:
    """What the run says to a question: `proven`, or what stands in the way."""

    proven: bool
    why: str


@dataclass(frozen=True)
class Question:
    """A question of the checklist by its heading, with the run's answer."""

    heading: str
    answer: Answer


COLUMNS: tuple[Column[Question], ...] = (
    Column("question", "Question", "text", "Heading of the checklist's question.", lambda question: question.heading),
    Column("answer", "Answer", "text", "Yes where this run proves it; else left to the authors.",
           lambda question: "Yes" if question.answer.proven else OPEN),
    Column("why", "Justification", "text", "What proves it, or what is missing.", lambda question: question.answer.why),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table: every question of the checklist in its order."""
    return tabulate(
        "checklist",
        "Draft of the NeurIPS checklist",
        (
            "A draft for the part of a paper that rests on this run. “Yes” stands only where the recorded cells prove "
            "it; everything else is for the authors to answer."
        ),
        COLUMNS,
        {"": [Question(heading, answer(study)) for heading, answer in QUESTIONS]},
    )


def _elsewhere(study: Study) -> Answer:
    return Answer(False, "Not a matter of what was run.")


def _limitations(study: Study) -> Answer:
    limits = " ".join(warnings(study)) or "The run gives no warning of its own."
    return Answer(False, f"To be discussed with the others: {limits}")


def _reproducible(study: Study) -> Answer:
    doubts = list(_doubts(study))
    if doubts:
        return Answer(False, f"Not proven: {'; '.join(doubts)}.")
    return Answer(
        True,
        f"Every cell ran from commit {study.results.distinct('commit')[:12]} without uncommitted changes, with the "
        "profile, settings, seeds, data fingerprint and versions recorded; Table “Provenance” has the commands.",
    )


def _doubts(study: Study) -> Iterator[str]:
    provenance = study.results.provenance
    lost = len(study.results.cells) - study.results.count("done")
    if lost:
        yield f"{counted(lost, 'cell')} without a result"
    if "commit" not in provenance or provenance["commit"].isna().any() or provenance["commit"].nunique() != 1:
        yield "not all cells come from one recorded commit"
    if "dirty" not in provenance or not (provenance["dirty"] == False).all():  # noqa: E712 - None is neither
        yield "changes were not committed, or it is not known"
    if not study.plan.data.fingerprint:
        yield "the data have no fingerprint"


def _details(study: Study) -> Answer:
    if any(model.recipe is None for model in study.plan.models):
        return Answer(False, "Some networks came trained: their recipes are not recorded.")
    return Answer(True, "Splits, recipes and every method's settings are in the tables of this report.")


def _significance(study: Study) -> Answer:
    if study.seeds < 2:
        return Answer(False, "One seed has no interval.")
    lost = [claim for claim in claims(study).values() if claim.evidence.seeds < study.seeds]
    if lost or not claims(study):
        return Answer(False, f"Not proven: {counted(len(lost), 'comparison')} of {len(claims(study))} lack seeds.")
    if all(claim.withheld for claim in claims(study).values() if claim.tested):
        return Answer(False, f"With {counted(study.seeds, 'seed')} no exact test can reach {study.plan.alpha:g}.")
    if moved := changes(study):
        return Answer(False, f"Not proven: {' '.join(moved)}")
    return Answer(
        True,
        f"Every comparison has an interval (95%) over n = {study.seeds} seeds, a test and its correction: Table "
        f"“Verdicts”; Section “Statistics” says what was computed and how. Margins: {fixed(study)}",
    )


def _compute(study: Study) -> Answer:
    provenance = study.results.provenance
    if provenance.empty or "wall_seconds" not in provenance or provenance["wall_seconds"].isna().any():
        return Answer(False, "Some cells have no recorded time.")
    hours, cpu = (float(provenance[field].sum()) / 3600 for field in ("wall_seconds", "cpu_seconds"))
    return Answer(
        True,
        f"{len(provenance)} cells: {hours:.2f} hours of wall time one after the other, {cpu:.2f} of CPU, on "
        f"{study.results.distinct('device')}. Whether runs that are not reported took more is for the authors to say.",
    )


QUESTIONS: tuple[tuple[str, Callable[[Study], Answer]], ...] = (
    ("Claims", _elsewhere),
    ("Limitations", _limitations),
    ("Theory assumptions and proofs", _elsewhere),
    ("Experimental result reproducibility", _reproducible),
    ("Open access to data and code", _elsewhere),
    ("Experimental setting/details", _details),
    ("Experiment statistical significance", _significance),
    ("Experiments compute resources", _compute),
    ("Code of ethics", _elsewhere),
    ("Broader impacts", _elsewhere),
    ("Safeguards", _elsewhere),
    ("Licenses for existing assets", _elsewhere),
    ("New assets", _elsewhere),
    ("Crowdsourcing and research with human subjects", _elsewhere),
    ("Institutional review board (IRB) approvals", _elsewhere),
    ("Declaration of LLM usage", _elsewhere),
)
