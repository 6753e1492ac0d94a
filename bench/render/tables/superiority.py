"""How often a method, trained again, is more accurate than the original and than its reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.analysis.networks import title_of
from bench.analysis.reference import reference
from bench.analysis.study import Study
from bench.analysis.superiority import Against, superiority
from bench.render.kit.rows import NAMES, Network
from bench.render.kit.table import DASH, Column, Datum, Gotten, Table, estimate, tabulate
from bench.roles import ORIGINAL


@dataclass(frozen=True, kw_only=True)
class Beating(Network):
    """A method with its chances against the original and against its reference, and the reference's name."""

    original: Against | None
    own: Against | None
    beside: str


def _chance(of: Callable[[Beating], Against | None], images: bool) -> Callable[[Beating], Gotten]:
    def get(row: Beating) -> Gotten:
        against = of(row)
        found = (against.new_images if images else against.trainings) if against else None
        return estimate(found, 100, hole=DASH) if found else Datum()

    return get


COLUMNS: tuple[Column[Beating], ...] = (
    *NAMES,
    Column("original", "Beats original", "estimate", "Share of trainings, on these test images.",
           _chance(lambda row: row.original, images=False), "%", 0, ends=True),
    Column("original_new", "On new images", "estimate", "Likewise, on as many new test images: a normal model.",
           _chance(lambda row: row.original, images=True), "%", 0, ends=True),
    Column("reference", "Reference", "text", "What trained as long, if that is not the original.",
           lambda row: row.beside),
    Column("own", "Beats reference", "estimate", "Share of trainings, on these test images.",
           _chance(lambda row: row.own, images=False), "%", 0, ends=True),
    Column("own_new", "On new images", "estimate", "Likewise, on as many new test images: a normal model.",
           _chance(lambda row: row.own, images=True), "%", 0, ends=True),
    Column("seeds", "n", "number", "Seeds that have both networks.",
           lambda row: row.original.trainings.n if row.original else None),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table; None if no method has a seed in common with the original or its reference."""
    if not any(superiority(study).values()):
        return None
    noun = study.primary.noun
    return tabulate(
        "superiority",
        "How often a method is ahead",
        f"How often a method, trained once more, has a higher test {noun} than what it is compared with, trained once "
        "more.",
        COLUMNS,
        {
            title_of(study, model): [_row(study, model, variant.label) for variant in study.plan.methods]
            for model in study.models
        },
        details="Over trainings: seeds are paired and ties count half, on the same test images; intervals by "
        "Clopper-Pearson. On new images: a normal model with trainings and images crossed; intervals by t of the mean "
        "difference. Not corrected for their number (Bouthillier et al. 2021).",
    )


def _row(study: Study, model: str, label: str) -> Beating:
    against, own = superiority(study)[model, label], reference(study, model, label).label
    beside = study.plan.variant(own).title if own and own != ORIGINAL else ""
    return Beating(
        study,
        model,
        study.plan.variant(label),
        study.hole(model, label) or "missing",
        original=against.get(ORIGINAL),
        own=against.get(own) if own and own != ORIGINAL else None,
        beside=beside,
    )
