"""What stands under each heading before its tables and figures: computed where it states a result."""

from __future__ import annotations

from collections.abc import Callable

from bench.analysis import outcomes, preset, wording
from bench.analysis.across import across
from bench.analysis.choice import chosen_on
from bench.analysis.distances import compared
from bench.analysis.families import families, overall_rate
from bench.analysis.networks import title_of
from bench.analysis.reference import reference
from bench.analysis.study import Study
from bench.calibrate.beside import last_run, simulated, warned
from bench.render.kit.prose import Sentence, Strong, counted, listed, marked, named
from bench.render.text import captions
from bench.render.text.findings import findings
from bench.roles import ORIGINAL
from bench.statistics.tests import smallest_attainable_p


def results(study: Study) -> list[Sentence]:
    """What an accuracy and a footprint are here."""
    return marked(
        f"Every size is measured on a file that was written. Every {study.primary.noun} is that of the network read "
        "back from it. The payload is what papers count: weights, scales, masks and codes, without headers and names."
    )


def inside(study: Study) -> list[Sentence]:
    """How the inside is judged; or why nothing was compared."""
    if not compared(study):
        return [(captions.nothing_compared(study),)]
    names = listed([wording.measure_title(study, name) for name in study.plan.similarity.inside])
    several = len(study.plan.similarity.inside) > 1
    return marked(
        "Each network is compared with its own original, block by block, on images it never trained on.",
        f"**Same: **{'all of ' if several else ''}{names} {'show' if several else 'shows'} its features to be at most "
        f"the margin farther from the original's than its reference's are. No block may exceed it. **Changed: **"
        f"{'one of them' if several else 'it'} shows them to be farther than that. **Can't tell: **neither is shown. "
        f"{captions.inside_margins(study)}",
        f"For {study.primary.noun} the margin is {wording.margin(outcomes.primary(study))}. **Same: **the difference "
        "is shown to be within the margin. **Changed: **it is shown not to be 0, and not shown to be within the "
        "margin.",
        f"{_identical(study)} **Nothing to lose: **the original is not shown to beat chance. The reference is the "
        "original, or for a fine-tuned network a control that was fine-tuned for as long. A network trained from "
        "initial weights gets no word.",
    )


def _identical(study: Study) -> str:
    """What is observed and not tested; answers only of tasks that compare them."""
    answers = study.plan.task.classifies or study.per_image.compares_answers
    seen = "**Identical answers** and **identical inside** are" if answers else "**Identical inside** is"
    return f"{seen} seen in every seed and {'need' if answers else 'needs'} no test."


IMPORTED = "imported"  # the family of what was compressed elsewhere
NOTHING_EXPLAINED = (
    "There are no attributions, and no conductance, faithfulness, class images or corruptions: each explains or counts "
    "answers to classes, which these networks do not give."
)


def explanations(study: Study) -> list[Sentence]:
    """What is looked into beside similarity; nothing if the profile asks for no diagnostic."""
    if study.results.diagnosed.empty:
        return [] if study.plan.task.classifies else marked(NOTHING_EXPLAINED)
    names = named([look.title[:1].lower() + look.title[1:] for look in study.plan.diagnostics.values()])
    return [
        (
            f"We look inside in {counted(len(study.plan.diagnostics), 'way')}{names and ': '}{names}. Read each row "
            "against two yardsticks: random weights show chance, another seed shows what two trainings share. ",
            Strong("No verdict rests on this section"),
            ".",
        ),
        *([] if study.plan.task.classifies else marked(NOTHING_EXPLAINED)),
    ]


def predictions(study: Study) -> list[Sentence]:
    """What users notice; which methods change the most and the fewest answers stands at the table."""
    if not study.plan.task.classifies:
        return []  # its table says what changes
    return marked("Users notice answers that change and confidence that shifts.")


