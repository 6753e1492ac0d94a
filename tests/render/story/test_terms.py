from __future__ import annotations

import re

from bench.render.story.terms import TERMS, explained
from tests import prose


def page(body: str) -> str:
    return f"<html><head><title>One seed</title></head><body><main>{body}</main></body></html>"


def underlined(text: str) -> list[str]:
    return re.findall(r'<dfn class="term" title="[^"]+">([^<]*)</dfn>', text)


def test_the_first_use_alone_is_underlined():
    found = explained(page("<p>6 seeds and a margin.</p><p>Another seed, another margin.</p>"))
    assert underlined(found) == ["seeds", "margin"]
    assert found.index("<dfn") < found.index("Another")


def test_a_list_holds_what_the_page_uses():
    found = explained(page("<p>By CKA, with an interval.</p>"))
    assert re.findall("<dt>(.*?)</dt>", found) == ["interval", "CKA"]
    assert found.index("<details") < found.index("</main>")


def test_only_running_text_is_touched():
    body = (
        '<h1>One seed</h1><script>let seed = "a < b";</script><svg><text>seed</text></svg><button>seed</button>'
        '<a href="#seed">seed</a><p title="seed" data-variant="a seed">other words</p><!-- seed -->'
    )
    assert explained(page(body)) == page(body)


def test_words_that_hold_a_term_are_no_use_of_it():
    body = "<p>seedling, per-seed, probes2, controlled</p>"
    assert explained(page(body)) == page(body)


def test_a_term_inside_another_is_not_marked_twice():
    found = explained(page("<p>One seed-equivalent, then a seed.</p>"))
    assert underlined(found) == ["seed-equivalent", "seed"]


def test_an_apostrophe_is_found_as_the_page_writes_it():
    assert underlined(explained(page("<p>can&#39;t tell</p>"))) == ["can&#39;t tell"]


def test_names_of_users_stay_escaped():
    found = explained(page("<p>&lt;b&gt;seed&lt;/b&gt; &amp; more</p>"))
    assert "&lt;b&gt;<dfn" in found
    assert "</dfn>&lt;/b&gt; &amp; more" in found


def test_explanations_are_plain_english():
    assert not [each for each in TERMS.values() if len(prose.words(each)) > prose.MOST_WORDS]
    assert prose.ease(list(TERMS.values())) >= prose.EASIEST
