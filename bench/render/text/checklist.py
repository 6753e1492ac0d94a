"""The questions of NeurIPS's checklist that a benchmark run can answer, and what the recorded cells say to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import isfinite

from bench.analysis.claims import claims
from bench.analysis.preset import changes, fixed
from bench.analysis.study import Study
from bench.render.kit.prose import counted
from bench.render.text.banner import warnings

YES, NO, NA = "Yes", "No", "NA"


@dataclass(frozen=True)
class Answer:
    """What the run says: Yes where its cells prove it, No with what stands in the way, NA where it has no such part."""

    word: str
    why: str


@dataclass(frozen=True)
class Question:
    """A question of the checklist: its number, heading and words, and the run's answer."""

    number: int
    heading: str
    asks: str
    answer: Answer


def checklist(study: Study) -> list[Question]:
    """The questions in their order."""
    return [Question(number, heading, asks, answer(study)) for number, heading, asks, answer in QUESTIONS]


def merged(lists: Sequence[Sequence[Question]], names: Sequence[str]) -> list[Question]:
    """One checklist of several profiles: Yes, or NA, only where all say so."""
    questions = []
    for same in zip(*lists, strict=True):
        answers = list(dict.fromkeys(question.answer for question in same))
        if len(answers) > 1:
            words = {answer.word for answer in answers}
            why = " ".join(f"{name}: {question.answer.why}" for name, question in zip(names, same, strict=True))
            answers = [Answer(words.pop() if len(words) == 1 else NO, why)]
        questions.append(replace(same[0], answer=answers[0]))
    return questions


def _limitations(study: Study) -> Answer:
    return Answer(
        YES,
        " ".join(
            [
                "Subsection “Limits” of the appendix says what the results do not show: they are of one set of "
                f"images, of {counted(len(study.models), 'network')} and of {counted(study.seeds, 'seed')}.",
                *warnings(study),
            ]
        ),
    )


def _no_theory(study: Study) -> Answer:
    return Answer(NA, "The benchmark measures; it has no theorem.")


def _no_people(study: Study) -> Answer:
    return Answer(NA, "The benchmark has no participants: it trains networks on an existing set of images.")


def _reproducible(study: Study) -> Answer:
    doubts = list(_doubts(study))
    if doubts:
        return Answer(NO, f"Not proven: {'; '.join(doubts)}.")
    return Answer(
        YES,
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
        return Answer(NO, "Some networks came trained: their recipes are not recorded.")
    return Answer(YES, "Splits, recipes and every method's settings are in the tables of this report.")


def _significance(study: Study) -> Answer:
    if study.seeds < 2:
        return Answer(NO, "One seed has no interval.")
    lost = [claim for claim in claims(study).values() if claim.evidence.seeds < study.seeds]
    if not claims(study):
        return Answer(NO, "Not proven: nothing was compared.")
    if lost:
        verb = "lacks" if len(lost) == 1 else "lack"
        return Answer(NO, f"Not proven: {counted(len(lost), 'comparison')} of {len(claims(study))} {verb} seeds.")
    if all(claim.withheld for claim in claims(study).values() if claim.tested):
        return Answer(NO, f"With {counted(study.seeds, 'seed')} no exact test can reach {study.plan.alpha:g}.")
    if moved := changes(study):
        return Answer(NO, f"Not proven: {' '.join(moved)}")
    return Answer(
        YES,
        f"Every word rests on n = {study.seeds} seeds, a test and its correction, and stands beside an interval (95%)"
        f"{_equal(study)}; figures say where intervals are not corrected. Section “Statistics” says what was computed "
        f"and how. Margins: {fixed(study)}",
    )


def _equal(study: Study) -> str:
    """Which comparisons can have no interval; empty if all have one."""
    none = [claim for claim in claims(study).values() if not isfinite(claim.evidence.difference.low)]
    return f" (but {len(none)} of {len(claims(study))}, where all seeds differ alike)" if none else ""


def _compute(study: Study) -> Answer:
    provenance = study.results.provenance
    if provenance.empty or "wall_seconds" not in provenance or provenance["wall_seconds"].isna().any():
        return Answer(NO, "Some cells have no recorded time.")
    hours, cpu = (float(provenance[field].sum()) / 3600 for field in ("wall_seconds", "cpu_seconds"))
    return Answer(
        YES,
        f"{len(provenance)} cells: {hours:.2f} hours of wall time one after the other, {cpu:.2f} of CPU, on "
        f"{study.results.distinct('device')}. Whether runs that are not reported took more is for the authors to say.",
    )


QUESTIONS: tuple[tuple[int, str, str, Callable[[Study], Answer]], ...] = (
    (
        2,
        "Limitations",
        "Does the paper discuss the limitations of the work performed by the authors?",
        _limitations,
    ),
    (
        3,
        "Theory assumptions and proofs",
        "For each theoretical result, does the paper provide the full set of assumptions and a complete (and correct) "
        "proof?",
        _no_theory,
    ),
    (
        4,
        "Experimental result reproducibility",
        "Does the paper fully disclose all the information needed to reproduce the main experimental results of the "
        "paper to the extent that it affects the main claims and/or conclusions of the paper (regardless of whether "
        "the code and data are provided or not)?",
        _reproducible,
    ),
    (
        6,
        "Experimental setting/details",
        "Does the paper specify all the training and test details (e.g., data splits, hyperparameters, how they were "
        "chosen, type of optimizer, etc.) necessary to understand the results?",
        _details,
    ),
    (
        7,
        "Experiment statistical significance",
        "Does the paper report error bars suitably and correctly defined or other appropriate information about the "
        "statistical significance of the experiments?",
        _significance,
    ),
    (
        8,
        "Experiments compute resources",
        "For each experiment, does the paper provide sufficient information on the computer resources (type of compute "
        "workers, memory, time of execution) needed to reproduce the experiments?",
        _compute,
    ),
    (
        14,
        "Crowdsourcing and research with human subjects",
        "For crowdsourcing experiments and research with human subjects, does the paper include the full text of "
        "instructions given to participants and screenshots, if applicable, as well as details about compensation (if "
        "any)?",
        _no_people,
    ),
    (
        15,
        "Institutional review board (IRB) approvals or equivalent for research with human subjects",
        "Does the paper describe potential risks incurred by study participants, whether such risks were disclosed to "
        "the subjects, and whether Institutional Review Board (IRB) approvals (or an equivalent approval/review based "
        "on the requirements of your country or institution) were obtained?",
        _no_people,
    ),
)
