"""What a report says of an invented study, held against the truth: words, intervals and recommendations."""

from __future__ import annotations

import numpy as np

from bench.analysis.answers import hurt
from bench.analysis.budget import best_within, leading
from bench.analysis.choice import chosen_difference, chosen_level
from bench.analysis.claims import Claim, claims
from bench.analysis.families import overall_rate
from bench.analysis.study import Study
from bench.calibrate.audit_inside import audit_inside
from bench.calibrate.invention import NETWORK, Invention
from bench.calibrate.scenario import Counted, Outcome, averaged, counted
from bench.calibrate.truth import ROUNDING, Found, covers, is_word, reference_of
from bench.roles import CONTROL
from bench.statistics.equivalence import SAME, withheld
from bench.statistics.estimate import Estimate
from bench.statistics.superiority import beats_on_new_images

POINTS = 100.0
MEANS, DIFFERENCES, CHOSEN = (0.92, 0.985), 0.93, 0.93
BIAS, TENTH = 0.05, 0.1  # points; of an image
FALSE_WORDS = tuple(
    f"{what} in the family"
    for what in (
        "accuracy: any false difference",
        "accuracy: any false same",
        "inside: any false changed",
        "inside: any false same",
    )
)


def audit(study: Study, truth: Invention) -> dict[str, Outcome]:
    """Everything that one report promises, by the name that the table prints."""
    parts = (_accuracy, _levels, _choice, _who_leads, _identical, _exemplars, _superiority)
    judgements = dict(outcome for part in parts for outcome in part(study, truth)) | audit_inside(study, truth)
    words = [judgements[word] for word in FALSE_WORDS if word in judgements]
    false = [word.hits > 0 for word in words if isinstance(word, Counted)]
    if false:
        judgements["any false word in the report"] = counted(any(false), highest=overall_rate(study))
    return judgements


def _accuracy(study: Study, truth: Invention) -> Found:
    alpha, margin = study.plan.alpha, study.plan.margins.accuracy / POINTS
    tested = {each.label: _claim(study, each.label) for each in truth.methods}
    judged = [(each, claim) for each in truth.methods if (claim := tested[each.label]) and not claim.identical]
    lost = {each.label: each.accuracy - reference_of(truth, each).accuracy for each, _ in judged}
    words = {each.label: claim.verdict.word for each, claim in judged}
    equal = {label for label, loss in lost.items() if abs(loss) < ROUNDING}
    beyond = {label for label, loss in lost.items() if abs(loss) >= margin - ROUNDING}
    if differences := [covers(claim.evidence.difference, POINTS * lost[each.label]) for each, claim in judged]:
        yield "difference to the reference ± h covers", counted(np.mean(differences), lowest=DIFFERENCES)
    if withheld(study.seeds, alpha) and study.withholds:
        yield "accuracy: any word where words are withheld", counted(any(map(is_word, words.values())), highest=0.0)
        return
    if equal:
        false = any(claim.differs for each, claim in judged if each.label in equal)
        yield "accuracy: any false difference in the family", counted(false, highest=alpha)
        yield "accuracy: same, where equal (power)", counted(np.mean([words[label] == SAME for label in equal]))
    if beyond:
        false = any(words[label] == SAME for label in beyond)
        yield "accuracy: any false same in the family", counted(false, highest=alpha)
    unequal = set(lost) - equal
    if unequal:
        shown = [claim.differs for each, claim in judged if each.label in unequal]
        yield "accuracy: difference shown, where real (power)", counted(np.mean(shown))
    wrong = [_points_wrongly(claim.evidence.difference, lost[each.label]) for each, claim in judged if claim.differs]
    yield "accuracy: any difference with the wrong sign", counted(any(wrong), highest=alpha)


def _levels(study: Study, truth: Invention) -> Found:
    covered = [covers(study.level(NETWORK, each.label), each.accuracy) for each in truth.methods]
    lowest, highest = MEANS if study.seeds >= 6 else (MEANS[0], 1.0)
    yield "accuracy ± h covers", counted(np.mean(covered), lowest=lowest, highest=highest)


