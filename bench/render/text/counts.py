"""What a study shows on the whole, one sentence each: what tables say in bold before their captions."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

import numpy as np

from bench.analysis import outcomes, wording
from bench.analysis.claims import claims_on
from bench.analysis.distances import distance
from bench.analysis.inside import first_scaled
from bench.analysis.sameness import insides_of
from bench.analysis.study import Study
from bench.analysis.wording import decimal, inside_words
from bench.render.kit.names import short
from bench.render.kit.prose import counted
from bench.roles import CONTROL


def words(study: Study) -> str:
    """For how many methods the primary outcome has each word; empty if none was judged."""
    claims = claims_on(study, outcomes.primary(study))
    return f"{study.primary.capital}: {wording.counted_words(claims)}." if claims else ""


def insides(study: Study) -> str:
    """How many insides have each word; empty if none was compared."""
    claims = insides_of(study)
    if len(claims) == 1:
        return f"Of the one compressed network: {inside_words(claims[0]).badge}."
    return f"The inside: {wording.counted_insides(claims)}." if claims else ""


def farthest(study: Study) -> str:
    """The method whose inside ends farthest from the original, beside another seed; empty if none has a distance."""
    name, feature = first_scaled(study.plan), study.plan.features[0]

    def far(model: str, variant: str) -> float:
        distance_of = distance(study, model, variant, feature, name)
        return distance_of.overall.ratio(study.plan.margins.inside).value if distance_of else np.nan

    if not (means := _means(study, far)):
        return ""
    most, title = max(means)
    by = short(wording.measure_title(study, name))
    several = f", on average over {counted(len(study.models), 'network')}" if len(study.models) > 1 else ""
    return f"By {by}, {title} changes its features most: {decimal(most, 1)} times as much as another seed{several}."


def changed_answers(study: Study) -> str:
    """The method that changes the most answers beyond the control; empty if none can be counted."""
    if not study.plan.task.classifies:
        return ""
    means = _means(study, lambda model, variant: 100 * study.mean("churn", model, variant).value)
    if not means:
        return ""
    most, title = max(means)
    alone = [100 * churn for model in study.models if isfinite(churn := study.mean("churn", model, CONTROL).value)]
    beside = f"; fine-tuning alone changes {decimal(float(np.mean(alone)), 1)}%" if alone else ""
    return f"{title} changes the most answers: {decimal(most, 1)}%{beside}."


def _means(study: Study, value: Callable[[str, str], float]) -> list[tuple[float, str]]:
    """A value averaged over networks with the method's title, for every method that has one on the most networks."""
    # Every network counts alike, however many of its seeds are done. A method that one network alone has is not set
    # beside the means of others over several.
    values = {
        variant.title: [one for model in study.models if isfinite(one := value(model, variant.label))]
        for variant in study.plan.methods
    }
    most = max(map(len, values.values()), default=0)
    return [(float(np.mean(finite)), title) for title, finite in values.items() if len(finite) == most > 0]
