"""`python -m bench.example`: render the example study into `docs/example/`, both pages and the PDF."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

from bench.errors import InputError
from bench.example.study import published
from bench.render.reporting import render

PROFILE = "cifar10-cpu-study"
HEAVY = (".json", ".parquet")  # which hold what the CSV files hold


def main(arguments: list[str] | None = None) -> int:
    """Render, and print the finding and the cost, for the README.

    Returns:
        0; 2 if there is no study to render.
    """
    options = _options(arguments)
    try:
        study = published(options.runs / options.profile, options.runs / f"{options.profile}-twice")
        summary = render([study], options.out)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    slim(options.out)
    print(summary.text)
    print(f"{len(study.plan.seeds)} seeds. {study.plan.report.abstract}")
    return 0


def slim(out: Path) -> None:
    """Keep one file per table, and no link to the others."""
    data = out / "data"
    for file in data.glob("*"):
        if file.suffix in HEAVY and file.name != "datapackage.json":
            file.unlink()
    dictionary = json.loads((data / "datapackage.json").read_text(encoding="utf-8"))
    for resource in dictionary["resources"]:
        resource.pop("alternatives", None)
    text = json.dumps(dictionary, indent=1, ensure_ascii=False) + "\n"
    (data / "datapackage.json").write_text(text, encoding="utf-8")
    for page in out.glob("*.html"):
        links = re.compile(r' ?<a href="data/(?!datapackage)[^"]*\.(?:json|parquet)"[^>]*>[^<]*</a>')
        page.write_text(links.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")
    for log in out.glob("*.log"):
        log.unlink()


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.example", description=__doc__, allow_abbrev=False)
    parser.add_argument("--profile", default=PROFILE, help=f"whose runs to render (default: {PROFILE})")
    parser.add_argument("--runs", type=Path, default=Path("runs"), metavar="DIR", help="(default: runs)")
    parser.add_argument("--out", type=Path, default=Path("docs/example"), metavar="DIR", help="(default: docs/example)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
