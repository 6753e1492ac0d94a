"""Terms that a stranger may not know: explained where they first stand on a page, and in a list at its end."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

TERMS = {
    "seed": "Where a training's random choices start: another seed is another training by the same recipe.",
    "exploratory": "With too few seeds for a claim: it shows what to look at next.",
    "margin": "The largest difference that does not matter.",
    "validation images": "Images that methods are chosen by, so that the test images stay unseen until the end.",
    "control": "A network to compare with, such as the original trained on for as long as a compressed network was.",
    "fine-tuning": "Training a trained network for some more epochs.",
    "payload": "The bytes of a file that hold the network; a budget holds those of every training.",
    "interval": "A range that holds the true value in 95 of 100 such studies, or as often as stated.",
    "can't tell": "Neither a difference nor its absence beyond the margin is shown.",
    "nothing to lose": "The original itself is not shown to beat chance.",
    "features": "What the blocks of a network compute of an image, on the way to its output.",
    "CKA": "Centred kernel alignment: how alike two networks see the same images; at most 1, but for noise.",
    "k-NN Jaccard": "How many of an image's nearest neighbours two networks share, at most 1.",
    "probe": "A simple classifier that reads a network's features.",
    "seed-equivalent": "The distance between two trainings of a network that differ by their seed alone.",
    "recall": "The share of a class's images that are answered rightly.",
    "box AP": "Average precision of boxes, at most 100: how many objects are found and how few boxes are wrong, over "
    "overlaps from 0.5 to 0.95.",
    "mask AP": "As box AP, by the pixels of objects.",
}

NOT_BEFORE = {"probe": r"(?! images?\b)"}  # the probe images are not read by a probe alone
OF_CLASSES = ("recall", "probe")  # terms that mean something else where networks do not classify

# Terms are explained in running text alone: a link or button has a use of its own, and drawings have their legends.
_UNTOUCHED = "head|script|style|svg|template|button|a|select|option|label|legend|summary|h[1-6]|th|code|pre|dfn|nav"
_PIECES = re.compile(rf"<({_UNTOUCHED})\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", re.DOTALL)
_PLACE = "</main>"


def explained(page: str, *, classifies: bool = True) -> str:
    """A page with the first use of each term underlined, and a list of the terms that it uses before its end.

    >>> print(explained("<main><p>6 seeds, one seed.</p></main>").split("<details")[0])
    <main><p>6 <dfn class="term" title="Where a training&#39;s random choices start: another seed is another training \
by the same recipe.">seeds</dfn>, one seed.</p>
    """
    waiting, used, pieces, end = dict(TERMS), dict[str, str](), list[str](), 0
    if not classifies:
        for term in OF_CLASSES:
            del waiting[term]
    start = page.find("<body")
    for match in _PIECES.finditer(page, max(start, 0)):
        pieces += [_marked(page[end : match.start()], waiting, used) if end else page[: match.start()], match[0]]
        end = match.end()
    marked = "".join([*pieces, page[end:]])
    return marked.replace(_PLACE, f"{_list(used)}{_PLACE}", 1) if used else marked


def _marked(text: str, waiting: dict[str, str], used: dict[str, str]) -> str:
    """Text of a page with the first uses in it underlined; terms go from `waiting` to `used`."""
    for term in [term for term in waiting if str(escape(term)) in text]:
        # Not inside the tags that an earlier term got.
        found = next((m for m in _uses(term, text) if not re.search(r"<[^<>]*$", text[: m.start()])), None)
        if found and not re.search(r"<dfn[^>]*>[^<]*$", text[: found.start()]):
            used[term] = waiting.pop(term)
            text = f"{text[: found.start()]}{_underlined(found[0], used[term])}{text[found.end() :]}"
    return text


def _uses(term: str, text: str) -> Iterator[re.Match[str]]:
    return re.finditer(rf"(?<![\w-]){re.escape(str(escape(term)))}s?(?![\w-]){NOT_BEFORE.get(term, '')}", text)


def _underlined(word: str, explanation: str) -> Markup:
    return Markup('<dfn class="term" title="{}">{}</dfn>').format(explanation, Markup(word))


def _list(used: dict[str, str]) -> Markup:
    rows = Markup("").join(
        Markup("<dt>{}</dt><dd>{}</dd>").format(escape(term), explanation) for term, explanation in used.items()
    )
    return Markup('<details class="terms"><summary>Terms on this page</summary><dl>{}</dl></details>\n').format(rows)
