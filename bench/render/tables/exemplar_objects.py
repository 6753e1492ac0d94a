"""Every object that a compressed network loses, for the data files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.analysis.lost_objects import LostObjects, lost_objects, seen
from bench.analysis.study import Study
from bench.render.kit.dataset import Dataset, Field, dataset, number
from bench.render.text import captions
from bench.roles import ORIGINAL

FIELDS = {
    "model": Field("Name of the network.", identifies=True),
    "variant": Field("The variant's label.", identifies=True),
    "image": Field("Index into the test images.", "number", identifies=True),
    "object": Field("Number among the image's annotated objects.", "number", identifies=True),
    "image_id": Field("Of the file of annotations.", "number"),
    "class": Field("What it is."),
    "x": Field("Of the left edge of its box.", "number", unit="px"),
    "y": Field("Of the top edge.", "number", unit="px"),
    "width": Field("Of its box.", "number", unit="px"),
    "height": Field("Of its box.", "number", unit="px"),
    "original": Field("Share of its seeds that find it.", "number", unit="%"),
    "compressed": Field("Share of its seeds that find it.", "number", unit="%"),
    "control": Field("Share of the fine-tuned control's seeds that find it.", "number", unit="%"),
    "q": Field("One-sided sign-flip over seeds, Benjamini-Hochberg over all objects.", "p", "q"),
    "seeds": Field("Seeds that have all three networks.", "number", "n"),
}


def build(study: Study) -> Dataset | None:
    """One row per lost object of a method, those on which most seeds agree first; None without any."""
    return dataset(
        "exemplar_objects",
        "Objects lost, each",
        captions.joined(
            "Objects of the test images that most seeds of the original find and most seeds of the compressed network "
            "do not.",
            captions.seeds(study),
        ),
        (row for losses in lost_objects(study) for row in _rows(study, losses)),
        FIELDS,
    )


def _rows(study: Study, losses: LostObjects) -> Iterator[dict[str, Any]]:
    images = seen(study, losses.model, ORIGINAL, losses.seeds[0]) or []
    exemplars = losses.exemplars
    for index in exemplars.indices.tolist():
        image, place = losses.objects[index].tolist()
        truth = images[image][0]
        x, y, width, height = truth.boxes[place].tolist()
        control = None if exemplars.control_rate is None else 100 * float(exemplars.control_rate[index])
        yield {
            "model": losses.model,
            "variant": losses.variant,
            "image": image,
            "object": place,
            "image_id": truth.image_id,
            "class": study.plan.data.named(int(truth.labels[place])),
            **{"x": x, "y": y, "width": width, "height": height},
            "original": 100 * float(exemplars.original_rate[index]),
            "compressed": 100 * float(exemplars.compressed_rate[index]),
            **number("control", control),
            "q": float(exemplars.images.p[index]),
            "seeds": len(losses.seeds),
        }
