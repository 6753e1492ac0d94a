"""What most tables share: a row per network, grouped by model, and the columns that name it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from bench.analysis.looks import Looks
from bench.analysis.networks import title_of
from bench.analysis.study import Study
from bench.render.kit.table import DASH, Column, Datum, Gotten
from bench.roles import ORIGINAL, OTHER_SEED
from bench.runner.plan_file import PlannedVariant
from bench.statistics.estimate import Estimate

S = TypeVar("S")
P = TypeVar("P")


Role = Literal["method", "control", "original"]


def role_of(variant: PlannedVariant) -> Role:
    """What sets a variant's row apart from others."""
    return "original" if variant.label == ORIGINAL else "control" if variant.control else "method"


def units_of(study: Study) -> set[str]:
    """The units that a study's task brings along."""
    changes = {change.unit for change in study.changes}
    return {study.primary.level_unit, study.primary.unit, *changes} - {""}


@dataclass(frozen=True)
class Network:
    """One variant of one model, as the subject of a row: what its study, or one diagnostic, measured of it.

    Attributes:
        hole: stands in the place of a number that is missing: why it has none.
    """

    source: Study | Looks
    model: str
    variant: PlannedVariant
    hole: str = DASH

    @property
    def label(self) -> str:
        """The variant's name in files."""
        return self.variant.label

    @property
    def title(self) -> str:
        """The variant as printed."""
        return self.variant.title

    @property
    def role(self) -> Role:
        """Sets the original and the controls apart from the methods."""
        return role_of(self.variant)

    @property
    def about(self) -> tuple[tuple[str, str], ...]:
        """Names the network for scripts."""
        return (("model", self.model), ("variant", self.label), ("family", self.variant.family))

    def mean(self, metric: str) -> Estimate:
        """A metric's mean over seeds."""
        return self.source.mean(metric, self.model, self.label)

    def difference(self, metric: str, reference: str) -> Estimate | Datum:
        """A metric's mean difference to another variant's, paired by seed; nothing to say of one to itself."""
        if self.label == reference:
            return Datum()
        return self.source.difference(metric, self.model, self.label, reference)


def networks(
    source: Study | Looks,
    variants: Iterable[PlannedVariant] | None = None,
    kind: str = "compress",
    otherwise: str = "",
) -> dict[str, list[Network]]:
    """One network per variant (all, or `variants`) by model's title: methods first, then what they are compared with.

    Args:
        kind: of the study's cells whose worst state is a network's hole.
        otherwise: its hole if all of them are done.
    """
    study = source.study if isinstance(source, Looks) else source
    # Sorting is stable: within the methods, and within what they are compared with, the plan's order stays.
    ordered = sorted(study.plan.variants if variants is None else variants, key=lambda variant: variant.control)

    def hole(model: str, label: str) -> str:
        if isinstance(source, Looks):
            return source.hole(model, label) or otherwise or "none"
        return source.hole(model, label, kind) or otherwise

    return {
        title_of(study, model): [Network(source, model, variant, hole(model, variant.label)) for variant in ordered]
        for model in study.models
    }


def apart_from_another_seed(study: Study) -> list[PlannedVariant]:
    """All variants but another seed, whose accuracy and size repeat the original's in another order of seeds."""
    return [variant for variant in study.plan.variants if variant.label != OTHER_SEED]


def of_part(part: Callable[[S], P | None], get: Callable[[P], Gotten]) -> Callable[[S], Gotten]:
    """A getter that asks a part of the subject; the subject's hole if it lacks that part."""

    def value(subject: S) -> Gotten:
        component = part(subject)
        return Datum(hole=getattr(subject, "hole", DASH)) if component is None else get(component)

    return value


MODEL: Column[Any] = Column(
    "model", "Network", "text", "Name of the network.", lambda net: net.model, shown=False, identifies=True
)
LABEL: Column[Network] = Column(
    "variant", "Label", "code", "The variant's name in files and on the command line.", lambda net: net.label,
    shown=False, identifies=True,
)  # fmt: skip
VARIANT: Column[Network] = Column(
    "title", "Variant", "text", "The compression method with its settings, as printed.", lambda net: net.title
)
NAMES: tuple[Column[Network], ...] = (MODEL, LABEL, VARIANT)
