from __future__ import annotations

from dataclasses import replace

from bench.render.kit.figure import Figure
from bench.render.writers.captioning import MOST_OF_A_NOTE, MOST_WORDS, brief, captioned, shared

SENTENCE = "One of ten words that stand here for a rule."
FIGURE = Figure("id", "A title", " ".join([SENTENCE] * 8), "", lambda medium: None, ())  # type: ignore[arg-type, return-value]


def test_whole_sentences_fill_a_caption_and_the_rest_are_notes():
    caption = captioned(replace(FIGURE, details="Read it so."))
    assert caption.bold == "A title."
    assert caption.text == " ".join([SENTENCE] * 5)
    assert caption.notes == (" ".join([SENTENCE] * 3) + " Read it so.",)


def test_a_finding_takes_the_place_of_the_title():
    caption = captioned(replace(FIGURE, finding="It works.", caption="See."))
    assert (caption.title, caption.bold, caption.text, caption.notes) == ("A title", "It works.", "See.", ())


def test_figures_of_several_networks_share_their_findings():
    caption = shared([replace(FIGURE, finding=f"{name} works.", network=name) for name in ("a", "b")])
    assert caption.bold == "A title."
    assert caption.text.startswith("a works. b works. One of ten")
    assert len(f"{caption.bold} {caption.text}".split()) <= MOST_WORDS


def test_a_note_in_a_papers_text_is_brief():
    assert brief(["Short.", "Two."]) == "Short. Two."
    assert len(brief([SENTENCE] * 30).split()) == MOST_OF_A_NOTE
