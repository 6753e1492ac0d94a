"""What stands under each heading before its tables and figures: computed where it states a result."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

from bench.analysis import outcomes, preset, wording
from bench.analysis.across import across
from bench.analysis.choice import chosen_on
from bench.analysis.distances import compared
from bench.analysis.families import families, overall_rate
from bench.analysis.study import Study
from bench.analysis.wording import decimal
from bench.calibrate.beside import last_run, simulated, warned
from bench.render.kit.prose import Sentence, Strong, counted, listed, marked
from bench.render.text import captions
from bench.render.text.findings import findings
from bench.roles import CONTROL, ORIGINAL
from bench.statistics.tests import smallest_attainable_p


def results(study: Study) -> list[Sentence]:
    """What an accuracy and a footprint are here."""
    return marked(
        f"Every size is that of a file that was written, and every {study.primary.noun} that of the network read back "
        "from it. "
        "Payload is what papers count: weights, scales, masks and codes; the file on disk and the peak memory of "
        "feature maps are columns of their own."
    )


def inside(study: Study) -> list[Sentence]:
    """How the inside is judged; or why nothing was compared."""
    if not compared(study):
        return [(captions.nothing_compared(study),)]
    names = listed([wording.measure_title(study, name) for name in study.plan.similarity.inside])
    several = len(study.plan.similarity.inside) > 1
    return marked(
        "A network is compared with its own original, block by block, on images it never trained on. **Same**: "
        f"{'all of ' if several else ''}{names} {'show' if several else 'shows'} that it is no farther than the margin "
        f"({wording.inside_margin(study)}) beyond its reference. **Changed**: {'one of them' if several else 'it'} "
        f"shows that it is. For {study.primary.noun} ({wording.margin(outcomes.primary(study))}), **same**: shown to "
        "be within the margin, with its size where it is also shown not to be 0; **changed**: shown not to be 0, and "
        "not to be within it. **Can't tell**: neither; a large p is not “the same”. The reference is the original, or "
        "for what was fine-tuned a control fine-tuned for as long; a network trained from initial weights gets no "
        "word. "
        "**Identical answers** and **identical inside** are observed in every seed, and need no test. Where the "
        "original does not beat chance there is nothing to lose, and no word.",
    )


def explanations(study: Study) -> list[Sentence]:
    """What is looked into beside similarity; nothing if the profile asks for no diagnostic."""
    if study.results.diagnosed.empty:
        return []
    titles = [look.title[:1].lower() + look.title[1:] for look in study.plan.diagnostics.values()]
    return [
        (
            f"Each compressed network beside its original, the fine-tuned control, another seed and random weights: "
            f"{listed(titles, most=len(titles))}. What random weights reach is chance, what another seed reaches is "
            "how much two trainings share. ",
            Strong("Descriptive"),
            ": no verdict rests on it.",
        )
    ]


def predictions(study: Study) -> list[Sentence]:
    """Which methods change the most and the fewest answers beyond the control."""
    if not study.plan.task.classifies:
        return []  # its table says what changes
    # Every network counts alike, however many of its seeds are done.
    means = []
    for variant in study.plan.methods:
        churn = [study.difference("churn", model, variant.label, CONTROL).value for model in study.models]
        finite = [value for value in churn if isfinite(value)]
        if finite:
            means.append((100 * sum(finite) / len(finite), variant.title))
    start = "What whoever uses the network notices: answers that change, and confidence that shifts."
    if not means:
        return [(start,)]
    (least, fewest), (largest, most) = min(means), max(means)
    networks = ", on average over the networks" if len(study.models) > 1 else ""
    return [
        (
            f"{start} Beyond what fine-tuning alone changes{networks}, the most answers change under ",
            Strong(most),
            f" ({decimal(largest, 2, signed=True)} points of churn), the fewest under ",
            Strong(fewest),
            f" ({decimal(least, 2, signed=True)}).",
        )
    ]


def training(study: Study) -> list[Sentence]:
    """How accurate the originals are."""
    trained = [model for model in study.models if study.level(model, ORIGINAL).n]
    levels = "; ".join(f"{model} {wording.level(study, model, ORIGINAL)}" for model in trained)
    return [(f"Test {study.primary.noun} of the originals, mean over seeds: {levels or 'none is done'}.",)]


def holes(study: Study) -> list[Sentence]:
    """How much is missing."""
    cells, missing = counted(len(study.results.cells), "cell"), wording.holes(study)
    return [(f"{study.results.count('done'):,} of {cells} are done{missing and '; '}{missing}.",)]


def methods(study: Study) -> list[Sentence]:
    """What all methods have in common."""
    return marked(
        "Every method starts from the same trained network of its seed and sees training images alone. What comes out "
        "is packed with the smallest codec that holds each layer exactly, read back, and evaluated."
    )


def statistics(study: Study) -> list[Sentence]:
    """The unit, the intervals, the tests, the corrections and the verdicts."""
    ranks = (
        "**Ranks. **Methods are ranked within each network; mean ranks are compared by Friedman's test and Nemenyi's "
        "critical difference ([@demsar2006statistical])."
    )
    few, floor = counted(study.seeds, "seed"), smallest_attainable_p(study.seeds)
    return marked(
        f"**Unit. **Seeds are the unit of replication (n = {study.seeds}); images, layers and filters are repeated "
        "measures and never count as n.",
        f"**Intervals. **95%. {study.primary.capital} and its differences: {_primary(study)} What else is derived from "
        "predictions: t over seeds, on the fixed test set. "
        "Distances: variance between seeds, each left out with its pairs, plus the jackknife's over probe images, df "
        "at most 2(S - 1); a bootstrap over images does not cover here and is not used.",
        "**Tests. **Differences are paired by seed (similarities by image too): two-sided t, with the exact sign-flip "
        f"test beside it. With {few} its smallest p is {floor:.3g}; where that is above {study.plan.alpha:g}, no words "
        "and no stars are given and nothing is set in bold.",
        "**Equivalence. **Two one-sided tests (TOST, [@schuirmann1987comparison]) against the profile's margins: "
        f"{wording.margins(study)}. {preset.fixed(study)}",
        "**Families. **One network, one outcome, all its compressed versions without controls; difference and "
        "equivalence are two families, each with Holm ([@holm1979simple]). What is counted beside them goes by "
        "Benjamini-Hochberg ([@benjamini1995controlling]). The leading set: a method is left out where another is "
        "shown to be better, Holm over all others, so that what is truly best stays in ([@hsu1981simultaneous]). "
        f"{_overall(study)}",
        "**Choice. **The most accurate method under a budget, and the smallest that loses little, are chosen on "
        f"{chosen_on(study)}, ties by size. Chosen on validation images, a test result had no part in the choice; "
        "chosen on test images, its interval holds for all that it was chosen from.",
        *([ranks] if any(outcome.ranking for outcome in across(study)) else []),
        "**Similarity. **Measures compare block outputs on the probe images; debiased linear CKA is the U-statistic of "
        "HSIC, never clamped ([@kornblith2019similarity]). No single measure decides: a few large directions can keep "
        "CKA near 1 while a classifier loses what it reads, so a spectral, a local and a functional one must agree.",
        "**Seed-equivalents. **(1 - A) / (1 - A of another seed) of a similarity, d / d of another seed of a distance: "
        "0 is the original, 1 is as different as training again. Words stand on the distance beyond the reference's, "
        f"less {wording.inside_margin(study)}, so that the error of the scale counts. One block that "
        "lies beyond the margin stands against “same” in a network of any depth, shown or not.",
        *([_CROSS_PROBE] if study.plan.task.classifies else []),
        f"**Calibration. **{_calibration(study)}",
    )


def _primary(study: Study) -> str:
    if not study.crossed:
        return "t over seeds alone, since nothing is known of single images."
    return (
        "for new trainings and new test images, which are crossed: V = max(MS_S + MS_I − MS_SI, MS_S, MS_I)/(S·n), at "
        "most 2(S − 1) degrees of freedom; the spread over trainings alone stands beside."
    )


_CROSS_PROBE = (
    "**Cross-probe. **A linear probe of the original's block, read on the compressed network's; its loss is in points "
    "and has accuracy's margin, in every block. n images without any change bound the loss by 3/n."
)


def _overall(study: Study) -> str:
    """How likely any of the report's words is false."""
    count = sum(family.words for family in families(study))
    if not count:
        return "No word of this report rests on a test."
    of = counted(count, "family") if count == 1 else f"{count} families"
    return (
        f"Words rest on {of} at {study.plan.alpha:g} each, so that the probability of any false word in this report is "
        f"at most {overall_rate(study):.2g}."
    )


