"""What axe-core, the accessibility checker, has to say of the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

axe = pytest.importorskip("axe_core_python")

RUN = """
axe.run(document, {resultTypes: ["violations"], preload: false, ...%s}).then(({violations}) => violations.map(
  ({id, impact, nodes}) => ({id, impact, first: nodes[0].html.slice(0, 200), why: nodes[0].failureSummary})))
"""


def violations(browser, *rules: str) -> list[dict]:
    """Of these rules, or of all."""
    browser.js(Path(axe.__file__).with_name("axe.min.js").read_text(encoding="utf-8") + "; null")
    return browser.js(RUN % json.dumps({"runOnly": rules} if rules else {}))


@pytest.mark.sampled
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)], ids=["wide and light", "phone and dark"])
def test_nothing_serious_is_wrong(browser, rendered: Path, width: int, dark: bool):
    browser.open((rendered / "details.html").as_uri(), width=width, dark=dark)
    serious = [each for each in violations(browser) if each["impact"] in ("serious", "critical")]
    assert serious == [], json.dumps(serious, indent=1)


def test_a_mistake_is_found(browser, rendered: Path):
    browser.open((rendered / "details.html").as_uri())
    browser.js("document.documentElement.removeAttribute('lang')")
    assert "html-has-lang" in {each["id"] for each in violations(browser, "html-has-lang", "page-has-heading-one")}