def _choice(study: Study, truth: Invention) -> Found:
    methods = {each.label: each for each in truth.methods}
    chosen = best_within(study, NETWORK, float("inf"))
    if chosen is None:
        return
    # Bias in the error of the chosen less the mean error of all, which is 0 on average: the same bias, with less noise.
    shared = np.mean([study.level(NETWORK, label).value - each.accuracy for label, each in methods.items()])
    picks = [("most accurate within the budget", chosen.choice, chosen.level, chosen.difference)]
    if chosen.smallest:
        level, loss = chosen_level(study, NETWORK, chosen.smallest), chosen_difference(study, NETWORK, chosen.smallest)
        picks.append(("smallest that keeps the accuracy", chosen.smallest, level, loss))
    for name, choice, level, loss in picks:
        each = methods[choice.label]
        held = covers(loss, each.accuracy - truth.original) or (each.copies and loss.value == 0.0)
        bias = POINTS * (level.value - each.accuracy - shared)
        yield f"{name}: bias", averaged(bias, within=BIAS, unit="points")
        yield f"{name}: ± h covers", counted(covers(level, each.accuracy), lowest=CHOSEN)
        yield f"{name}: difference to the original covers", counted(held, lowest=CHOSEN)
    method = methods[chosen.best]
    best = max(each.accuracy for each in methods.values())
    yield "most accurate within the budget: is the best", counted(method.accuracy >= best - ROUNDING)
    margin = study.plan.margins.accuracy / POINTS
    false = [method.accuracy - methods[label].accuracy >= margin - ROUNDING for label in chosen.close]
    yield "loses less than the margin: any false recommendation", counted(any(false), highest=study.plan.alpha)


def _who_leads(study: Study, truth: Invention) -> Found:
    judgements = leading(study).get(NETWORK)
    best = max(each.accuracy for each in truth.methods)
    alike = [each.label for each in truth.methods if each.accuracy >= best - ROUNDING]
    if judgements:
        lost = np.mean([label not in judgements.members for label in alike])
        yield "leading set: one of the best left out", counted(lost, highest=study.plan.alpha)


def _identical(study: Study, truth: Invention) -> Found:
    for copies, promised in ((True, 1.0), (False, 0.0)):
        some = [_claim(study, each.label) for each in truth.methods if each.copies == copies]
        if some:
            share = np.mean([bool(claim and claim.identical) for claim in some])
            name = "where they are" if copies else "where they are not"
            yield f"identical answers, {name}", counted(share, lowest=promised, highest=promised)


def _exemplars(study: Study, truth: Invention) -> Found:
    # Only a twin's answers are the original's up to a training's luck, so that swapping the two within a seed changes
    # nothing in distribution. Other methods of equal accuracy do lose images of their own.
    twins = {each.label for each in truth.methods if each.twin}
    rows = [losses for losses in hurt(study) if losses.variant in twins]
    if rows:
        excess = float(np.mean([losses.images.count - losses.images.expected for losses in rows]))
        yield "exemplars beyond those expected by chance", averaged(excess, within=TENTH, unit="images")
        more = any(losses.p_chance <= study.plan.alpha for losses in rows)
        yield "exemplars: more than by chance falsely shown", counted(more, highest=study.plan.alpha)
        shown = any(any(losses.images.images.rejected) for losses in rows)
        yield "exemplars: any image falsely shown", counted(shown, highest=study.plan.alpha)


def _superiority(study: Study, truth: Invention) -> Found:
    control = study.table(NETWORK, CONTROL)
    equal = [
        study.table(NETWORK, each.label)
        for each in truth.methods
        if abs(each.accuracy - truth.control.accuracy) < ROUNDING and not each.copies
    ]
    covered = [
        covers(beats_on_new_images(table, control), 0.5) for table in equal if table is not None and control is not None
    ]
    if covered:
        yield "P(A beats B) of equal methods covers", counted(np.mean(covered), lowest=MEANS[0])


def _claim(study: Study, label: str) -> Claim | None:
    return claims(study).get((NETWORK, label, "accuracy"))


def _points_wrongly(difference: Estimate, truth: float) -> bool:
    return truth == 0 or np.sign(difference.value) != np.sign(truth)
