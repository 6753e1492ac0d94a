"""How far every variant's attributions agree with the original's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bench.analysis.attributions import DIAGNOSTIC, TITLES, attributions
from bench.analysis.looks import BYPASSED, Looks
from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, Network, networks
from bench.render.kit.table import DASH, Column, Datum, Table, estimate, tabulate
from bench.roles import CONTROL, ORIGINAL, OTHER_SEED
from bench.statistics.estimate import Estimate


@dataclass(frozen=True, kw_only=True)
class Explained(Network):
    """A network by one attribution; `suffix` is `BYPASSED` where its feature maps' quantisers are by-passed."""

    looks: Looks
    attribution: str
    suffix: str = ""

    @property
    def title(self) -> str:
        """The variant as printed, and what is by-passed."""
        return f"{self.variant.title}, quantisers by-passed" if self.suffix else self.variant.title

    def mean(self, metric: str) -> Estimate:
        """A metric of the attribution, mean over seeds."""
        return self.looks.mean(f"{self.attribution}.{metric}", self.model, self.label, suffix=self.suffix)

    def agreement(self, metric: str) -> Estimate | Datum:
        """With the original's maps; nothing to say of the original itself."""
        return Datum() if self.label == ORIGINAL else self.mean(metric)

    def less_control(self, metric: str) -> Estimate | Datum:
        """Agreement less the fine-tuned control's; nothing to say of the two themselves."""
        if self.label in (ORIGINAL, CONTROL):
            return Datum()
        name = f"{self.attribution}.{metric}"
        return self.looks.difference(name, self.model, self.label, CONTROL, suffix=self.suffix)

    def distance(self, metric: str) -> Datum:
        """Agreement in seed-equivalents; nothing to say of the original itself."""
        if self.label == ORIGINAL:
            return Datum()
        if self.label == OTHER_SEED:
            return Datum(note="The unit itself.")
        name = f"{self.attribution}.{metric}"
        return estimate(self.looks.distance(name, self.model, self.label, suffix=self.suffix), hole=DASH)


COLUMNS: tuple[Column[Explained], ...] = (
    *NAMES,
    Column("attribution", "Attribution", "text", "Which attribution.",
           lambda net: TITLES.get(net.attribution, net.attribution), shown=False, identifies=True),
    Column("quantisers", "Quantisers", "text", "Whether those of feature maps compute or are by-passed.",
           lambda net: "by-passed" if net.suffix else "as they compute", shown=False, identifies=True),
    Column("spearman", "Spearman", "estimate", "Signed rank correlation with the original's map, -1 to 1.",
           lambda net: net.agreement("spearman"), "", 3),
    Column("spearman_less_control", "From control", "estimate", "Paired by seed.",
           lambda net: net.less_control("spearman"), "", 3, signed=True),
    Column("seed_equivalents", "Seed-eq.", "estimate", "(1 - Spearman) / (1 - that of another seed).",
           lambda net: net.distance("spearman"), "", 2, ends=True),
    Column("top_overlap", "Top 10%", "estimate", "Share of the 10% largest positions that agree; chance: 0.1.",
           lambda net: net.agreement("top_overlap"), "", 3),
    Column("top_overlap_seed_equivalents", "Top 10%, seed-eq.", "estimate", "The same of the overlap.",
           lambda net: net.distance("top_overlap"), "", 2, ends=True, shown=False),
    Column("blank", "Blank", "number", "Images whose map has nothing that speaks for the class, mean.",
           lambda net: net.mean("blank").value, "", 1),
    Column("seeds", "n", "number", "Seeds with a result.", lambda net: net.mean("blank").n),
)  # fmt: skip


def build(study: Study) -> Table | None:
    """The table: a group per model and attribution; None if nothing was explained."""
    looks = Looks(study, DIAGNOSTIC)
    if not looks:
        return None
    return tabulate(
        "explanations",
        "Agreement of explanations",
        "How far each network explains the original's answers as the original does, on the same "
        f"{looks.images} probe images.",
        COLUMNS,
        {
            f"{name}: {TITLES.get(attribution, attribution)}": _explained(looks, attribution, members)
            for name, members in networks(looks, looks.variants).items()
            for attribution in attributions(looks)
        },
        empty="No attribution is done yet.",
        details="Signed attributions: mean over images, then over seeds. Seed-eq.: (1 − Spearman) / (1 − Spearman of "
        "another seed), by a jackknife over seeds; 0 is the original, 1 is as far as another training. Blank: how many "
        "images get a map with nothing that speaks for the class. Quantisers by-passed: the gradient without rounding "
        "feature maps. No tests.",
    )


def _explained(looks: Looks, attribution: str, members: list[Network]) -> Iterator[Explained]:
    """Each network, and again with its quantisers by-passed if it has any."""
    for net in members:
        # Only networks with quantisers of feature maps have by-passed values, and of those both are shown: rounding has
        # no gradient of its own, so neither row alone is the explanation of the quantised network.
        explained = Explained(looks, net.model, net.variant, net.hole, looks=looks, attribution=attribution)
        yield explained
        bypassed = replace(explained, suffix=BYPASSED)
        if bypassed.mean("spearman").n:
            yield bypassed