def _calibration(study: Study) -> str:
    rows = simulated(study)
    if not rows:
        return (
            "Whether the intervals cover and the tests keep their level was not simulated beside these runs; "
            "python -m bench calibrate does it, and its table then stands here."
        )
    missed = [row for row in rows if not row.within]
    intervals = [row for row in missed if row.kind == "coverage"]
    warnings = (
        f"; in {sum(map(warned, intervals))} of the {len(intervals)} whose intervals do not, most estimates carry a "
        "warning"
    )
    settings, promises = ([row for row in rows if (row.kind == "promise") == whole] for whole in (False, True))
    kept = sum(row.within for row in settings)
    of_report = sum(row.status == "kept" for row in promises), sum(row.status in ("kept", "missed") for row in promises)
    sentences = [
        f"Of {len(settings)} simulated settings of intervals and tests {kept} keep what they promise"
        f"{warnings if intervals else ''}." if settings else "",
        f"Of {of_report[1]} promises of reports whose truth is known {of_report[0]} are kept." if promises else "",
    ]  # fmt: skip
    return " ".join(filter(None, [*sentences, f"Simulated: {last_run(study)}."]))


def provenance(study: Study) -> list[Sentence]:
    """How to make it again."""
    return [
        (
            "To make these results again: ",
            Strong(study.plan.reproduction),
            ". The same profile on the same machine gives the same bytes, however often it is interrupted.",
        )
    ]


def data(study: Study) -> list[Sentence]:
    """What lies beside the report."""
    return marked(
        "Every table is beside this report as CSV and JSON, unrounded, with intervals in columns of their own; "
        "datapackage.json describes every column (Frictionless Data Package)."
    )


_SECTIONS = (
    findings, results, inside, explanations, predictions, training, holes, methods, statistics, provenance, data,
)  # fmt: skip
SECTIONS: dict[str, Callable[[Study], list[Sentence]]] = {section.__name__: section for section in _SECTIONS}
