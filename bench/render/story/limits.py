"""What the results do not say: data, test set, margins, measures, seeds."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis import preset, wording
from bench.analysis.study import Study
from bench.render.kit.names import short
from bench.render.kit.prose import Sentence, counted, listed
from bench.render.story.masthead import CLAIM_SEEDS, in_unit, one_image
from bench.statistics.equivalence import withheld


def limits(study: Study) -> Iterator[Sentence]:
    """One sentence each."""
    yield (_data(study),)
    yield (_test_set(study),)
    yield (_margins(study),)
    yield (_measures(study),)
    yield (_seeds(study),)


def _data(study: Study) -> str:
    data = study.plan.data
    return f"Everything was measured on {data.title or data.source}; on other images it may come out differently."


def _test_set(study: Study) -> str:
    images, noun = study.plan.data.counts.get("test"), study.primary.noun
    if not images:
        return f"How many images {noun} was tested on is not recorded."
    worth = one_image(study)
    so = f", so that one is worth {worth}" if worth else ""
    return f"The test set has {counted(images, 'image')}{so}; smaller differences need more images."


def _margins(study: Study) -> str:
    inside = f"{study.plan.margins.inside:g} of a new training's distance"
    first = preset.kept(study).first
    when = "are not recorded with the first result"
    if first is not None:
        kept = not (first.cells or preset.changes(study))
        when = "were fixed before the first result" if kept else "were not fixed before the first result"
    loss = in_unit(study, f"{study.plan.margins.accuracy:g}")
    return f"The margins, {loss} and {inside}, {when}; other margins could change the verdicts."


def _measures(study: Study) -> str:
    names = [short(wording.measure_title(study, name)) for name in study.plan.similarity.inside]
    images = study.plan.data.counts.get("probe")
    on = f" on {counted(images, 'image')}" if images else ""
    rest = "what these do not" if len(names) > 1 else "what it does not"
    return f"Words on features rest on {listed(names)}{on}; another measure may see {rest}."


def _seeds(study: Study) -> str:
    each = f"Each network was trained with {counted(study.seeds, 'seed')}"
    if withheld(study.seeds, study.plan.alpha):
        return f"{each}, too few for any word."
    if study.seeds < CLAIM_SEEDS:
        return f"{each}; we ask for {CLAIM_SEEDS} before a claim."
    return f"{each}; what other trainings would give is seen through these alone."
