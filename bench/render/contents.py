"""The page's order, in one list. A new table or figure is its file in `tables/` or `figures/` and one line here.

`tables/results` is `bench/render/tables/results.py`. What its `build(study)` returns stands in the section that lists
it, at that place: one item, several as a list, or nothing where None.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import InputError, did_you_mean

ROOM = Path(__file__).parent
FOLDERS = ("tables", "figures")


@dataclass(frozen=True)
class Heading:
    """One section of the page: its anchor, its title, and its tables and figures in order."""

    id: str
    title: str
    entries: tuple[str, ...]


OPENING = "figures/footprint"  # beside the summary, before all sections
CONTENTS = (
    Heading("findings", "Findings", ("tables/along",)),
    Heading(
        "results",
        "Results",
        (
            "tables/budget",
            "tables/search",
            "tables/results",
            "tables/superiority",
            "figures/ranking",
            "tables/across",
            "figures/activations",
            "tables/published",
            "tables/storage",
            "tables/cost",
        ),
    ),
    Heading(
        "inside",
        "The inside",
        (
            "figures/differences",
            "tables/verdicts",
            "figures/inside",
            "tables/inside",
            "figures/distance",
            "tables/similarity",
            "tables/disagreements",
            "figures/depth",
            "tables/blocks",
            "tables/refusals",
            "figures/maps",
        ),
    ),
    Heading(
        "explanations",
        "Explanations and units",
        (
            "tables/explanations",
            "figures/attributions",
            "tables/faithfulness",
            "figures/galleries",
            "tables/units",
            "tables/activation_statistics",
            "figures/activation_blocks",
            "figures/corruptions",
            "tables/corruptions",
            "tables/undone",
        ),
    ),
    Heading(
        "predictions",
        "Who notices",
        (
            "tables/predictions",
            "figures/reliability",
            "tables/hurt",
            "figures/exemplars",
            "tables/classes",
        ),
    ),
    Heading("training", "Training", ("figures/curves",)),
    Heading("holes", "What is missing", ("tables/holes",)),
    Heading("methods", "Methods", ("tables/methods", "tables/looks", "tables/recipes")),
    Heading("statistics", "Statistics", ("tables/families", "tables/promises", "tables/calibration")),
    Heading("provenance", "Provenance", ("tables/provenance", "tables/time", "tables/checklist")),
    Heading(
        "data",
        "Data",
        (
            "tables/cells",
            "tables/learning",
            "tables/distances",
            "tables/maps",
            "tables/reliability",
            "tables/exemplars",
            "tables/diagnoses",
            "tables/attribution_maps",
            "tables/channel_images",
            "tables/gallery",
        ),
    ),
)


def check(
    texts: Collection[str], contents: Sequence[Heading] = CONTENTS, opening: str = OPENING, room: Path = ROOM
) -> None:
    """Hold the list against what there is, since an item that is not listed would vanish without a word.

    Args:
        texts: ids of the sections that have sentences.
        room: the folder that holds `tables/` and `figures/`.

    Raises:
        InputError: a sentence for each file that is not listed, listed name without a file, name listed twice, and
            text whose section does not exist.
    """
    problems = [*_misplaced(contents, opening, room), *_homeless(texts, [heading.id for heading in contents])]
    if problems:
        raise InputError(problems)


def _misplaced(contents: Sequence[Heading], opening: str, room: Path) -> Iterator[str]:
    listed = Counter([opening, *(entry for heading in contents for entry in heading.entries)])
    files = {
        f"{folder}/{path.stem}"
        for folder in FOLDERS
        for path in (room / folder).glob("*.py")
        if not path.stem.startswith("_")
    }
    for entry in sorted(files - set(listed)):
        yield f"bench/render/{entry}.py is in no section: add {entry!r} to one in bench/render/contents.py"
    for entry in sorted(set(listed) - files):
        yield (
            f"bench/render/contents.py lists {entry!r}, but there is no bench/render/{entry}.py: "
            f"{did_you_mean(entry, files)}"
        )
    for entry in sorted(entry for entry, times in listed.items() if times > 1):
        yield f"bench/render/contents.py lists {entry!r} twice: an item has one place"


def _homeless(texts: Collection[str], ids: Sequence[str]) -> Iterator[str]:
    for section in sorted(set(texts) - set(ids)):
        yield (
            f"bench/render/text/sections.py has sentences for the section {section!r}, which is not in "
            f"bench/render/contents.py: {did_you_mean(section, ids)}"
        )
