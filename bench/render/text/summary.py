"""The answer, in paragraphs: over all models, and one for each."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis import outcomes, wording
from bench.analysis.claims import claims_on
from bench.analysis.networks import network_titles
from bench.analysis.study import Study
from bench.calibrate.beside import in_short
from bench.render.kit.prose import Sentence, counted, listed
from bench.render.text import counts
from bench.render.text.within import paragraph, within_budget


def summary(study: Study) -> list[Sentence]:
    """What was done, what came out of it all, and what to use on each network: a paragraph each."""
    counted_words = ((sentence,) for sentence in (counts.words(study), *_told(study)) if sentence)
    inside = ((sentence,) for sentence in (counts.insides(study), counts.farthest(study)) if sentence)
    answer = paragraph([*counted_words, *inside])
    models = [paragraph(within_budget(study, model)) for model in study.models]
    return [scope(study), *([*filter(None, [answer, *models])] or [("No method has a result yet.",)])]


def scope(study: Study) -> Sentence:
    """What was done, and what is missing of it."""
    lost = wording.holes(study)
    missing = f" Of {counted(len(study.results.cells), 'cell')}, {lost}." if lost else ""
    networks = listed(list(network_titles(study).values()))
    return (
        f"{counted(len(study.plan.methods), 'compressed version')} of {networks}, "
        f"{counted(study.seeds, 'seed')}, on {study.plan.data.title or study.plan.data.source}.{missing} "
        f"{in_short(study)}",
    )


def _told(study: Study) -> Iterator[str]:
    """With what power "same" was tested for, and what would settle the rest."""
    claims = claims_on(study, outcomes.primary(study))
    if power := wording.power(claims):
        yield f"Power to show “same”: {power}."
    yield wording.would_tell(claim for claim in claims if claim.undecided)
