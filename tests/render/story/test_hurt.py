from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.results import Results
from bench.analysis.study import Study
from bench.render.story import hurt
from bench.render.story.hurt import lost_pictures

LABELS = np.repeat(np.arange(10), 6)
IMAGES = np.random.default_rng(0).integers(0, 256, (60, 3, 8, 8), dtype=np.uint8)
PRUNED, TUNED, MISSING = "magnitude:sparsity=0.9", "magnitude-finetune:sparsity=0.9", "nncf-int8-ptq"


@pytest.fixture
def losing(study_of, variants, monkeypatch: pytest.MonkeyPatch) -> Study:
    """Pruning answers 1 for the first 12 images, fine-tuned pruning for the first 3; a third method has no answers."""
    labels = ("original", "finetune", PRUNED, TUNED, MISSING)
    study = study_of(variants=tuple(variants[label] for label in labels))

    def logits(self, model, variant):
        answers = np.where(np.arange(60) < {PRUNED: 12, TUNED: 3}.get(variant, 0), 9, LABELS)
        return {} if variant == MISSING else {seed: (np.eye(10)[answers], LABELS) for seed in self.plan.seeds}

    monkeypatch.setattr(Results, "logits", logits)
    monkeypatch.setitem(vars(study.results), "test_images", IMAGES)
    return Study(study.results)


def sides(study):
    return {side.variant: side for side in lost_pictures(study).sides["resnet8"]}


def test_every_image_stands_once_however_many_networks_lose_it(losing: Study):
    lost = lost_pictures(losing)
    assert len(lost.photographs.boxes) == 8  # pruning shows eight of its twelve, and the other three are among them
    shown = sides(losing)
    few, many = ({picture.box for picture in shown[label].pictures} for label in (TUNED, PRUNED))
    assert len(few) == 3 and len(many) == 8 and few < many
    assert len({picture.label for picture in shown[PRUNED].pictures}) == len({*LABELS[:12].tolist()})
    assert shown[PRUNED].sentence == "It loses 12 of 360 test images; 8 of the clearest follow."
    assert shown[TUNED].sentence == "It loses 3 of 360 test images."


def test_pictures_say_class_answer_and_votes(losing: Study):
    picture = sides(losing)[PRUNED].pictures[0]
    assert (picture.label, picture.answer, picture.votes) == ("0", "9", "6 of 6")
    assert picture.spoken == "Image of 0: 6 of 6 seeds answer 9; the original is right in 6"


def test_those_without_pictures_say_why(losing: Study):
    shown = sides(losing)
    assert shown["original"].sentence == "The original is what the others are compared with."
    assert shown["finetune"].sentence == "It loses no image that most seeds of the original get right."
    assert shown[MISSING].sentence == "Nothing is known of its answers."
    assert not any(shown[label].pictures for label in ("original", "finetune", MISSING))


def test_images_that_are_gone_are_still_said(losing: Study, monkeypatch):
    monkeypatch.setitem(vars(losing.results), "test_images", None)
    shown = sides(losing)[TUNED]
    assert shown.sentence.endswith("The images are no longer beside the runs.")
    assert [picture.box for picture in shown.pictures] == [""] * 3
    assert lost_pictures(losing).photographs.uri == ""


def test_large_images_are_reduced_and_many_of_them_more(losing: Study, monkeypatch):
    large = np.random.default_rng(0).integers(0, 256, (60, 3, 224, 224), dtype=np.uint8)
    monkeypatch.setitem(vars(losing.results), "test_images", large)
    *_, width, height = lost_pictures(losing).photographs.boxes[0].split()
    assert int(width) == int(height) == 56
    monkeypatch.setattr(hurt, "ROOM", 8 * 40**2)
    *_, width, _ = lost_pictures(losing).photographs.boxes[0].split()
    assert int(width) <= 40


def test_grey_images_are_shown_too(losing: Study, monkeypatch):
    monkeypatch.setitem(vars(losing.results), "test_images", IMAGES[:, :1])
    assert lost_pictures(losing).photographs.uri.startswith("data:image/png;base64,")


def test_another_seed_is_not_said_to_lose_nothing(losing: Study, study_of, variants):
    study = study_of(variants=tuple(variants[label] for label in ("original", "other-seed", PRUNED)))
    assert (study.models[0], "other-seed") not in hurt.lost(study)
    side = sides(study)["other-seed"]
    assert side.sentence == "These are the originals in another order of seeds, which lose nothing on average."
    assert not side.pictures
