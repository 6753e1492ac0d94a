"""How easy a page's prose reads, and which of its sentences are too long: what tests hold pages to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

MOST_WORDS = 30  # of a sentence
EASIEST = 50  # least Flesch reading ease of a page
BLOCKS = {
    "p",
    "li",
    "h1",
    "h2",
    "h3",
    "h4",
    "figcaption",
    "summary",
    "dt",
    "dd",
    "td",
    "th",
    "caption",
    "div",
    "option",
}
SKIPPED = {"script", "style", "pre", "svg", "code"}
PROSE = {"p", "li", "dd"}
APART = {"ol", "p", "span", "li", "cite", "td"}  # lists of papers and files are no sentences


@dataclass
class _Block:
    tag: str
    texts: list[str] = field(default_factory=list)
    kept: bool = True


class _Page(HTMLParser):
    """Collects the text of a page, block by block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[_Block] = []
        self.open: list[_Block] = []
        self.skipped: list[str] = []
        self.apart = 0  # depth inside a list of references

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = (dict(attrs).get("class") or "").split()
        if self.skipped or tag in SKIPPED:
            self.skipped += [tag] * (tag in (*SKIPPED, *self.skipped))
            if tag == "code" and self.open and len(self.skipped) == 1:
                self.open[-1].texts.append(" code ")
        elif self.apart or {"references", "files", "marker", "citations"} & set(classes):
            self.apart += tag in APART
        elif tag in BLOCKS:
            self.open.append(_Block(tag))
            self.blocks.append(self.open[-1])

    def handle_endtag(self, tag: str) -> None:
        if self.skipped:
            if tag == self.skipped[-1]:
                self.skipped.pop()
        elif self.apart:
            self.apart -= tag in APART
        elif tag in BLOCKS and any(block.tag == tag for block in self.open):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self.open and not self.skipped and not self.apart:
            self.open[-1].texts.append(data)


def blocks(page: str, tags: set[str] = BLOCKS) -> list[str]:
    """The texts of a page's blocks, without scripts, drawings, code and references."""
    reader = _Page()
    reader.feed(page)
    texts = (" ".join("".join(block.texts).split()) for block in reader.blocks if block.tag in tags)
    return [text for text in texts if text]


def sentences(text: str) -> list[str]:
    """The sentences of a block: they end with a stop before a space and a capital, a digit or a quotation mark."""
    ends = r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<! vs\.)(?<!et al\.)[”’)]?\s+(?=[A-Z0-9“±−+])"
    return [part for part in re.split(ends, text) if part]


def words(sentence: str) -> list[str]:
    """Words and numbers: what stands between spaces and holds a letter or a digit."""
    return [word for word in re.split(r"[\s/–—]+", sentence) if re.search(r"\w", word)]


def syllables(word: str) -> int:
    """Syllables of a word: its groups of vowels, less a silent e at the end.

    >>> [syllables(word) for word in ("cat", "seed", "margin", "compare", "table", "accuracy", "trained")]
    [1, 1, 2, 2, 2, 4, 1]
    """
    letters = re.sub(r"[^a-z-]", "", word.lower())
    return max(sum(_of_part(part) for part in letters.split("-") if part), 1)


def _of_part(part: str) -> int:
    groups = len(re.findall(r"[aeiouy]+", part))
    if re.search(r"[^aeiouyl]e$|[^aeiouytd]ed$|[^aeiouysxzcg]es$|[aeiouy]le$", part) and groups > 1:
        groups -= 1
    return max(groups, 1)


def ease(texts: list[str]) -> float:
    """Flesch's reading ease: 206.835 - 1.015 words per sentence - 84.6 syllables per word; numbers are left out."""
    said = [words(sentence) for text in texts for sentence in sentences(text)]
    said = [[word for word in sentence if re.search("[A-Za-z]", word)] for sentence in said]
    said = [sentence for sentence in said if sentence]
    count = sum(map(len, said))
    spoken = sum(syllables(word) for sentence in said for word in sentence)
    return 206.835 - 1.015 * count / len(said) - 84.6 * spoken / count


def too_long(page: str) -> list[str]:
    """Sentences of a page with more than `MOST_WORDS` words, each with its number of them."""
    found = dict.fromkeys(sentence for text in blocks(page) for sentence in sentences(text))
    return [f"{len(words(each))} words: {each}" for each in found if len(words(each)) > MOST_WORDS]


def nested(page: str) -> list[str]:
    """Sentences of a page with brackets in brackets."""
    found = dict.fromkeys(sentence for text in blocks(page) for sentence in sentences(text))
    return [each for each in found if re.search(r"[(\[][^()\[\]]*[(\[]", each)]
