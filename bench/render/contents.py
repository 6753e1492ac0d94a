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
    """One section of the page: its anchor, its title, and its tables and figures in order.

    Attributes:
        texts: what `text.sections` says before them, in order; by default what has the section's id.
    """

    id: str
    title: str
    entries: tuple[str, ...]
    texts: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """Ids of its texts."""
        return self.texts or (self.id,)


STORY = (
    "figures/footprint",
    "figures/features",
    "figures/start",
    "figures/corners",
    "figures/recall",
    "figures/lost_objects",
    "figures/attributions",
)  # the figures of index.html, in order; all others are of details.html
CONTENTS = (
    Heading(
        "results",
        "Results",
        (
            "tables/results",
            "tables/superiority",
            "tables/search",
            "figures/ranking",
            "tables/across",
            "tables/published",
            "tables/budget",
            "tables/verdicts",
        ),
        ("findings", "results"),
    ),
    Heading(
        "inside",
        "Inside",
        (
            "tables/along",
            "tables/inside",
            "tables/similarity",
            "figures/differences",
            "tables/disagreements",
            "figures/depth",
            "tables/blocks",
            "tables/refusals",
            "figures/single_layers",
            "tables/single_layers",
            "tables/single_layers_together",
        ),
    ),
    Heading(
        "explanations",
        "Explanations",
        (
            "tables/explanations",
            "tables/faithfulness",
            "figures/galleries",
            "figures/exemplars",
            "tables/units",
            "tables/activation_statistics",
            "figures/activation_blocks",
            "figures/corruptions",
            "tables/corruptions",
            "tables/undone",
        ),
    ),
    Heading(
        "users",
        "Users",
        (
            "tables/predictions",
            "figures/reliability",
            "tables/hurt",
            "tables/classes",
            "tables/class_scores",
            "tables/class_levels",
            "tables/lost_objects",
        ),
        ("predictions",),
    ),
    Heading("training", "Training", ("figures/curves",)),
    Heading("cost", "Cost", ("tables/cost", "figures/activations", "tables/storage", "tables/time")),
    Heading("methods", "Methods", ("tables/methods", "tables/looks", "tables/recipes")),
    Heading(
        "statistics", "Statistics", ("tables/sensitivity", "tables/families", "tables/promises", "tables/calibration")
    ),
    Heading(
        "provenance",
        "Provenance",
        (
            "tables/holes",
            "tables/provenance",
            "tables/checklist",
            "tables/per_seed",
            "tables/pairs",
            "tables/cells",
            "tables/learning",
            "tables/single_layers_levels",
            "tables/distances",
            "tables/maps",
            "tables/reliability",
            "tables/exemplars",
            "tables/exemplar_objects",
            "tables/attribution_maps",
            "tables/channel_images",
            "tables/gallery",
        ),
        ("provenance", "holes", "data"),
    ),
)

# The appendix of a paper, at most a dozen pages for 20 methods and 2 networks: what reviewers ask for. `appendix-full`
# holds the rest.
APPENDIX = (
    Heading("results", "Results", ("figures/footprint", "tables/results")),
    Heading("inside", "Inside", ("figures/features", "figures/start", "figures/corners", "tables/inside")),
    Heading(
        "users",
        "Changed predictions",
        ("tables/hurt", "figures/lost_objects", "tables/lost_objects", "tables/class_scores"),
        ("predictions",),
    ),
    Heading("methods", "Methods", ("tables/methods", "tables/recipes")),
    Heading("statistics", "Statistics", ()),
    Heading("provenance", "Provenance", ("tables/provenance", "tables/checklist")),
)
# Columns of the short appendix by table, as many as fit one line; `*` stands for any letters. Other tables, and all of
# `appendix-full`, print what pages show first.
BRIEF = {
    "tables/results": ("title", "top1", "mask_ap", "top1_less_reference", "word", "payload", "ratio"),
    "tables/inside": ("title", "word", "*_distance"),
    "tables/lost_objects": ("title", "found", "lost", "expected", "control", "p_control"),
    "tables/hurt": ("title", "changed", "worst", "recall", "exemplars", "control", "p_control"),
    "tables/methods": ("title", "stages", "epochs", "sources"),
}
# Figures that do not look inside: they are drawn while insides are compared for the others.
EARLY = (
    "figures/footprint",
    "figures/galleries",
    "figures/attributions",
    "figures/activation_blocks",
    "figures/corruptions",
    "figures/reliability",
    "figures/differences",
    "figures/curves",
    "figures/activations",
)
PAPER = ("figures/footprint", "figures/features", "figures/corners")  # those of `figures/paper/`


def entries() -> list[str]:
    """All tables and figures: those of the story first, then those of the details in order."""
    return [*STORY, *(entry for heading in CONTENTS for entry in heading.entries)]


def brief() -> list[str]:
    """The tables and figures of the short appendix."""
    return [entry for heading in APPENDIX for entry in heading.entries]


def check(
    texts: Collection[str], contents: Sequence[Heading] = CONTENTS, story: Sequence[str] = STORY, room: Path = ROOM
) -> None:
    """Hold the list against what there is, since an item that is not listed would vanish without a word.

    Args:
        texts: ids of the sections that have sentences.
        room: the folder that holds `tables/` and `figures/`.

    Raises:
        InputError: a sentence for each file that is not listed, listed name without a file, name listed twice, and
            text whose section does not exist.
    """
    problems = [
        *_misplaced(contents, story, room),
        *_homeless(texts, [text for heading in contents for text in heading.sentences]),
    ]
    if problems:
        raise InputError(problems)


def _misplaced(contents: Sequence[Heading], story: Sequence[str], room: Path) -> Iterator[str]:
    listed = Counter([*story, *(entry for heading in contents for entry in heading.entries)])
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
