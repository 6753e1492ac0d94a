"""Every compression-identified exemplar, for the data files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.analysis.answers import Hurt, hurt
from bench.analysis.study import Study
from bench.render.kit.dataset import Dataset, Field, dataset, number
from bench.render.text import captions

MOST = 50  # of a method

FIELDS = {
    "model": Field("Name of the network.", identifies=True),
    "variant": Field("The variant's label.", identifies=True),
    "image": Field("Index into the test images.", "number", identifies=True),
    "class": Field("What it is."),
    "answer": Field("Most frequent wrong class among the compressed network's seeds."),
    "votes": Field("Seeds that give it.", "number"),
    "original": Field("Share of its seeds that are right.", "number", unit="%"),
    "compressed": Field("Share of its seeds that are right.", "number", unit="%"),
    "control": Field("Share of the fine-tuned control's seeds that are right.", "number", unit="%"),
    "q": Field("One-sided sign-flip over seeds, Benjamini-Hochberg over all test images.", "p", "q"),
    "seeds": Field("Seeds that have all three networks.", "number", "n"),
    "shape": Field("Of the image: colours, rows, columns; empty where it is not kept."),
    "pixels": Field("A byte each as two hexadecimal digits, colour by colour and row by row."),
}


def build(study: Study) -> Dataset | None:
    """One row per exemplar of a method, those on which most seeds agree first; None without any."""
    return dataset(
        "exemplars",
        "Exemplars",
        captions.joined(
            "Test images that most seeds of the original get right and most seeds of the compressed network get wrong; "
            f"of a method at most {MOST}, those on which most seeds agree.",
            captions.seeds(study),
        ),
        (row for answers in hurt(study) for row in _rows(study, answers)),
        FIELDS,
    )


def _rows(study: Study, answers: Hurt) -> Iterator[dict[str, Any]]:
    exemplars, pictures, named = answers.images, study.results.test_images, study.plan.data.named
    chosen = zip(
        exemplars.indices[:MOST].tolist(), answers.labels.tolist(), answers.wrong.tolist(), answers.votes.tolist()
    )
    for image, label, answer, votes in chosen:
        yield {
            "model": answers.model,
            "variant": answers.variant,
            "image": image,
            "class": named(label),
            "answer": named(answer),
            "votes": votes,
            "original": 100 * float(exemplars.original_rate[image]),
            "compressed": 100 * float(exemplars.compressed_rate[image]),
            **number("control", None if exemplars.control_rate is None else 100 * float(exemplars.control_rate[image])),
            **number("q", float(exemplars.images.p[image])),
            "seeds": answers.seeds,
            "shape": None if pictures is None else "×".join(map(str, pictures[image].shape)),
            "pixels": None if pictures is None else pictures[image].tobytes().hex(),
        }
