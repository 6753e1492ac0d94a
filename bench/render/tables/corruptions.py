"""Accuracy on corrupted images."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, Network, networks
from bench.render.kit.table import Column, Table, tabulate
from bench.roles import CONTROL, ORIGINAL, OTHER_SEED

DIAGNOSTIC = "corruptions"
KINDS = {"noise": "Noise", "blur": "Blur", "contrast": "Contrast", "brightness": "Bright", "jpeg": "JPEG"}


def build(study: Study) -> Table | None:
    """The table; None if no image was corrupted."""
    looks = Looks(study, DIAGNOSTIC)
    if not looks:
        return None
    return tabulate(
        "corruptions",
        "Accuracy on corrupted images",
        f"Accuracy on {looks.images} probe images, clean and corrupted. A loss above that of the original means more "
        "fragile.",
        (*NAMES, *_columns([kind for kind in KINDS if looks.has(kind)])),
        networks(looks, [variant for variant in looks.variants if variant.label != OTHER_SEED]),
        details="Mean over five strengths, the same images for every network. Loss: clean accuracy less the mean over "
        "corruptions. Differences are paired by seed. No tests.",
    )


def _columns(kinds: list[str]) -> Iterator[Column[Network]]:
    yield _accuracy("clean", "Clean", "Accuracy without corruption.")
    yield from (_accuracy(kind, KINDS[kind], "Accuracy, mean over strengths.") for kind in kinds)
    yield Column(
        "loss", "Loss", "estimate", "Clean less the mean over corruptions.", lambda net: net.mean("loss"), "points", 1,
        scale=100,
    )  # fmt: skip
    yield _loss_less("original", ORIGINAL)
    yield _loss_less("control", CONTROL)
    yield Column("seeds", "n", "number", "Seeds with a result.", lambda net: net.mean("loss").n)


def _accuracy(metric: str, title: str, describe: str) -> Column[Network]:
    return Column(metric, title, "number", describe, lambda net: net.mean(metric).value, "%", 1, scale=100)


def _loss_less(name: str, reference: str) -> Column[Network]:
    return Column(
        f"loss_less_{name}", f"From {name}", "estimate", "Paired by seed.",
        lambda net: net.difference("loss", reference), "points", 1, signed=True, scale=100,
    )  # fmt: skip
