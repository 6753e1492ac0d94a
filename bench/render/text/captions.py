"""Sentences that every caption needs: n, unit, interval, test, family, correction, version."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from bench.analysis import wording
from bench.analysis.claims import claims
from bench.analysis.distances import measures
from bench.analysis.inside import CROSS_PROBE, outdated
from bench.analysis.networks import title_of
from bench.analysis.preset import changes
from bench.analysis.results import HOLES
from bench.analysis.sameness import inside_claims
from bench.analysis.study import Study
from bench.analysis.wording import measure_title
from bench.diagnose.sensitivity.levels import KINDS
from bench.render.kit.prose import counted, listed
from bench.statistics.tests import smallest_attainable_p
from bench.task import with_unit

NO_TEST = "No test was made."
CURVES = {
    "elements": "Weights of a tensor are pruned by magnitude.",
    "channels": "Channels are pruned by the L1 norm of their filters, from all layers of a residual stream alike.",
    "bits": "Integers as in k-bit, with a step per filter.",
}


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


def scaled_interval(study: Study) -> str:
    """The interval of a distance in seed-equivalents."""
    probe = study.plan.data.counts.get("probe", 0)
    images = f"the {probe:,} probe images" if probe else "the probe images"
    return (
        f"Intervals: 95%, over seeds and {images}; seed-equivalents by Fieller, a seed left out with all its pairs, "
        "df at most 2(S - 1)."
    )


def unit_of(measure: str) -> str:
    """What a measure's distances are in, as in the head of a column."""
    return "points" if measure == CROSS_PROBE else "seed-eq."


def inside_rule(study: Study) -> str:
    """What the word for an inside stands on."""
    titles = [measure_title(study, name) for name in study.plan.similarity.inside]
    shows, any_shows = (
        (f"all of {listed(titles)} show", "one of them shows")
        if len(titles) > 1
        else (f"{titles[0]} shows", "it shows")
    )
    return (
        f"Same: {shows} a method to be less than the margin farther from the original than its reference. No block "
        f"may exceed the margin. Changed: {any_shows} it to be more than the margin farther. The reference is the "
        "original, or a control fine-tuned for as long."
    )


def inside_margins(study: Study) -> str:
    """The inside's margin, on the common scale and in each measure's own unit: a sentence per network."""
    points = with_unit(f"{study.plan.margins.accuracy:g}", study.primary.unit)
    probe = f" Of the cross-probe: {points}." if CROSS_PROBE in measures(study) else ""
    return joined(f"Margin: {wording.inside_margin(study)}.{probe}", wording.own_inside_margins(study))


def inside_family(study: Study) -> str:
    """What the words on the insides are corrected for."""
    sizes = {title_of(study, claim.model): claim.size for claim in inside_claims(study).values() if claim.size}
    if not sizes:
        return NO_TEST
    return f"Correction: Holm over the methods of a network, {each(sizes, 'test')}."


def cross_probe_loss(study: Study, *, of_block: bool = False) -> str:
    """What the cross-probe's column holds; empty if no network was read by one."""
    if CROSS_PROBE not in measures(study) or not study.plan.task.classifies:
        return ""
    where = "" if of_block else " in the block where it is largest"
    return f"Cross-probe: points that a probe of the original's blocks loses{where}."


def departures(study: Study) -> str:
    """Which blocks are set in bold."""
    points = ", or the margin in points," if study.plan.task.classifies else ""
    return (
        f"Bold: shown to be more than {wording.inside_margin(study)}{points} beyond the reference's "
        "block; Benjamini-Hochberg over the methods and blocks of a model, feature and measure."
    )


_TRAPS = {
    "pwcca": "PWCCA is asymmetric: the original's directions weight it.",
    "svcca": "SVCCA keeps the directions that hold 99% of the variance; older papers report it.",
    "mean-cca": "Mean CCA gives every direction the same weight, noise too; older papers report it.",
}
_NEEDS_IMAGES = "CCA needs more images than units, and is refused elsewhere: a dash."


def traps(study: Study) -> list[str]:
    """What to know of measures by canonical correlation, which read higher than they should."""
    known = [sentence for name, sentence in _TRAPS.items() if name in measures(study)]
    return [*known, _NEEDS_IMAGES] if known else []


def why_none_same(study: Study) -> list[str]:
    """That so few probe images can show no inside to be the same, where that is so."""
    reasons = {
        one.reason
        for claim in inside_claims(study).values()
        for one in claim.measures.values()
        if one.decides and one.measure == CROSS_PROBE and "probe images cannot show" in one.reason
    }
    return sorted(reasons)[:1]


def nothing_compared(study: Study) -> str:
    """What to say where no comparison is done."""
    return outdated(study.results) or "No comparison is done yet."


def family(study: Study) -> str:
    """What Holm's correction is over."""
    if not any(claim.tested for claim in claims(study).values()):
        return NO_TEST
    return "Correction: Holm over the methods of a network, one family per outcome and question."


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
            f"No words and no stars: with {counted(study.seeds, 'seed')} the smallest p of the sign-flip test is "
            f"{floor:.3g}, above {study.plan.alpha:g}."
        )
    # Holm multiplies the smallest p by the size of the family. With few seeds and many methods even a sign-flip test
    # whose signs all agree is then above alpha, and only the t test, which assumes normality, can earn a star.
    least = floor * max((claim.size for claim in judged), default=1)
    rest = (
        f" Once corrected it is {min(1, least):.2g}: words and stars rest on t, where it is defined."
        if least > study.plan.alpha
        else ""
    )
    return (
        "Stars: the corrected p of the two-sided paired t test, * ≤ 0.05, ** ≤ 0.01, *** ≤ 0.001. "
        f"The smallest p of the sign-flip test is {floor:.3g}.{rest}"
    )


def margins(study: Study) -> str:
    """The margins, and whether they are those of the first cell."""
    return (
        f"Margins of the profile{', changed since the first cell' if changes(study) else ''}: {wording.margins(study)}."
    )


def version(study: Study) -> str:
    """The version and profile that made the report."""
    return f"Innards {study.plan.version}, profile {study.plan.name}."


def of_curves(study: Study, kinds: Collection[str] = KINDS) -> str:
    """How sensitivity curves of some kinds were measured, and on what."""
    planned = study.plan.sensitivity
    assert planned is not None
    images = min(planned.images, study.plan.data.counts.get("validation", planned.images))
    return joined(
        f"Loss on {images:,} validation images; no test image has a part in it.",
        *(sentence for kind, sentence in CURVES.items() if kind in kinds and kind in planned.kinds),
        f"Re-taken: running statistics are estimated again on {planned.training_images:,} training images, for the "
        "original too that a rise is counted from.",
    )


def joined(*sentences: str) -> str:
    """The sentences that are not empty, as one caption."""
    return " ".join(sentence for sentence in sentences if sentence)


def descriptive(study: Study, *sentences: str) -> str:
    """A caption of means over seeds that no test judges."""
    return joined(*sentences, means(study), "No tests.")
