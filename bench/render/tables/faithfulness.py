"""Whether every variant's explanations describe the variant."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.attributions import TITLES
from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, Network, networks
from bench.render.kit.table import Column, Table, tabulate
from bench.roles import ORIGINAL

DIAGNOSTIC = "faithfulness"
SCORES = {
    "deletion": ("Deletion", "Area under the class's probability while what speaks for it is deleted; small is good."),
    "infidelity": ("Infidelity", "What it misses of the squared effect of removing squares, 0 to 1; small is good."),
    "sensitivity": ("Sensitivity", "Largest relative change under noise that is hardly seen; small is good."),
}


def build(study: Study) -> Table | None:
    """The table; None if nothing was scored."""
    looks = Looks(study, DIAGNOSTIC)
    if not looks:
        return None
    method = looks.settings.get("method", "")
    return tabulate(
        "faithfulness",
        "Faithfulness of explanations",
        f"How well each network's attributions ({TITLES.get(method, method)}) explain that network, on {looks.images} "
        "probe images. Smaller is more faithful.",
        (*NAMES, *(column for score in SCORES for column in _columns(score)), SEEDS),
        networks(looks, looks.variants),
        details="Feature maps are quantised as the network computes; by-passed versions are in the data. No tests.",
    )


def _columns(score: str) -> Iterator[Column[Network]]:
    title, describe = SCORES[score]
    yield Column(score, title, "number", describe, lambda net: net.mean(score).value, "", 3)
    yield Column(
        f"{score}_less_original", "From original", "estimate", "Paired by seed.",
        lambda net: net.difference(score, ORIGINAL), "", 3, signed=True,
    )  # fmt: skip


SEEDS: Column[Network] = Column("seeds", "n", "number", "Seeds with a result.", lambda net: net.mean("deletion").n)
