"""As many cells as a large study has."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

LARGEST = 2 * 1024**3  # bytes of memory
CALL = """
import resource, sys
from pathlib import Path
from bench.render import report
from bench.runner.provenance import peak_memory
print(report([Path(sys.argv[1])], Path(sys.argv[2])).text)
print(max(peak_memory(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted in kB on Linux only")
@pytest.mark.parametrize(
    ("networks", "seeds", "least"),
    [(1, 6, 800), pytest.param(6, 12, 9_900, marks=pytest.mark.slow)],
    ids=["one network", "six"],
)
def test_many_cells_are_rendered_in_two_gigabytes(
    runs, variants, tmp_path: Path, networks: int, seeds: int, least: int
):
    sweep = [
        replace(variants["magnitude:sparsity=0.8"], label=f"magnitude:sparsity={name}", title=f"Magnitude ({name})")
        for name in (f"{0.1 + 0.012 * step:.3f}" for step in range(54))
    ]
    made = runs(
        models=tuple(f"model-{place}" for place in range(networks)),
        seeds=tuple(range(seeds)),
        variants=(*variants.values(), *sweep),
    )
    folder, out = made.write(tmp_path), tmp_path / "out"
    cells = len(made.cells())
    assert cells > least
    python = [sys.executable, "-c", CALL, str(folder), str(out)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}  # it takes minutes
    without_latex = {**kept, "PATH": "", "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(python, env=without_latex, capture_output=True, text=True, check=True)
    said, used = done.stdout.rsplit("\n", 2)[:2]
    assert f"{cells:,} of {cells:,} cells done" in said
    assert int(used) < LARGEST
    page = (out / "details.html").read_text(encoding="utf-8")
    assert all(f"model-{place}" in page for place in range(networks))
