"""Would other margins, or a single measure, give other words? The claims' own code over the same measurements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from bench.analysis import wording
from bench.analysis.claims import claims_on
from bench.analysis.distances import measures
from bench.analysis.inside_family import inside_words
from bench.analysis.outcomes import primary
from bench.analysis.study import Study, judgement
from bench.statistics.equivalence import withheld

FACTORS = (0.5, 1.0, 2.0)  # of the profile's margins
Network = tuple[str, str]  # model, variant


@dataclass(frozen=True)
class UnderTerms:
    """What one question's words are judged by, and the words.

    Attributes:
        inside: whether the question is of the inside; else of the primary outcome.
        factor: of the profile's margins.
        measure: the only one that decides; empty where those of the profile do.
        points: the margin of the primary outcome in its unit, which is the cross-probe's too.
        seed_equivalents: the margin of the inside.
        words: by network; without direction.
        changes: the networks whose word is another than the report's.
    """

    inside: bool
    factor: float
    measure: str
    points: float
    seed_equivalents: float
    words: Mapping[Network, str]
    changes: tuple[Network, ...]

    @property
    def stands(self) -> bool:
        """Whether these are the profile's own terms."""
        return self.factor == 1.0 and not self.measure

    def count(self, *words: str) -> int:
        """How many networks have one of these words."""
        return sum(word in words for word in self.words.values())


@judgement
def sensitivity(study: Study) -> tuple[UnderTerms, ...]:
    """Words under half, once and twice the margins, then by each measure alone; empty if words are withheld."""
    if study.withholds and withheld(study.seeds, study.plan.alpha):
        return ()
    return (*_by_margin(study, _of_primary, inside=False), *_by_margin(study, _of_inside, inside=True), *_alone(study))


def _by_margin(study: Study, words_of: Callable[[Study], dict[Network, str]], *, inside: bool) -> Iterator[UnderTerms]:
    standing = words_of(study)
    if not standing:
        return
    margins = study.plan.margins
    for factor in FACTORS:
        scaled = {name: factor * margin for name, margin in margins.model_dump().items()}
        other = study if factor == 1.0 else study.judged_by(margins=margins.model_copy(update=scaled))
        yield _terms(other, standing, words_of(other), inside=inside, factor=factor)


def _alone(study: Study) -> Iterator[UnderTerms]:
    """Each measure as if it alone decided: then nothing is corrected for several, and no other can object."""
    standing, planned = _of_inside(study), study.plan.similarity
    for name in measures(study) if standing else ():
        other = study.judged_by(similarity=planned.model_copy(update={"inside": (name,)}))
        yield _terms(other, standing, _of_inside(other), inside=True, measure=name)


def _terms(
    study: Study,
    standing: Mapping[Network, str],
    words: Mapping[Network, str],
    *,
    inside: bool,
    factor: float = 1.0,
    measure: str = "",
) -> UnderTerms:
    return UnderTerms(
        inside=inside,
        factor=factor,
        measure=measure,
        points=study.plan.margins.accuracy,
        seed_equivalents=study.plan.margins.inside,
        words=words,
        changes=tuple(network for network, word in words.items() if word != standing.get(network)),
    )


def _of_primary(study: Study) -> dict[Network, str]:
    claims = claims_on(study, primary(study))
    return {(claim.evidence.model, claim.evidence.variant): wording.word(claim) for claim in claims}


def _of_inside(study: Study) -> dict[Network, str]:
    return {(inside.model, inside.variant): wording.bare_inside_word(inside) for inside in inside_words(study)}
