from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.analysis.answers import hurt
from bench.analysis.results import Results
from bench.analysis.study import Study

LABELS = np.repeat(np.arange(10), 6)


@pytest.fixture
def answering(study: Study, monkeypatch: pytest.MonkeyPatch) -> Study:
    """All networks are right but those of magnitude:sparsity=0.9, which answer 0 for the images of class 7."""

    def logits(self, model, variant):
        answers = np.where((LABELS == 7) & (variant == "magnitude:sparsity=0.9"), 0, LABELS)
        return {seed: (np.eye(10)[answers], LABELS) for seed in self.plan.seeds}

    monkeypatch.setattr(Results, "logits", logits)
    return Study(study.results)


def test_the_class_that_loses_is_found(answering: Study):
    found = {(each.model, each.variant): each for each in hurt(answering)}
    assert len(found) == len(answering.models) * len(answering.plan.methods)
    worst = found["resnet8", "magnitude:sparsity=0.9"]
    assert worst.worst == (7,)
    assert worst.classes.estimates[7].value == pytest.approx(-1)
    assert worst.images.indices.tolist() == np.flatnonzero(LABELS == 7).tolist()
    assert worst.images.control.p == pytest.approx(2**-6)
    assert found["resnet8", "float16"].changed == 0
    assert found["resnet8", "float16"].images.count == 0


def test_seeds_that_lack_a_network_are_left_out(study: Study, monkeypatch: pytest.MonkeyPatch):
    def logits(self, model, variant):
        seeds = (1, 2, 3) if variant == "float16" else (0, 1, 2) if variant == "finetune" else self.plan.seeds
        return {seed: (np.eye(10)[LABELS], LABELS) for seed in seeds}

    monkeypatch.setattr(Results, "logits", logits)
    seeds = {losses.variant: losses.seeds for losses in hurt(Study(study.results))}
    assert seeds["float16"] == 2
    assert seeds["nncf-int8-ptq"] == 3


def test_at_few_seeds_no_class_is_said_to_have_changed(answering: Study):
    found = next(each for each in hurt(answering) if each.variant == "magnitude:sparsity=0.9")
    assert found.tested
    assert not replace(found, seeds=5).tested


def test_stored_logits_come_back_by_seed(study: Study):
    found = study.results.logits("resnet8", "original")
    assert list(found) == list(study.plan.seeds)
    assert all(logits.shape == (360, 10) and labels.shape == (360,) for logits, labels in found.values())
