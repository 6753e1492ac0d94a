"""One profile's story: what stands on `index.html`, in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.analysis.study import Study
from bench.render.kit.figure import Figure
from bench.render.kit.prose import Sentence
from bench.render.story import limits, masthead, page_data
from bench.render.story.hurt import LostPictures, lost_pictures
from bench.render.story.panel import Panel, panel
from bench.render.story.views import Views, views
from bench.roles import ORIGINAL


@dataclass(frozen=True)
class Story:
    """What a reader meets first.

    Attributes:
        title: the finding, in one sentence without a full stop.
        scope: what was done, in one line.
        networks: names of the networks, the one that is shown first in front.
        chapters: figures 1, 2 and so on, each once per network, see `Figure.network`; a figure that no network has is
            an empty chapter.
        limits: what the results do not say.
        data: what the page's script reads, as plain JSON values.
        picks: by network, the classes of A and of B, by variant, as they stand before a reader chooses others.
        lost: pictures that stand above the recall of classes.
        views: by network, what its variants look at.
    """

    title: str
    scope: Sentence
    networks: tuple[str, ...]
    chapters: tuple[tuple[Figure, ...], ...]
    limits: tuple[Sentence, ...]
    data: dict[str, Any]
    picks: Mapping[str, Mapping[str, str]]
    lost: LostPictures
    views: Mapping[str, Views]

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The figures of all networks, in order."""
        return tuple(figure for chapter in self.chapters for figure in chapter)

    @property
    def panels(self) -> dict[str, Panel | None]:
        """The pair that each network's page compares first; None for a network without two results."""
        return {network: panel(self.data, network) for network in self.networks}


def story(study: Study, chapters: Iterable[Sequence[Figure]]) -> Story:
    """The story of a profile.

    Args:
        chapters: what each entry of `contents.STORY` drew, in its order.
    """
    data = page_data.page_data(study)
    return Story(
        title=masthead.finding(study),
        scope=masthead.scope(study),
        networks=study.models,
        chapters=tuple(map(tuple, chapters)),
        limits=tuple(limits.limits(study)),
        data=data,
        picks={network: _picks(study, data, network) for network in study.models},
        lost=lost_pictures(study),
        views=views(study),
    )


def _picks(study: Study, data: Mapping[str, Any], network: str) -> dict[str, str]:
    facts = data.get("by_network", {}).get(network, {})
    first = next((variant.label for variant in study.plan.methods), None)
    chosen = {"is-a": facts.get("a") or first, "is-b": facts.get("b") or ORIGINAL}
    classes: dict[str, str] = {}
    for name, label in chosen.items():
        if label:
            classes[label] = f"{classes[label]} {name}" if label in classes else name
    return classes
