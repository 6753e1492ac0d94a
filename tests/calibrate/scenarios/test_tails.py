"""The promises that hold by their equations hold here, and the scenarios see a promise broken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.calibrate import many_tables
from bench.calibrate.scenarios import tails
from bench.calibrate.scenarios.tails import Blocks, Chosen, ManyDifferences, Tails


@pytest.mark.parametrize("scenario", [Tails(6), ManyDifferences(3), Blocks(3, 0.9), Chosen(6)])
def test_promises_are_kept(scenario, by_what):
    rows = by_what(scenario, 4)
    assert {row.status for row in rows.values()} == {"kept"}, rows


def uncapped(found):
    return replace(found, df=np.full_like(found.df, 1e6))


def test_degrees_of_freedom_without_a_cap_are_seen(by_what, monkeypatch):
    monkeypatch.setattr(tails, "seeds_and_images", lambda *parts: uncapped(many_tables.seeds_and_images(*parts)))
    (row,) = by_what(Blocks(3, 0.3), 6).values()
    assert row.status == "missed"


def test_choosing_on_the_test_images_is_seen(by_what, monkeypatch):
    def same_images(self, accuracies, seeds, images, rng, draws):
        (margins,) = original(self, accuracies, seeds, images[1:], rng, draws)
        return margins, margins

    original = tails.Answers.margins
    monkeypatch.setattr(tails.Answers, "margins", same_images)
    rows = by_what(Chosen(6), 6)
    assert rows["most accurate by validation: bias of its test mean"].measured > 0.1
    assert rows["most accurate by validation: bias of its test mean"].status == "missed"