def training(study: Study) -> list[Sentence]:
    """How accurate the originals are."""
    trained = [model for model in study.models if study.level(model, ORIGINAL).n]
    levels = (f"{title_of(study, model)}: {wording.level(study, model, ORIGINAL)}." for model in trained)
    return [(f"Test {study.primary.noun} of the originals. {' '.join(levels) or 'None is done.'}",)]


def holes(study: Study) -> list[Sentence]:
    """How much is missing; nothing if nothing is."""
    cells, missing = counted(len(study.results.cells), "cell"), wording.holes(study)
    return [(f"Of {cells}, {missing}.",)] if missing else []


def _anew(study: Study) -> str:
    """Which methods are the exception."""
    anew = [
        variant.title
        for variant in study.plan.methods
        if any(reference(study, model, variant.label).kind == "retrained" for model in study.models)
    ]
    exceptions = [(anew, "from initial weights"), (_brought(study), "from a file that was compressed elsewhere")]
    return "".join(f", {named(names)} {where}" for names, where in exceptions if names)


def _brought(study: Study) -> list[str]:
    """Titles of the methods whose networks were compressed elsewhere."""
    return [variant.title for variant in study.plan.methods if variant.family == IMPORTED]


def methods(study: Study) -> list[Sentence]:
    """What all methods have in common."""
    elsewhere = "; what was seen elsewhere is not known" if _brought(study) else ""
    return marked(
        f"Every method starts from the trained network of its seed{_anew(study)}. It sees training images alone"
        f"{elsewhere}. Its result is packed into a file, each layer by the smallest codec that holds it exactly. Then "
        "the file is read back and evaluated."
    )


def _no_part(study: Study) -> str:
    """What a choice does to the result of what was chosen."""
    if chosen_on(study) == "validation images":
        return "No test result had a part in the choice."
    return (
        "Where validation images chose, no test result had a part in it. Where test images did, an interval holds for "
        "all that was chosen from."
    )


def statistics(study: Study) -> list[Sentence]:
    """The unit, the intervals, the tests, the corrections and the verdicts."""
    ranks = (
        "**Ranks. **Methods are ranked within each network. Friedman's test and Nemenyi's critical difference compare "
        "mean ranks ([@demsar2006statistical])."
    )
    few, floor = counted(study.seeds, "seed"), smallest_attainable_p(study.seeds)
    return marked(
        f"**Unit. **Seeds are what repeats (n = {study.seeds}). Images, layers and filters never count as n.",
        f"**Intervals. **They hold 95%. {study.primary.capital} and its differences: {_primary(study)} "
        f"{_RECALLS if study.plan.task.classifies else ''}Other numbers from predictions: t over seeds, on the fixed "
        "test set. Distances: the variance between seeds, each left out with its pairs, plus the jackknife's "
        "over probe images. They have at most 2(S − 1) degrees of freedom. A bootstrap over images does not cover here "
        "and is not used.",
        "**Tests. **Differences are paired by seed, similarities by image too. The test is a two-sided t, with the "
        f"exact sign-flip test beside it. With {few} the smallest p of that is {floor:.3g}. Where it is above "
        f"{study.plan.alpha:g}, no word, no star and no bold is given.",
        "**Equivalence. **Two one-sided tests (TOST, [@schuirmann1987comparison]) against the profile's margins. "
        f"{preset.fixed(study)}",
        "**Families. **A family is one network, one outcome and all its methods without controls. Difference and "
        "equivalence are two families, each with Holm ([@holm1979simple]). What is counted beside them goes by "
        "Benjamini-Hochberg ([@benjamini1995controlling]). A method ties with the best unless another is shown to be "
        "better, Holm over all others, so that what is truly best stays in ([@hsu1981simultaneous]). "
        f"{_overall(study)}",
        f"**Choice. **The {study.primary.best} method under a budget, and the smallest that loses little, are chosen "
        f"on {chosen_on(study)}. The smallest file wins ties. {_no_part(study)}",
        *([ranks] if any(outcome.ranking for outcome in across(study)) else []),
        f"**Similarity. **{_similarity(study)}",
        "**Seed-equivalents. **(1 − A) / (1 − A of another seed) of a similarity, d / d of another seed of a distance. "
        "0 is the original, and 1 is as far as another training. Words stand on the distance beyond the reference's, "
        f"less {wording.inside_margin(study)}, so that the error of the scale counts. One block beyond the margin "
        "stands against “same” in a network of any depth, shown or not.",
        *([_CROSS_PROBE] if study.plan.task.classifies else []),
        f"**Calibration. **{_calibration(study)}",
    )


