"""The report's first page in a headless Chromium: how soon it is painted, and how long another pair takes."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.errors import InputError
from bench.speed._browser import Browser, program
from bench.speed.training import table

PAGES = (Path("report/index.html"), Path("docs/example/index.html"))  # the first that is there is measured
LOADS, CHANGES = 7, 21

# Two frames after a change the browser has drawn it: the first callback comes before it draws, the second after.
CHANGE = """
new Promise((done) => {
  const list = document.querySelector("[name=a]");
  list.selectedIndex = (list.selectedIndex + 1) % list.options.length;
  const begun = performance.now();
  list.dispatchEvent(new Event("change", { bubbles: true }));
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begun)));
})
"""
PAINT = """
new Promise((done) => new PerformanceObserver((entries) => {
  const [entry] = entries.getEntriesByName("first-contentful-paint");
  if (entry) done(entry.startTime);
}).observe({ type: "paint", buffered: true }))
"""


@dataclass(frozen=True)
class Times:
    """Milliseconds, one per load or change.

    Attributes:
        paint: from the start of the navigation to the first paint of text.
        change: from the choice of another network to compare until all figures and the panel are drawn again; empty
            if the page has fewer than two to choose from.
    """

    paint: tuple[float, ...]
    change: tuple[float, ...]


def main() -> None:
    """Print the times of the page that was rendered last.

    Raises:
        InputError: there is no page, or no browser.
    """
    page = next((page for page in PAGES if page.is_file()), None)
    if page is None:
        raise InputError("report/index.html is missing: run `make bench report PROFILE=smoke` first")
    times = measured(page, LOADS, CHANGES)
    print(f"{page}, {page.stat().st_size / 1e6:.2f} MB, headless Chromium")
    print(table([(name, _spread(values)) for name, values in vars(times).items() if values]))


def measured(page: Path, loads: int, changes: int) -> Times:
    """Load a page and change its pair so many times."""
    with _browser() as browser:
        paint = []
        for _ in range(loads):
            browser.open(page.resolve().as_uri(), width=1400)
            paint.append(float(browser.js(PAINT)))
        choices = browser.js("document.querySelector('[name=a]')?.options.length ?? 0")
        change = [float(browser.js(CHANGE)) for _ in range(changes if choices > 1 else 0)]
    return Times(tuple(paint), tuple(change))


@contextmanager
def _browser() -> Iterator[Browser]:
    name = program()
    if name is None:
        raise InputError("no Chromium is installed: install chromium or google-chrome")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(name, folder)
        try:
            yield browser
        finally:
            browser.close()


def _spread(values: tuple[float, ...]) -> str:
    return f"median {statistics.median(values):.0f} ms, longest {max(values):.0f} ms, n = {len(values)}"
