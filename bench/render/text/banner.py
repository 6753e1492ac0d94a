"""What a reader must know before the first number."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis import preset, wording
from bench.analysis.claims import nothing_to_lose
from bench.analysis.networks import title_of
from bench.analysis.results import HOLES
from bench.analysis.study import Study
from bench.render.kit.fonts import INSTALL, undrawn
from bench.render.kit.prose import counted, listed
from bench.roles import CONTROL
from bench.statistics.tests import smallest_attainable_p

COMMIT_DIGITS = 12  # that are shown of a commit; in full they break a phone's lines
LETTERS_SHOWN = 20


def warnings(study: Study) -> list[str]:
    """What a reader must know before the first number: one sentence each."""
    return [
        *_about_seeds(study),
        *_about_chance(study),
        *preset.changes(study),
        *_about_origin(study),
        *_about_holes(study),
        *_about_letters(study),
    ]


def _about_seeds(study: Study) -> Iterator[str]:
    if study.plan.exploratory:
        yield "Exploratory: this profile trains less than a study does, and nothing here is a headline claim."
    # From six seeds on the smallest p of the sign-flip test, 2^(1 - S), is below 0.05; another alpha asks for others.
    floor = smallest_attainable_p(study.seeds)
    if floor > study.plan.alpha:
        yield (
            f"{counted(study.seeds, 'seed')}: too few for claims. The smallest p of the sign-flip test is {floor:.3g}, "
            f"above {study.plan.alpha:g}, so that no words and no stars are given."
        )
    elif study.seeds < 6:
        yield f"{counted(study.seeds, 'seed')}: too few for headline claims."
    elif study.seeds < 12 and not study.plan.exploratory:
        images = study.plan.data.counts.get("test")
        test = f", {images:,} test images" if images else ""
        yield f"Exploratory: {study.seeds} seeds{test}. We ask for 12 seeds before a claim."


def _about_letters(study: Study) -> Iterator[str]:
    plan = study.plan
    titles = (variant.title for variant in plan.variants)
    texts = (plan.title, plan.report.title, *plan.data.classes, *study.models, *titles)
    if letters := undrawn("".join(texts)):
        shown = letters[:LETTERS_SHOWN] + ("…" if len(letters) > LETTERS_SHOWN else "")
        yield f"No font here has the letters {shown}. Figures show boxes for them. Install {INSTALL}."


def _about_chance(study: Study) -> Iterator[str]:
    yield from (
        f"{title_of(study, model)}: {reason[:1].lower()}{reason[1:]}"
        for model, reason in nothing_to_lose(study).items()
    )


def _about_origin(study: Study) -> Iterator[str]:
    provenance = study.results.provenance
    for field, what in (
        ("commit", "different commits"),
        ("versions.innards", "different versions of Innards"),
        ("device", "different devices"),
        ("processor", "different processors"),
        ("versions.torch", "different versions of PyTorch"),
    ):
        names = sorted(map(str, provenance[field].dropna().unique())) if field in provenance else []
        if len(names) > 1:
            shown = [name[:COMMIT_DIGITS] for name in names] if field == "commit" else names
            yield f"The cells come from {what}: {listed(shown)}."
    dirty = int((provenance["dirty"] == True).sum()) if "dirty" in provenance else 0  # noqa: E712 - None is neither
    if dirty:
        yield f"{counted(dirty, 'cell')} ran with changes that were not committed."


def _about_holes(study: Study) -> Iterator[str]:
    lost = study.results.count(*HOLES)
    if lost:
        of = counted(len(study.results.cells), "cell")
        yield f"{lost:,} of {of} {'has' if lost == 1 else 'have'} no result ({wording.holes(study)})."
    if not any(study.level(model, CONTROL).n for model in study.models):
        yield "There is no fine-tuned control, so that compression can't be told from more training."
