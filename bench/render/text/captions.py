"""Sentences that every caption needs: n, unit, interval, test, family, correction, version."""

from __future__ import annotations

from collections.abc import Mapping

from bench.analysis import wording
from bench.analysis.claims import claims
from bench.analysis.preset import changes
from bench.analysis.results import HOLES
from bench.analysis.study import Study
from bench.render.kit.prose import counted
from bench.statistics.tests import smallest_attainable_p


def seeds(study: Study) -> str:
    """How many seeds a mean is over, e.g. "n = 6 seeds, the unit of replication; fewer where cells are missing."."""
    holes = "; fewer where cells are missing" if study.results.count(*HOLES) else ""
    return f"n = {counted(study.seeds, 'seed')}, the unit of replication{holes}."


def means(study: Study) -> str:
    """What a mean over seeds is over, with its interval."""
    return f"{seeds(study)} Intervals: 95%, t over seeds."


def levels(study: Study) -> str:
    """What a level of the primary outcome is over, with its interval."""
    return f"{seeds(study)} {primary_interval(study)}"


def primary_interval(study: Study) -> str:
    """The interval of the primary outcome and its differences."""
    if study.crossed:
        return "Intervals: 95%, for new trainings and new test images (crossed)."
    return "Intervals: 95%, t over trainings alone: nothing is known of single images."


def combined_interval(study: Study) -> str:
    """The interval of a similarity."""
    probe = study.plan.data.counts.get("probe", 0)
    images = f" over the {probe} probe images" if probe else " over the probe images"
    variance = f"the variance between seeds plus the jackknife's{images}"
    return f"Intervals: 95%, t with {variance}, df at most 2(S - 1), atanh scale."


def similarity(study: Study) -> str:
    """Which measure on which features."""
    features = " and ".join(study.plan.features)
    return f"Debiased linear CKA at block outputs, {features} features of the frozen probe set."


def family(study: Study) -> str:
    """What Holm's correction is over."""
    if not any(claim.tested for claim in claims(study).values()):
        return "No test could be made."
    return "Correction: Holm over the methods of a network, one family an outcome and question (table of families)."


def each(sizes: Mapping[str, int], noun: str) -> str:
    """Sizes by name in few words: a single one if they agree.

    >>> each({"a": 4, "b": 4}, "test"), each({"a": 4, "b": 3}, "test")
    ('4 tests each', 'a: 4 tests, b: 3 tests')
    """
    if len(set(sizes.values())) == 1:
        return counted(next(iter(sizes.values())), noun) + (" each" if len(sizes) > 1 else "")
    return ", ".join(f"{name}: {counted(size, noun)}" for name, size in sizes.items())


def stars(study: Study) -> str:
    """What the stars mean, or why there are none."""
    floor = smallest_attainable_p(study.seeds)
    judged = [claim for claim in claims(study).values() if claim.tested]
    if judged and all(claim.withheld for claim in judged):
        return (
            f"No words and no stars: with {counted(study.seeds, 'seed')} the smallest attainable p of the sign-flip "
            f"test is {floor:.3g}, above {study.plan.alpha:g}."
        )
    # Holm multiplies the smallest p by the size of the family. With few seeds and many methods even a sign-flip test
    # whose signs all agree is then above alpha, and only the t test, which assumes normality, can earn a star.
    least = floor * max((claim.size for claim in judged), default=1)
    rest = f", {min(1, least):.2g} once corrected: words and stars rest on t" if least > study.plan.alpha else ""
    return (
        "Stars: corrected p of the two-sided paired t test, * ≤ 0.05, ** ≤ 0.01, *** ≤ 0.001; "
        f"smallest attainable p of the sign-flip test {floor:.3g}{rest}."
    )


def margins(study: Study) -> str:
    """The margins, and whether they are those of the first cell."""
    return (
        f"Margins of the profile{', changed since the first cell' if changes(study) else ''}: {wording.margins(study)}."
    )


def version(study: Study) -> str:
    """The version and profile that made the report."""
    return f"Innards {study.plan.version}, profile {study.plan.name}."


def joined(*sentences: str) -> str:
    """The sentences that are not empty, as one caption."""
    return " ".join(sentence for sentence in sentences if sentence)


def descriptive(study: Study, *sentences: str) -> str:
    """A caption of means over seeds that no test judges."""
    return joined(*sentences, means(study), "No tests.")
