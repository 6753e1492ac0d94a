"""Every compression-identified exemplar, for the data files."""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.answers import Hurt, hurt
from bench.analysis.study import Study
from bench.render.kit.table import Column, Datum, Group, Row, Table, number
from bench.render.text import captions

MOST = 50  # of a method

COLUMNS = (
    Column("model", "Model", "text", "Name of the network."),
    Column("variant", "Variant", "text", "The variant's label."),
    Column("image", "Image", "number", "Index into the test images."),
    Column("class", "Class", "text", "What it is."),
    Column("answer", "Answer", "text", "Most frequent wrong class among the compressed network's seeds."),
    Column("votes", "Votes", "number", "Seeds that give it."),
    Column("original", "Original", "number", "Share of its seeds that are right.", digits=3),
    Column("compressed", "Compressed", "number", "Share of its seeds that are right.", digits=3),
    Column("control", "Control", "number", "Share of the fine-tuned control's seeds that are right.", digits=3),
    Column("q", "q", "p", "One-sided sign-flip over seeds, Benjamini-Hochberg over all test images."),
    Column("seeds", "n", "number", "Seeds that have all three networks."),
    Column("shape", "Shape", "text", "Of the image: colours, rows, columns; empty where it is not kept."),
    Column("pixels", "Pixels", "text", "A byte each as two hexadecimal digits, colour by colour and row by row."),
)


def build(study: Study) -> Table | None:
    """One row an exemplar of a method, those on which most seeds agree first; None where there is none."""
    rows = tuple(row for found in hurt(study) for row in _rows(study, found))
    if not rows:
        return None
    return Table(
        "exemplars",
        "Exemplars",
        captions.joined(
            "Test images that most seeds of the original get right and most seeds of the compressed network get wrong; "
            f"of a method at most {MOST}, those on which most seeds agree.",
            captions.seeds(study),
            captions.version(study),
        ),
        COLUMNS,
        (Group("", rows),),
        raw=True,
    )


def _rows(study: Study, found: Hurt) -> Iterator[Row]:
    images = found.images
    answers = zip(images.indices[:MOST].tolist(), found.labels.tolist(), found.given.tolist(), found.votes.tolist())
    for image, label, given, votes in answers:
        control = None if images.control_rate is None else float(images.control_rate[image])
        yield Row(
            (
                Datum(found.model),
                Datum(found.variant),
                Datum(image),
                Datum(study.plan.data.named(label)),
                Datum(study.plan.data.named(given)),
                Datum(votes),
                number(float(images.original_rate[image]), hole="–"),
                number(float(images.compressed_rate[image]), hole="–"),
                number(control, hole="–"),
                number(float(images.images.p[image]), hole="–"),
                Datum(found.seeds),
                *_pixels(study, image),
            )
        )


def _pixels(study: Study, image: int) -> Iterator[Datum]:
    kept = study.results.test_images
    if kept is None:
        yield from (Datum(), Datum())
        return
    yield Datum("×".join(map(str, kept[image].shape)))
    yield Datum(kept[image].tobytes().hex())