def _similarity(study: Study) -> str:
    compared_by = (
        "Measures compare block outputs on the probe images. Debiased linear CKA is the U-statistic of HSIC, never "
        "clamped ([@kornblith2019similarity]). No single measure decides."
    )
    if study.plan.task.classifies:
        return (
            f"{compared_by} A few large directions can keep CKA near 1 while a classifier loses what it reads. So a "
            "spectral, a local and a functional one must agree."
        )
    return (
        f"{compared_by} A spectral and a local one must agree. A functional one is lacking: the cross-probe reads the "
        "class of a whole image, which this task does not have."
    )


def _primary(study: Study) -> str:
    if not study.crossed:
        return "t over seeds alone, since nothing is known of single images."
    part = f" {study.per_image.task.of_image}" if study.per_image.task else ""
    return (
        "for new trainings crossed with new test images. V = max(MS_S + MS_I − MS_SI, MS_S, MS_I) / S·n, with at most "
        f"2(S − 1) degrees of freedom. The spread over trainings alone stands beside.{part.rstrip()}"
    )


_RECALLS = "Recalls: the variance between seeds plus that of images. "
_CROSS_PROBE = (
    "**Cross-probe. **A linear probe learns the original's block and is read on the compressed network's. Its loss is "
    "in points and has accuracy's margin, in every block. With n images and no change, the loss is at most about 3/n."
)


def _overall(study: Study) -> str:
    """How likely any of the report's words is false."""
    count = sum(family.words for family in families(study))
    if not count:
        return "No word of this report rests on a test."
    of = counted(count, "family") if count == 1 else f"{count} families"
    return (
        f"Words rest on {of} at {study.plan.alpha:g} each. The probability of any false word in this report is at most "
        f"{overall_rate(study):.2g}."
    )


def _calibration(study: Study) -> str:
    rows = simulated(study)
    if not rows:
        return (
            "Whether the intervals cover and the tests keep their level was not simulated beside these runs. "
            "The command python -m bench calibrate does it, and its table then stands here."
        )
    intervals = [row for row in rows if not row.within and row.kind == "coverage"]
    carry = sum(map(warned, intervals))
    warnings = f" Of those whose intervals do not, {carry} of {len(intervals)} warn in most estimates."
    settings, promises = ([row for row in rows if (row.kind == "promise") == whole] for whole in (False, True))
    kept = sum(row.within for row in settings)
    of_report = sum(row.status == "kept" for row in promises), sum(row.status in ("kept", "missed") for row in promises)
    sentences = [
        f"Simulated settings of intervals and tests that keep what they promise: {kept} of {len(settings)}."
        f"{warnings if intervals else ''}" if settings else "",
        f"Promises kept of reports whose truth is known: {of_report[0]} of {of_report[1]}." if promises else "",
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
        "Every table lies beside this report as CSV, JSON and Parquet, unrounded, with intervals in columns of their "
        "own. The file datapackage.json describes every column (Frictionless Data Package)."
    )


_SECTIONS = (
    findings, results, inside, explanations, predictions, training, holes, methods, statistics, provenance, data,
)  # fmt: skip
SECTIONS: dict[str, Callable[[Study], list[Sentence]]] = {section.__name__: section for section in _SECTIONS}
