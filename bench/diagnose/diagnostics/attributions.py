"""Attributions by Captum, and how far every network's agree with the original's on the same images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from bench import diagnose
from bench.diagnose import explanations
from bench.diagnose.diagnostic import NO_ORIGINAL, Diagnostic, Findings, Probe, mean_or_none, spread
from bench.diagnose.explanations.agreement import spearman, top_overlap
from bench.roles import ORIGINAL

if TYPE_CHECKING:
    from torch import nn

Attribution = Literal[
    "integrated-gradients", "grad-cam", "saliency", "smoothgrad", "occlusion", "guided-backprop", "lrp"
]
AGREEMENTS = {"spearman": spearman, "top_overlap": top_overlap}
FULL = 99  # percentile of the original's absolute values that a picture's 1 stands for
LARGEST = 1000.0  # in a picture, so that float16 holds it


@dataclass(frozen=True)
class Attributions(Diagnostic):
    """Every network explains the same class, the original's answer, on the same images.

    A network with quantised feature maps is explained twice: as it computes, and as VERSION-bypassed with the
    quantisers of its feature maps by-passed.

    Args:
        methods: which attributions.
        images: how many agreement is averaged over.
        pictures: how many of these keep their maps.
        steps: of integrated gradients.
        samples: of SmoothGrad's noise.

    Metrics:
        `METHOD.spearman.VERSION`, `METHOD.top_overlap.VERSION`: mean agreement with the original's maps, -1 to 1 and 0
        to 1. `METHOD.blank.VERSION`: number of images whose map is positive nowhere.

    Arrays:
        `images` (n,) indices into the probe, `targets` (n,), `METHOD.AGREEMENT.VERSION` (n,) float32,
        `shown` (pictures,) indices into `images`, `real` (pictures, C, H, W) uint8 those images,
        `METHOD.map.VERSION` (pictures, h, w) float16: summed over channels, for all versions in units of the 99th
        percentile of the original's absolute values on that image.
    """

    methods: tuple[Attribution, ...] = ("integrated-gradients", "grad-cam")
    images: Annotated[int, Field(ge=1)] = 32
    pictures: Annotated[int, Field(ge=1)] = 6
    steps: Annotated[int, Field(ge=2)] = 16
    samples: Annotated[int, Field(ge=1)] = 8

    version = 3
    title = "Attributions"
    needs_classes = True
    source = (
        "kokhlikyan2020captum", "sundararajan2017axiomatic", "selvaraju2017gradcam", "simonyan2014deep",
        "smilkov2017smoothgrad", "zeiler2014visualizing", "springenberg2015striving", "bach2015pixelwise",
        "adebayo2018sanity",
    )  # fmt: skip

    def __call__(self, networks: Mapping[str, nn.Module], probe: Probe) -> Findings:
        """See Diagnostic."""
        if ORIGINAL not in networks:
            return Findings(notes=[NO_ORIGINAL])

        chosen = probe.spread(self.images)
        targets = diagnose.networks.answers(networks[ORIGINAL], probe.images[chosen])
        shown = spread(len(chosen), self.pictures)
        findings = Findings(arrays={"images": chosen, "targets": targets, "shown": shown})
        findings.arrays["real"] = probe.pixels[chosen[shown]]
        for method in self.methods:
            maps = self._maps(method, networks, probe, chosen, targets, findings.notes)
            for version, values in maps.items():
                _record(findings, f"{method}.{{}}.{version}", values, maps.get(ORIGINAL))
                if ORIGINAL in maps and values.shape == maps[ORIGINAL].shape:
                    findings.arrays[f"{method}.map.{version}"] = _picture(values[shown], maps[ORIGINAL][shown])
        return findings

    def _maps(
        self,
        method: str,
        networks: Mapping[str, nn.Module],
        probe: Probe,
        chosen: np.ndarray,
        targets: np.ndarray,
        notes: list[str],
    ) -> dict[str, np.ndarray]:
        """Maps (n, h, w) by version, in the order of roles; a version that cannot be explained gets a note instead."""

        layer = diagnose.networks.deepest_map(networks[ORIGINAL], probe.layers, probe.images[:1])
        how = explanations.attribution.How(self.steps, self.samples, probe.seed, layer)
        maps = {}
        for version in diagnose.networks.versions(networks):
            try:
                values = explanations.attribution.explain(version, method, probe.images[chosen], targets, how)
                maps[version.name] = values.sum(1)
            except explanations.attribution.CannotExplain as reason:
                notes.append(f"{method} of {version.name}: {reason}.")
        return maps


def _record(findings: Findings, name: str, maps: np.ndarray, original: np.ndarray | None) -> None:
    rows = maps.reshape(len(maps), -1)
    findings.metrics[name.format("blank")] = float((~(rows > 0).any(1)).sum())
    undefined = int((~np.isfinite(rows).all(1) | (rows == rows[:, :1]).all(1)).sum())
    if undefined:
        findings.notes.append(f"{name.format('map')}: {undefined} of {len(rows)} maps are constant or not finite.")
    if original is None or original.shape != maps.shape:
        findings.notes.append(f"{name.format('map')}: there is no map of the original of the same shape.")
        return
    for agreement, measure in AGREEMENTS.items():
        values = measure(rows, original.reshape(len(original), -1))
        findings.metrics[name.format(agreement)] = mean_or_none(values)
        findings.arrays[name.format(agreement)] = values.astype(np.float32)


def _picture(maps: np.ndarray, original: np.ndarray) -> np.ndarray:
    # The original's scale serves all versions of an image: scaled by its own largest value, a network that explains
    # nothing would look as sure as any other. A percentile, since a single pixel may exceed all others by far.
    full = np.percentile(np.abs(np.nan_to_num(original)), FULL, axis=(1, 2), keepdims=True)
    scaled = np.nan_to_num(maps) / np.where(full > 0, full, 1.0)
    return np.clip(scaled, -LARGEST, LARGEST).astype(np.float16)
