"""Whether single channels still do what they did: images that drive them, what they carry, first filters."""

from __future__ import annotations

from dataclasses import dataclass

from bench.analysis.looks import Looks
from bench.analysis.study import Study
from bench.render.kit.rows import NAMES, Network, networks
from bench.render.kit.table import Column, Datum, Table, estimate, tabulate
from bench.render.text import captions
from bench.roles import ORIGINAL


@dataclass(frozen=True)
class UnitMetric:
    """A metric of a diagnostic that fills a column.

    Attributes:
        exact: the original's own value says nothing.
    """

    diagnostic: str
    metric: str
    key: str
    title: str
    describe: str
    unit: str
    digits: int
    exact: bool = True
    factor: float = 1.0

    def column(self, study: Study) -> Column[Network]:
        """The metric's mean over seeds, or why its diagnostic has none."""
        looks = Looks(study, self.diagnostic)

        def get(net: Network) -> Datum:
            if self.exact and net.label == ORIGINAL:
                return Datum()
            hole = looks.hole(net.model, net.label) or "none"
            return estimate(looks.mean(self.metric, net.model, net.label), self.factor, hole=hole)

        return Column(self.key, self.title, "estimate", self.describe, get, self.unit, self.digits)


METRICS = (
    UnitMetric("activation-maximization", "transfer", "transfer", "Transfer",
               "Response to the original's image by the response to the channel's own, mean over channels.", "", 2),
    UnitMetric("activation-maximization", "response", "response", "Response",
               "To the channel's own image, in deviations over the probe, mean over channels.", "sd", 2, exact=False),
    UnitMetric("conductance", "spearman", "conductance", "Conductance",
               "Rank correlation with the original's over the channels of a block, mean over all.", "ρ", 3),
    UnitMetric("filters", "cosine", "filter_cosine", "First filters", "Mean cosine with the original's.", "cos", 3),
    UnitMetric("filters", "zero", "filter_zero", "Zero filters", "Share of first filters that are zero.", "%", 1,
               exact=False, factor=100),
    UnitMetric("class-images", "recognised", "recognised", "Class images",
               "Share of the original's class images that are given their class.", "%", 0, exact=False, factor=100),
    UnitMetric("feature-inversion", "pixels", "inversion", "Inversion",
               "Root mean square distance of an image from the one painted for its features, 0 to 1.", "rms", 3,
               exact=False),
    UnitMetric("feature-inversion", "features", "inversion_left", "Not reached",
               "Squared distance of features that the painting left, share of that to the mean features.", "%", 0,
               exact=False, factor=100),
)  # fmt: skip
SENTENCES = {
    "activation-maximization": "Transfer: how strongly the image painted for a channel of the original drives the "
    "channel here. 1: as well as the image painted here. 0: no more than any image. "
    "Response: to its own image, in standard deviations over the probe.",
    "conductance": "Conductance: Spearman correlation of the channels' share in the answer with the original's.",
    "filters": "First filters: mean cosine with the original's; zero filters: share of them whose weights are all 0.",
    "class-images": "Class images: how many of the images that the original would most like to see of a class get that "
    "class here.",
    "feature-inversion": "Inversion: how far an image is from one painted to have the same features, mean over stages. "
    "Not reached: how much of the distance of features the painting left. Where it is large, a small distance from the "
    "image says little.",
}
MATCHED = (
    "Channels are the original's by index. Another seed's are matched to them by the Hungarian method, as are the "
    "first filters of random weights."
)


def build(study: Study) -> Table | None:
    """The table; None if no diagnostic looked at channels."""
    looks = {name: look for name in SENTENCES if (look := Looks(study, name))}
    metrics = [metric for metric in METRICS if metric.diagnostic in looks]
    if not metrics:
        return None
    # Diagnostics may have ended for different seeds: n is that of the diagnostic with the most.
    seeds: Column[Network] = Column(
        "seeds", "n", "number", "Seeds with a result.",
        lambda net: max(looks[metric.diagnostic].mean(metric.metric, net.model, net.label).n for metric in metrics),
    )  # fmt: skip
    # A row per network that any of the diagnostics was to see; where another one was not, its columns say so.
    variants = [variant for variant in study.plan.variants if any(variant in look.variants for look in looks.values())]
    return tabulate(
        "units",
        "Single channels",
        "What single channels and filters still respond to, beside those of the original.",
        (*NAMES, *(metric.column(study) for metric in metrics), seeds),
        networks(study, variants),
        details=captions.joined(*(SENTENCES[name] for name in looks), MATCHED, "No tests."),
    )
