"""What holds for every table and figure of a profile, and is said once: n, intervals, margins, tests, version."""

from __future__ import annotations

from bench.analysis import wording
from bench.analysis.preset import changes
from bench.analysis.results import HOLES
from bench.analysis.study import Study
from bench.render.kit.prose import counted
from bench.render.text import captions


def reading(study: Study) -> list[str]:
    """How to read the numbers: a sentence or two for each of n, intervals, margins, tests and version."""
    return [
        sentence
        for sentence in (
            _seeds(study),
            _intervals(study),
            _margins(study),
            captions.family(study),
            captions.stars(study),
            captions.version(study),
        )
        if sentence
    ]


def _seeds(study: Study) -> str:
    holes = ", or fewer where cells are missing" if study.results.count(*HOLES) else ""
    return f"A mean is over n = {counted(study.seeds, 'seed')}{holes}; a seed is one training from new random weights."


def _intervals(study: Study) -> str:
    noun = study.primary.noun
    recalls = " and of recalls" if study.plan.task.classifies else ""
    if study.crossed:
        return (
            f"Intervals are 95%. Those of {noun}{recalls} cover new trainings and new test images, those of distances "
            "new trainings and new probe images. Others cover new trainings."
        )
    return "Intervals are 95% and cover new trainings, since nothing is known of single images."


def _margins(study: Study) -> str:
    since = " They have changed since the first cell." if changes(study) else ""
    return f"Margins of the profile: {wording.margins(study)}. A smaller difference does not matter.{since}"
