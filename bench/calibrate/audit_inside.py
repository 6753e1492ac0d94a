"""What a report says of the inside of invented networks, held against the truth."""

from __future__ import annotations

import numpy as np

from bench.analysis.departures import blocks
from bench.analysis.sameness import InsideClaim, inside_claims
from bench.analysis.study import Study
from bench.calibrate import scenario
from bench.calibrate.invention import CKA, KNN, NETWORK, PROBE, InventedMethod, Invention
from bench.calibrate.scenario import Outcome, counted
from bench.calibrate.truth import ROUNDING, Found, covers, is_word, reference_of
from bench.statistics.equivalence import CHANGED, SAME, withheld

DISTANCES = 0.92  # least coverage of a distance's interval


def audit_inside(study: Study, truth: Invention) -> dict[str, Outcome]:
    """Everything that one report promises of the inside, by the name that the table prints."""
    parts = (_words, _blocks, _identical, _every_measure)
    return dict(outcome for part in parts for outcome in part(study, truth))


def _words(study: Study, truth: Invention) -> Found:
    alpha = study.plan.alpha
    claims = inside_claims(study)
    judged = [(method, claims[NETWORK, method.label]) for method in truth.methods if not method.copies]
    words = {method.label: claim.word for method, claim in judged}
    yield from _distances(study, truth, judged)
    if withheld(study.seeds, alpha) and study.withholds:
        yield "inside: any word where words are withheld", counted(any(map(is_word, words.values())), highest=0.0)
        return
    states = {method.label: _state(study, truth, method) for method, _ in judged}
    within = [label for label, state in states.items() if not any(beyond > 1 + ROUNDING for beyond in state.values())]
    reaching = [label for label, state in states.items() if any(beyond >= 1 - ROUNDING for beyond in state.values())]
    if within:
        false = any(words[label] == CHANGED for label in within)
        yield "inside: any false changed in the family", counted(false, highest=alpha)
    if reaching:
        false = any(words[label] == SAME for label in reaching)
        yield "inside: any false same in the family", counted(false, highest=alpha)
    if same := [words[label] == SAME for label in words if label not in reaching]:
        yield "inside: same, where within the margin (power)", counted(np.mean(same))
    if changed := [words[label] == CHANGED for label in words if label not in within]:
        yield "inside: changed, where beyond the margin (power)", counted(np.mean(changed))
    still = [
        claim.direction for method, claim in judged if all(abs(s) < ROUNDING for s in states[method.label].values())
    ]
    if still:
        yield "inside: any nearer or farther, where neither is", counted(any(still), highest=alpha)
    yield from _measures(study, truth, judged)


def _distances(study: Study, truth: Invention, judged: list[tuple[InventedMethod, InsideClaim]]) -> Found:
    for measure in study.plan.similarity.inside:
        # A k-NN Jaccard that is computed has no known distance, as other measures have none. Where another training is
        # not shown to be farther than 0 there is no unit, and no interval is printed.
        known = measure == CKA or (measure == KNN and KNN not in truth.measures)
        distances = [
            (claim.measures[measure].distance, method.distance)
            for method, claim in judged
            if known and measure in claim.measures and method.distance > 0
        ]
        covered = [covers(claims, distance) for claims, distance in distances if np.isfinite(claims.low)]
        if covered:
            yield f"{measure}: distance ± h covers", counted(np.mean(covered), lowest=DISTANCES)


def _measures(study: Study, truth: Invention, judged: list[tuple[InventedMethod, InsideClaim]]) -> Found:
    for measure in study.plan.similarity.inside:
        at_margin = [
            claim.measures[measure].word == SAME
            for method, claim in judged
            if measure in claim.measures and _state(study, truth, method)[measure] >= 1 - ROUNDING
        ]
        if at_margin:
            yield f"{measure}: any false same in the family", counted(any(at_margin), highest=study.plan.alpha)


def _blocks(study: Study, truth: Invention) -> Found:
    methods = {method.label: method for method in truth.methods}
    by_measure: dict[str, list[tuple[bool, bool]]] = {}
    for claim in blocks(study):
        if claim.variant in methods and np.isfinite(claim.p_corrected):
            real = _state(study, truth, methods[claim.variant]).get(claim.measure, np.inf) > 1 + ROUNDING
            by_measure.setdefault(claim.measure, []).append((claim.departs(study.plan.alpha), real))
    for measure, tests in by_measure.items():
        finds = [real for departs, real in tests if departs]
        share = 1 - np.mean(finds) if finds else 0.0
        yield f"blocks by {measure}: share of false finds", counted(share, highest=study.plan.alpha)


def _identical(study: Study, truth: Invention) -> Found:
    claims = inside_claims(study)
    for copies, promised in ((True, 1.0), (False, 0.0)):
        some = [claims[NETWORK, method.label].identical for method in truth.methods if method.copies == copies]
        if some:
            name = "where it is" if copies else "where it is not"
            yield f"identical inside, {name}", counted(np.mean(some), lowest=promised, highest=promised)


def _every_measure(study: Study, truth: Invention) -> Found:
    """Distances by measures without a known value, of one method: their interval should cover the mean over studies."""
    first = next((method for method in truth.methods if not method.copies), None)
    if first is None or set(truth.measures) <= {CKA}:
        return
    for measure, claim in inside_claims(study)[NETWORK, first.label].measures.items():
        if measure in truth.measures:
            yield f"{measure}: distance ± h in whole studies", scenario.covers(claim.distance, lowest=DISTANCES)


def _state(study: Study, truth: Invention, method: InventedMethod) -> dict[str, float]:
    """How many margins a method is beyond its reference, by measure that decides."""
    reference = reference_of(truth, method)
    margins, points = study.plan.margins, study.plan.margins.accuracy
    scaled = (method.distance - reference.distance) / margins.inside
    return {
        measure: (method.lost - reference.lost) / points if measure == PROBE else scaled
        for measure in study.plan.similarity.inside
    }
