"""The rows of the figure of features: landmarks, and methods with their places by each measure."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite

from bench.analysis import wording
from bench.analysis.distances import measures
from bench.analysis.inside import CROSS_PROBE
from bench.analysis.landmarks import LANDMARKS, OnScale, landmark, place
from bench.analysis.sameness import InsideClaim, inside_claim
from bench.analysis.study import Study
from bench.render.figures._lines import evenly
from bench.render.kit.names import compact
from bench.render.kit.style import BAD, GOOD, MUTED, UNKNOWN
from bench.roles import ORIGINAL
from bench.runner.plan_file import PlannedVariant
from bench.statistics.equivalence import CHANGED, SAME
from bench.statistics.estimate import Estimate

KINDS = {"debiased-cka": "Overall", "knn-jaccard": "Neighbours", CROSS_PROBE: "Function"}
COLORS = {CHANGED: BAD, SAME: GOOD, wording.IDENTICAL_INSIDE: GOOD}  # all else: UNKNOWN
MOST_ROWS = 44  # methods; of more the nearest, the farthest and those evenly between
SAME_NETWORK = "same network"


@dataclass(frozen=True)
class Row:
    """One line: a method, or a landmark.

    Attributes:
        claim: None for a landmark.
        places: by measure; those without a value are left out.
        landmarks: by measure, the distance of a landmark.
    """

    name: str
    variant: PlannedVariant
    claim: InsideClaim | None
    places: dict[str, OnScale]
    landmarks: dict[str, Estimate]

    @property
    def about(self) -> tuple[tuple[str, str], ...]:
        """Names the row of a summary for scripts."""
        return (("variant", self.variant.label), ("family", self.variant.family))

    @property
    def word(self) -> str:
        """What is claimed; empty for a landmark."""
        return wording.inside_word(self.claim) if self.claim else ""

    @property
    def color(self) -> str:
        """Of the word."""
        return COLORS.get(wording.bare_inside_word(self.claim), UNKNOWN) if self.claim else MUTED


def shown(study: Study) -> list[str]:
    """The measures that decide, of those that any network was compared by."""
    classifies = study.plan.task.classifies
    return [
        name for name in study.plan.similarity.inside if name in measures(study) and (classifies or name != CROSS_PROBE)
    ]


def rows(study: Study, model: str) -> list[Row]:
    """Landmarks from the nearest to the farthest, then methods likewise; by the first measure."""
    names = compact(study.plan)
    near: list[Row] = []
    far: list[Row] = []
    for variant in study.plan.variants:
        claim = inside_claim(study, model, variant.label)
        if claim is not None:
            of_claims = {name: claim.measures[name] for name in shown(study) if name in claim.measures}
            places = {
                name: place(study, model, one, variant.label)
                for name, one in of_claims.items()
                if isfinite(one.distance.value)
            }
            far.append(Row(names[variant.label], variant, claim, places, {}))
        elif variant.label in LANDMARKS:
            of_measures = {name: landmark(study, model, variant.label, name) for name in shown(study)}
            found = {name: estimate for name, estimate in of_measures.items() if estimate is not None}
            near += [Row(LANDMARKS[variant.label], variant, None, {}, found)] if found else []
    original = study.plan.variant(ORIGINAL)
    zero = Estimate(0.0, float("nan"), float("nan"), study.seeds, "seed", "none")
    first = Row(SAME_NETWORK, original, None, {}, dict.fromkeys(shown(study), zero))
    return [first, *sorted(near, key=_farness), *evenly(sorted(far, key=_farness), MOST_ROWS)]


def _farness(row: Row) -> tuple[float, str]:
    values = [row.places[name].distance.value for name in row.places] or [
        estimate.value for estimate in row.landmarks.values()
    ]
    return (values[0] if values else inf, row.variant.label)
